"""A RedisInbox on a server, open for the length of a block."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from relay.bus.lease import LEASE
from relay.inbox.redis import RedisInbox
from relay.inbox.retry import with_retries
from tests.doubles.redis_server import RedisServer, connection_to
from tests.support import PATIENCE


@asynccontextmanager
async def opened(
    server: RedisServer, namespace: str, *, timeout: float = 2 * PATIENCE, lease: float = LEASE
) -> AsyncIterator[RedisInbox]:
    inbox = RedisInbox(connection_to(server.url, timeout), namespace=namespace, max_count=1_000_000, lease=lease)
    await with_retries(inbox.open)  # whose patience may be shorter than a busy machine needs
    try:
        yield inbox
    finally:
        await inbox.close()
