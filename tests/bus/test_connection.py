"""The way to Redis: for whom it is open, what a call without an answer costs, and which failures may pass."""

import asyncio
import ssl

import pytest
from redis.exceptions import AuthenticationError, NoPermissionError, ReadOnlyError, ResponseError
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError

from relay.bus.connection import is_transient
from relay.bus.script import Script
from relay.errors import InboxError
from tests.doubles.faults import FaultyProxy
from tests.doubles.redis_server import RedisServer, connection_to, redis_server
from tests.support import PATIENCE


async def test_who_closes_it_leaves_it_open_for_who_still_needs_it(redis_server: RedisServer) -> None:
    connection = connection_to(redis_server.url, PATIENCE)
    await connection.open()
    await connection.open()
    ours = await connection.ask(connection.client.client_id)

    await connection.close()

    assert await connection.ask(connection.client.client_id) == ours
    await connection.close()


async def test_a_call_without_an_answer_ends_idle_connections_and_none_in_use(
    redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    connection = connection_to(redis_server.url, PATIENCE)
    pool = connection.client.connection_pool
    in_use, idle = await pool.get_connection(), await pool.get_connection()
    await pool.release(idle)
    monkeypatch.setattr(connection, "_timeout", 0.01)

    with pytest.raises(InboxError, match="did not answer"):
        await connection.ask(asyncio.Event().wait)

    assert [in_use.is_connected, idle.is_connected] == [True, False]
    await pool.release(in_use)
    await connection.close()


async def test_a_server_that_is_the_master_no_more_is_left_for_the_one_that_is() -> None:
    write = Script("return redis.call('INCR', KEYS[1])")
    with redis_server(tcp=True) as before, redis_server(tcp=True) as now:
        async with FaultyProxy(before.port) as way:
            connection = connection_to(f"redis://127.0.0.1:{way.port}/0", PATIENCE)
            await connection.open()
            way.lead_to(now.port)
            with before.admin as admin:
                admin.replicaof("127.0.0.1", 1)

            with pytest.raises(InboxError, match="read only replica"):
                await connection.run(write, ("written",))

            assert await connection.run(write, ("written",)) == 1
            await connection.close()


@pytest.mark.parametrize(
    "told",
    [
        ReadOnlyError("You can't write against a read only replica."),
        ResponseError("Error running script (call to f_0): @user_script:1: -READONLY You can't write against it."),
    ],
    ids=["Redis 7", "a script in Redis 6.2"],
)
async def test_whichever_way_a_server_tells_of_that_its_idle_connections_end(
    redis_server: RedisServer, told: Exception
) -> None:
    connection = connection_to(redis_server.url, PATIENCE)
    await connection.open()
    [idle] = connection.client.connection_pool._available_connections

    async def write() -> None:
        raise told

    with pytest.raises(InboxError, match="You can't write"):
        await connection.ask(write)

    assert not idle.is_connected
    await connection.close()


class _Cluster:
    """A client of one that knows who has which slots until it is closed."""

    def __init__(self) -> None:
        self.asked = 0
        self._knows = False

    async def initialize(self) -> None:
        self.asked += not self._knows
        self._knows = True

    async def aclose(self) -> None:
        self._knows = False


async def test_after_a_call_without_an_answer_a_cluster_is_asked_anew_who_has_which_slots(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    connection = connection_to("redis+cluster://127.0.0.1:1", 1.0)
    connection.client = cluster = _Cluster()
    for _ in range(2):
        await connection.ask(asyncio.sleep, 0)
    assert cluster.asked == 1

    with monkeypatch.context() as hurried, pytest.raises(InboxError, match="did not answer"):
        hurried.setattr(connection, "_timeout", 0.01)
        await connection.ask(asyncio.Event().wait)
    await connection.ask(asyncio.sleep, 0)

    assert cluster.asked == 2


@pytest.mark.parametrize(
    ("error", "may_pass"),
    [
        (RedisConnectionError("reset"), True),
        (RedisTimeoutError("slow"), True),
        (OSError("no route"), True),
        (OSError("no CERTIFICATE at hand"), True),
        (ResponseError("WRONGTYPE"), False),
        (ValueError("a mistake"), False),
    ],
)
def test_a_connection_may_be_there_again_and_a_mistake_remains(error: Exception, may_pass: bool) -> None:
    assert is_transient(error) is may_pass


@pytest.mark.parametrize(
    "told",
    [
        AuthenticationError("wrong password"),
        NoPermissionError("no rights"),
        ssl.SSLError("CERTIFICATE_VERIFY_FAILED"),
    ],
)
def test_what_the_server_refuses_remains_refused_however_the_library_wraps_it(told: Exception) -> None:
    raised, caught = RedisConnectionError("while connecting"), RedisConnectionError("while connecting")
    raised.__cause__, caught.__context__ = told, told

    assert [is_transient(error) for error in (told, raised, caught)] == [False, False, False]
