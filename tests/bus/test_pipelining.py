"""What is asked at the same time goes to the server together."""

import asyncio

import pytest
from redis.exceptions import TimeoutError as RedisTimeoutError

from relay.bus.pipelining import Pipelining
from tests.support import PATIENCE


class _Frozen:
    """The library's client and its one connection, to a server that answers nothing, not even a goodbye."""

    def __init__(self) -> None:
        self.connection_pool = self
        self.response_callbacks: dict[str, object] = {}
        self.is_at_rest = True
        self._never = asyncio.Event()

    async def execute_command(self, *_: object) -> None: ...

    async def get_connection(self) -> "_Frozen":
        self.is_at_rest = False
        return self

    async def release(self, _: object) -> None:
        self.is_at_rest = True

    async def send_packed_command(self, _: bytes) -> None: ...

    async def read_response(self) -> None:
        await self._never.wait()

    async def disconnect(self, *, nowait: bool = False) -> None:
        if not nowait:
            await self._never.wait()


async def test_a_server_that_is_frozen_is_given_up_in_time_though_it_ends_no_connection() -> None:
    client = _Frozen()
    pipelining = Pipelining(client, 0.01)

    with pytest.raises(RedisTimeoutError):
        async with asyncio.timeout(PATIENCE):
            await pipelining.execute("TTL", "lease")

    assert client.is_at_rest
