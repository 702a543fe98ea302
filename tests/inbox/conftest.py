import uuid
from collections.abc import Iterator

import pytest

from tests.doubles.redis_server import RedisServer, redis_server


@pytest.fixture(scope="session")
def shared_server() -> Iterator[RedisServer]:
    """For tests that leave the server running."""
    with redis_server() as running:
        yield running


@pytest.fixture
def server() -> Iterator[RedisServer]:
    """For tests that stop it."""
    with redis_server() as running:
        yield running


@pytest.fixture
def namespace() -> str:
    return f"test:{uuid.uuid4().hex}"
