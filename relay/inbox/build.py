"""Chooses the engine of the inbox from its settings, and loads that one alone: either takes its time."""

from pathlib import Path
from typing import TYPE_CHECKING

from relay.config import InboxSection
from relay.inbox.base import Inbox

if TYPE_CHECKING:
    from relay.bus.connection import RedisConnection


def build(settings: InboxSection, name: str, path: Path, connection: "RedisConnection | None" = None) -> Inbox:
    """The inbox of the relay called `name`, not yet open.

    `path` is the file of the embedded engine, `connection` one to Redis that is shared with others of this process.
    """
    if settings.engine == "sqlite":
        from relay.inbox.sqlite import SqliteInbox

        return SqliteInbox(path, max_count=settings.max_count, timeout=settings.timeout)
    from relay.bus.connection import RedisConnection
    from relay.bus.namespace import namespace_of
    from relay.inbox.redis import RedisInbox

    return RedisInbox(
        connection or RedisConnection(settings),
        namespace=namespace_of(name),
        max_count=settings.max_count,
        lease=settings.lease,
    )
