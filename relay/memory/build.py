"""Builds the memory as the settings want it: on the engine of the inbox, which it lies beside."""

from collections.abc import Callable, Container, Mapping

from relay.config.loading import Config
from relay.inbox.base import Inbox
from relay.memory.base import MemoryStore
from relay.memory.context import ContextLink, PeopleContext
from relay.memory.memory import Memory
from relay.memory.notes import NoteFilter
from relay.memory.sqlite import SqliteMemory
from relay.memory.summaries import Summaries, Summarise
from relay.moderation.inbound import LiveSettings


def build_memory(
    config: Config,
    *,
    inbox: Inbox,
    session: ContextLink,
    live: Callable[[], LiveSettings],
    quiet: Container[str],
    labels: Mapping[str, str],
    summarise: Summarise | None,
) -> Memory:
    """The memory of a relay, not yet open. `live` is what moderators have set; `summarise` asks a model.

    `quiet` are viewers who asked to be left out, as `platform:id`.
    """
    store = build_store(config, beside=inbox)
    clean = NoteFilter(config.filters, live, quiet)
    return Memory(
        config.memory,
        store,
        inbox=inbox,
        context=PeopleContext(config.memory, store, session, clean=clean, labels=labels),
        clean=clean,
        summaries=Summaries(summarise, clean.allows) if summarise is not None else None,
    )


def build_store(config: Config, beside: Inbox | None = None) -> MemoryStore:
    """Where it is kept, not yet open; in Redis on the connection of the inbox it lies `beside`."""
    if config.inbox.engine == "sqlite":
        return SqliteMemory(config.memory_path, timeout=config.inbox.timeout)

    from relay.bus.connection import RedisConnection
    from relay.bus.namespace import namespace_of
    from relay.inbox.redis import RedisInbox
    from relay.memory.redis import RedisMemory

    connection = beside.connection if isinstance(beside, RedisInbox) else RedisConnection(config.inbox)
    return RedisMemory(connection, namespace=namespace_of(config.relay.name))
