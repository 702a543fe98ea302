import os
from collections.abc import Iterator

import pytest

from relay.bench.redis_server import RedisServer
from relay.bench.redis_server import redis_server as started


@pytest.fixture(scope="session")
def redis_server() -> Iterator[RedisServer]:
    """A real Redis server for the whole run; tests keep apart by namespace or relay name."""
    with started() as server:
        yield server


def pytest_xdist_auto_num_workers() -> int:
    """Workers for `-n auto`: one more than cores, as many tests wait for sound, which lasts as long as it lasts."""
    return (os.cpu_count() or 1) + 1
