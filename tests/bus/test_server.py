"""What a server tells of itself, in the words of people."""

from collections.abc import Mapping
from types import SimpleNamespace
from typing import cast

import pytest

from relay.bus.connection import RedisConnection
from relay.bus.server import troubles

MIB = 1 << 20


class _Server:
    """Tells of each section what it is given."""

    name = "redis://here"
    client = SimpleNamespace(info=None)

    def __init__(self, **sections: Mapping[str, object]) -> None:
        self._sections = sections

    async def ask(self, _: object, section: str) -> Mapping[str, object]:
        return self._sections.get(section, {})


@pytest.mark.parametrize(
    ("used", "most", "told"),
    [(790, 1_000, []), (800, 1_000, ["80% of maxmemory is used (800 of 1000 MiB)"]), (800, 0, [])],
)
async def test_memory_that_fills_up_is_told_of_in_mebibytes(used: int, most: int, told: list[str]) -> None:
    server = _Server(memory={"used_memory": used * MIB + 1, "maxmemory": most * MIB})

    found = await troubles(cast(RedisConnection, server))

    assert [line.partition(";")[0] for line in found] == [f"{server.name}: {line}" for line in told]
