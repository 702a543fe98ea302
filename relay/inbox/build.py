"""Chooses the engine of the inbox from its settings, and loads that one alone: either takes its time."""

from pathlib import Path

from relay.config import InboxSection
from relay.inbox.base import Inbox


def build(settings: InboxSection, name: str, path: Path) -> Inbox:
    """The inbox of the relay called `name`, not yet open. `path` is the file of the embedded engine."""
    if settings.engine == "sqlite":
        from relay.inbox.sqlite import SqliteInbox

        return SqliteInbox(path, max_count=settings.max_count, timeout=settings.timeout)
    from relay.inbox.redis import RedisInbox

    return RedisInbox(
        settings.url.get_secret_value(),
        namespace=f"relay:{name}",
        max_count=settings.max_count,
        timeout=settings.timeout,
        lease=settings.lease,
    )
