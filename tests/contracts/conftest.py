"""Both engines of the inbox, each with a store of its own for every test."""

import uuid
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from relay.inbox.base import Inbox
from tests.contracts.engines import Engine
from tests.doubles.redis_server import RedisServer, redis_server


@pytest.fixture(scope="session")
def server() -> Iterator[RedisServer]:
    with redis_server() as running:
        yield running


@pytest.fixture(params=["sqlite", "redis"])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Engine:
    if request.param == "sqlite":
        return Engine("sqlite", str(tmp_path / "inbox.db"))
    return Engine("redis", request.getfixturevalue("server").url, f"test:{uuid.uuid4().hex}")


@pytest.fixture
async def inbox(engine: Engine) -> AsyncIterator[Inbox]:
    async with engine.opened() as opened:
        yield opened
