"""What the login does in channels of its own choosing: in all it has, or for one companion in that one's alone."""

from collections.abc import Sequence

from relay.acts import Act
from relay.platforms.base import Acting, ChannelRewards, Redeeming, Stream, Streaming
from relay.platforms.sharing import IsOurs
from relay.platforms.twitch.acts import TwitchActs
from relay.platforms.twitch.connection import TwitchConnection
from relay.platforms.twitch.rewards import TwitchRewards
from relay.platforms.twitch.streams import stream_of


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
        return await stream_of(self._connection.first(self._is_ours).id, self._connection)


_acting: type[Acting] = TwitchReach
_streaming: type[Streaming] = TwitchReach
_redeeming: type[Redeeming] = TwitchReach
