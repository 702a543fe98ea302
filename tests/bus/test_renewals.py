"""The leases of one process are renewed together, and each is lost alone."""

import asyncio
from collections.abc import Callable, Sequence

import pytest
from redis.asyncio import Redis

from relay.bus.lease import Lease
from relay.bus.renewals import KeptLease, Renewals
from relay.bus.script import Script
from relay.errors import InboxTaken
from tests.bus.conftest import Process
from tests.doubles.redis_server import RedisServer
from tests.support import PATIENCE, eventually

SECONDS = 0.6
"""A lease whose renewals can be waited for."""


async def test_a_hundred_leases_are_renewed_with_few_scripts(
    processes: tuple[Process, Process], namespace: str, redis_server: RedisServer
) -> None:
    leases = [Lease(processes[0].connection, f"{namespace}:{number}", SECONDS) for number in range(100)]
    await asyncio.gather(*(lease.acquire() for lease in leases))
    async with Redis.from_url(redis_server.url) as admin:
        kept = leases[99]._kept
        assert kept is not None
        until, scripts = kept.until, (await admin.info("commandstats"))["cmdstat_evalsha"]["calls"]

        await eventually(lambda: kept.until > until + SECONDS)

        await eventually(lambda: all(lease.is_sure for lease in leases))
        assert (await admin.info("commandstats"))["cmdstat_evalsha"]["calls"] - scripts < len(leases)
    await asyncio.gather(*(lease.release() for lease in leases))


async def test_one_that_another_process_took_is_lost_alone(
    processes: tuple[Process, Process], namespace: str, redis_server: RedisServer
) -> None:
    lost, stays_lost = asyncio.Event(), asyncio.Event()
    gone = Lease(processes[0].connection, f"{namespace}:gone", SECONDS, on_loss=lost.set)
    stays = Lease(processes[0].connection, f"{namespace}:stays", SECONDS, on_loss=stays_lost.set)
    await gone.acquire()
    await stays.acquire()
    async with Redis.from_url(redis_server.url) as admin:
        await admin.set(f"{{{namespace}:gone}}:owner", "another")

    await asyncio.wait_for(lost.wait(), PATIENCE)

    await stays.make_sure()
    assert not stays_lost.is_set()
    await eventually(lambda: not gone.is_sure)
    with pytest.raises(InboxTaken, match="took over while this one slept"):
        await gone.make_sure()
    await gone.release()
    await stays.release()


async def test_one_that_is_released_is_not_renewed_again_while_others_are(
    processes: tuple[Process, Process], namespace: str, redis_server: RedisServer
) -> None:
    given_back = Lease(processes[0].connection, f"{namespace}:given back", SECONDS)
    stays = Lease(processes[0].connection, f"{namespace}:stays", SECONDS)
    await given_back.acquire()
    await stays.acquire()
    await given_back.release()
    kept = stays._kept
    assert kept is not None and not given_back.is_sure
    until = kept.until

    await eventually(lambda: kept.until > until)

    async with Redis.from_url(redis_server.url) as admin:
        assert not await admin.exists(f"{{{namespace}:given back}}:lease")
    await stays.release()


def _lease(name: str, seconds: float = SECONDS, on_loss: Callable[[], object] = lambda: None) -> KeptLease:
    return KeptLease((f"{name}:lease".encode(), f"{name}:owner".encode()), b"us", seconds, on_loss)


async def test_one_whose_server_hangs_keeps_neither_the_others_waiting_nor_who_gives_one_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("relay.bus.renewals.RENEWALS", 10 * PATIENCE)  # long leases, which are renewed soon
    renewed: list[bytes] = []
    given = set[int]()
    given_up = asyncio.Event()

    async def run(_: Script, keys: Sequence[bytes], milliseconds: int, *__: object) -> list[int]:
        given.add(milliseconds)
        if keys[0] == b"hangs:lease":
            try:
                await asyncio.Event().wait()
            finally:
                given_up.set()
        renewed.append(keys[0])
        return [1]

    renewals = Renewals(run, "a cluster", together=False)
    hangs, lives = _lease("hangs", PATIENCE), _lease("lives", PATIENCE)
    for each in (hangs, lives):
        renewals.keep(each)

    await eventually(lambda: len(renewed) >= 2)
    assert given == {PATIENCE * 1000}
    await renewals.drop(lives)

    assert not given_up.is_set()
    await renewals.drop(hangs)
    assert given_up.is_set()


async def test_a_mistake_in_one_renewal_or_in_what_hears_of_a_loss_ends_neither_the_others_nor_the_next(
    caplog: pytest.LogCaptureFixture,
) -> None:
    heard: list[str] = []
    renewed: list[bytes] = []

    async def run(_: Script, keys: Sequence[bytes], *__: object) -> list[int]:
        renewed.extend(keys[::2])
        if len(renewed) == 1:
            raise ValueError("an answer that nobody expects")
        return [int(key == b"stays:lease") for key in keys[::2]]

    def hear() -> None:
        heard.append("a loss")
        raise ValueError("a mistake in what hears it")

    renewals = Renewals(run, "Redis", together=True)
    stays, *gone = (
        _lease(name, SECONDS / 4, how) for name, how in (("stays", print), ("gone", hear), ("gone, too", hear))
    )
    renewals.keep(stays)
    await eventually(lambda: "an answer that nobody expects" in caplog.text)
    for each in gone:
        renewals.keep(each)

    await eventually(lambda: len(heard) == len(gone) and renewed.count(b"stays:lease") > 2)

    assert "a mistake in what hears it" in caplog.text
    await renewals.drop(stays)


async def test_one_is_renewed_although_the_renewing_of_those_before_was_ended() -> None:
    async def run(_: Script, keys: Sequence[bytes], *__: object) -> list[int]:
        return [1]

    renewals = Renewals(run, "Redis", together=False)
    before, after = _lease("before", SECONDS / 4), _lease("after", SECONDS / 4)
    renewals.keep(before)
    renewals._tasks[before.seconds].cancel()
    await asyncio.wait({renewals._tasks[before.seconds]})
    renewals.keep(after)

    await eventually(lambda: before.until > 0 and after.until > 0)

    await renewals.drop(before)
    await renewals.drop(after)
