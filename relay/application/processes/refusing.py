"""Which stores no process of this version may touch."""

from collections.abc import Iterable

from relay.bus.connection import RedisConnection
from relay.bus.namespace import namespace_of
from relay.config import InboxSection
from relay.inbox.pages import look_at_layout


async def refuse_newer(settings: InboxSection, companions: Iterable[str]) -> None:
    """Raises ConfigError when a newer relay has written what is kept of one of them, and InboxError.

    Asked before a process tells the others of itself, so that it leaves nothing there.
    """
    connection = RedisConnection(settings)
    try:
        await connection.open()
        for companion in companions:
            await look_at_layout(connection, namespace_of(companion))
    finally:
        await connection.close()
