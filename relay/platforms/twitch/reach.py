"""What the login does in channels of its own choosing: in all it has, or for one companion in that one's alone."""

from collections.abc import Sequence
from typing import Any

from relay.acts import Act
from relay.platforms.base import Acting, ChannelRewards, Redeeming, Stream, Streaming
from relay.platforms.sharing import IsOurs
from relay.platforms.twitch.acts import TwitchActs
from relay.platforms.twitch.connection import TwitchConnection
from relay.platforms.twitch.rewards import TwitchRewards


class TwitchReach:
    """Over a logged-in connection, in the channels that are ours."""

    def __init__(self, connection: TwitchConnection, is_ours: IsOurs) -> None:
        self._connection = connection
        self._is_ours = is_ours
        self.rewards: ChannelRewards = TwitchRewards(connection, is_ours)

    def acts(self) -> Sequence[Act]:
        """See Acting."""
        return TwitchActs(self._connection, self._is_ours).all()

    async def stream(self) -> Stream:
        """See Streaming: of the first channel."""
        connection = self._connection
        channel = connection.first(self._is_ours).id
        client, account = connection.client, connection.account.id

        async def live() -> list[Any]:
            return [stream async for stream in client.fetch_streams(user_ids=[channel], token_for=account)]

        streams = await connection.call(live, "looking up the stream")
        info = await connection.call(
            lambda: client.create_partialuser(channel).fetch_channel_info(token_for=account), "looking up the channel"
        )
        viewers = streams[0].viewer_count if streams else 0
        return Stream(bool(streams), info.title or "", info.game_name or "", viewers)


_acting: type[Acting] = TwitchReach
_streaming: type[Streaming] = TwitchReach
_redeeming: type[Redeeming] = TwitchReach
