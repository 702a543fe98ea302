"""What is asked of Redis in the same moment shares one way there, whatever it is."""

import asyncio

import pytest
from redis.exceptions import ResponseError

from relay.bus.script import Script
from tests.doubles.faults import FaultyProxy
from tests.doubles.redis_server import connection_to, redis_server

COUNT = Script("return redis.call('INCR', KEYS[1])")


async def test_many_questions_of_one_moment_take_one_connection_and_each_has_its_own_answer() -> None:
    with redis_server(tcp=True) as server:
        async with FaultyProxy(server.port) as way:
            connection = connection_to(f"redis://127.0.0.1:{way.port}", 30.0)
            await connection.open()
            client, ask = connection.client, connection.ask

            answers = await asyncio.gather(
                ask(client.set, "name", "Ann"),
                ask(client.get, "name"),
                ask(client.hset, "people", mapping={"a": "1", "b": "2"}),
                ask(client.hgetall, "people"),
                ask(client.hmget, "people", ["b", "c"]),
                ask(client.lpush, "name", "Bee"),
                connection.run(COUNT, ("count",)),
                return_exceptions=True,
            )

            refused = answers.pop(5)
            assert isinstance(refused, Exception) and isinstance(refused.__cause__, ResponseError)
            assert answers == [True, b"Ann", 2, {b"a": b"1", b"b": b"2"}, [b"2", None], 1]
            assert way.connections == 1
            await connection.close()


async def test_a_connection_that_fell_silent_is_given_up_for_another_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    with redis_server(tcp=True) as server:
        async with FaultyProxy(server.port) as way:
            connection = connection_to(f"redis://127.0.0.1:{way.port}", 30.0)
            await connection.open()
            assert await connection.ask(connection.client.ping)

            way.desert()
            monkeypatch.setattr(connection.client.pipelining, "_within", 1.0)
            assert await connection.ask(connection.client.ping)

            await connection.close()
