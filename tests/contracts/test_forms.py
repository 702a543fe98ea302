"""A part of both contracts on Redis as people run it: with Sentinels, as a cluster, and as Valkey."""

import uuid
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from relay.inbox.base import Inbox
from relay.memory.base import MemoryStore
from tests.contracts.engines import Engine
from tests.contracts.remembering import MemoryEngine
from tests.contracts.test_inbox import (
    TestForgettingAnAuthor,
    TestForwards,
    TestTrimming,
)
from tests.contracts.test_memory import (
    test_a_change_sees_what_is_known_and_leaves_the_rest_alone,
    test_everyone_is_told_once_those_seen_longest_ago_first,
)
from tests.doubles.redis_forms import cluster_servers, sentinel_group
from tests.doubles.redis_server import redis_server, valkey_binary

__all__ = [
    "TestForgettingAnAuthor",
    "TestForwards",
    "TestTrimming",
    "test_a_change_sees_what_is_known_and_leaves_the_rest_alone",
    "test_everyone_is_told_once_those_seen_longest_ago_first",
]


@pytest.fixture(scope="module")
def valkey() -> Iterator[tuple[str, dict[str, Any]]]:
    with redis_server(binary=valkey_binary()) as server:
        yield server.url, {}


@pytest.fixture(scope="module")
def sentinel() -> Iterator[tuple[str, dict[str, Any]]]:
    with sentinel_group() as group:
        yield group.url, {}


@pytest.fixture(scope="module")
def cluster() -> Iterator[tuple[str, dict[str, Any]]]:
    with cluster_servers() as servers:
        yield servers.url, {}


FORMS = ["valkey", "sentinel", "cluster"]
Form = tuple[str, tuple[tuple[str, Any], ...]]


@pytest.fixture(params=FORMS)
def form(request: pytest.FixtureRequest) -> Form:
    url, settings = request.getfixturevalue(request.param)
    return url, tuple(settings.items())


@pytest.fixture
def engine(form: Form) -> Engine:
    return Engine("redis", form[0], f"relay:{uuid.uuid4().hex}", form[1])


@pytest.fixture
def memory_engine(form: Form, tmp_path: Path) -> MemoryEngine:
    return MemoryEngine("redis", form[0], str(tmp_path), f"relay:{uuid.uuid4().hex}", form[1])


@pytest.fixture
async def store(memory_engine: MemoryEngine) -> AsyncIterator[MemoryStore]:
    async with memory_engine.opened() as opened:
        yield opened


@pytest.fixture
async def inbox(engine: Engine) -> AsyncIterator[Inbox]:
    async with engine.opened() as opened:
        yield opened
