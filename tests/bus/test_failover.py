"""What a fail-over costs: of what was stored for sure nothing, and nothing comes twice."""

import asyncio
import os
import signal
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial

import pytest
from redis.crc import key_slot

from relay.bus.connection import RedisConnection
from relay.inbox.redis import RedisInbox
from relay.inbox.retry import with_retries
from tests.contracts.samples import message, messages, settlements
from tests.doubles.redis_forms import SLOTS, ClusterServers, cluster_servers, sentinel_group
from tests.doubles.redis_server import RedisServer, connection_to
from tests.support import PATIENCE

TIMEOUT = 2.0
CROWD = 400


@asynccontextmanager
async def opened(connection: RedisConnection, namespace: str) -> AsyncIterator[RedisInbox]:
    inbox = RedisInbox(connection, namespace=namespace, max_count=10_000)
    await with_retries(inbox.open)
    try:
        yield inbox
    finally:
        await inbox.close()


async def told_over(inbox: RedisInbox, happening: Callable[[], object]) -> list[str]:
    """What is told while messages keep arriving, and the happening comes in the middle of them."""
    told: list[str] = []
    halfway = asyncio.Event()

    async def arrive() -> None:
        for start in range(0, CROWD, 4):
            await with_retries(inbox.append, messages(*range(start, start + 4)))
            if start == CROWD // 2:
                halfway.set()

    async def tell() -> None:
        while len(told) < CROWD:
            found = await with_retries(inbox.claim, 50, wait=0.2)
            told.extend(each.key for each in found)
            await with_retries(inbox.settle, settlements(found))

    try:
        async with asyncio.timeout(PATIENCE), asyncio.TaskGroup() as tasks:
            tasks.create_task(arrive())
            tasks.create_task(tell())
            await halfway.wait()
            await asyncio.to_thread(happening)
    except TimeoutError as error:
        error.add_note(f"{len(told)} of {CROWD} were told")
        raise
    return told


EVERYTHING = [message(n).key for n in range(CROWD)]


def taken_from_us(master: RedisServer, replica: RedisServer, how: signal.Signals, watch: Callable[[], None]) -> None:
    """At a moment at which its replica has all that it has: what it has not is lost, as Redis promises no more.

    It is watched from then on: one that is only slow before that is replaced at a moment that nobody has chosen.
    """
    with master.admin as admin, replica.admin as other:
        admin.client_pause(600_000, all=False)
        written = admin.info("replication")["master_repl_offset"]
        while other.info("replication")["slave_repl_offset"] < written:
            pass
    os.kill(master.pid, how)
    watch()


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGSTOP], ids=["killed", "paused"])
async def test_sentinels_promote_a_replica_of_a_master_that_is(how: signal.Signals) -> None:
    with sentinel_group() as group:
        async with opened(connection_to(group.url, TIMEOUT), "relay:anna") as inbox:
            try:
                told = await told_over(inbox, partial(taken_from_us, group.master, group.replica, how, group.watch))
            finally:
                group.master.kill()
            assert sorted(told) == sorted(EVERYTHING) and await with_retries(inbox.waiting) == 0


def in_the_first(servers: ClusterServers) -> str:
    """A namespace whose keys the first master has, which has a replica."""
    while key_slot((namespace := f"relay:{uuid.uuid4().hex}").encode()) >= SLOTS // 3:
        pass
    return namespace


async def test_a_cluster_moves_a_slot_in_use_and_then_promotes_a_replica() -> None:
    with cluster_servers() as servers:
        moving, staying = in_the_first(servers), in_the_first(servers)
        connection = connection_to(servers.url, TIMEOUT)
        async with opened(connection, moving) as one, opened(connection, staying) as other:
            told = await told_over(one, lambda: servers.move(key_slot(moving.encode())))
            assert sorted(told) == sorted(EVERYTHING) and await with_retries(one.waiting) == 0

            happening = partial(taken_from_us, servers.masters[0], servers.replica, signal.SIGKILL, servers.watch)
            told = await told_over(other, happening)
            assert sorted(told) == sorted(EVERYTHING) and await with_retries(other.waiting) == 0
            assert servers.promoted()
