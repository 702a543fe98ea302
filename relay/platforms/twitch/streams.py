"""How the stream of a channel is doing."""

from typing import Any

from relay.platforms.base import Stream
from relay.platforms.twitch.connection import TwitchConnection


async def stream_of(channel: str, connection: TwitchConnection) -> Stream:
    """That of the channel with this id. Raises PlatformError."""
    client, account = connection.client, connection.account.id

    async def live() -> list[Any]:
        return [stream async for stream in client.fetch_streams(user_ids=[channel], token_for=account)]

    streams = await connection.call(live, "looking up the stream")
    info = await connection.call(
        lambda: client.create_partialuser(channel).fetch_channel_info(token_for=account), "looking up the channel"
    )
    viewers, began = (streams[0].viewer_count, streams[0].started_at.timestamp()) if streams else (0, 0.0)
    return Stream(bool(streams), info.title or "", info.game_name or "", viewers, channel, began)
