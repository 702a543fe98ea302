import asyncio

import pytest

from tests.bus.conftest import Process
from tests.doubles.redis_server import RedisServer

Two = tuple[Process, Process]


async def until_living(process: Process, *ids: str) -> None:
    async with process.presence.changed:
        await process.presence.changed.wait_for(lambda: set(process.presence.living) == set(ids))


async def test_a_process_is_seen_with_what_it_tells(processes: Two) -> None:
    here, there = processes
    there.presence.offer("twitch", {"channels": ["1"]})
    sign = await here.presence.find("twitch")
    assert (sign.id, sign.services) == (there.presence.id, {"twitch": {"channels": ["1"]}})


async def test_what_it_tells_anew_is_seen(processes: Two) -> None:
    here, there = processes
    there.presence.offer("twitch", 1)
    await here.presence.find("twitch")
    there.presence.offer("twitch", 2)
    async with here.presence.changed:
        await here.presence.changed.wait_for(
            lambda: [sign.services for sign in here.presence.of("twitch")] == [{"twitch": 2}]
        )


async def test_who_follows_a_service_hears_of_that_alone(processes: Two) -> None:
    here, there = processes
    there.presence.offer("twitch", 1)
    await here.presence.find("twitch")
    following = asyncio.create_task(here.presence.change_of("twitch"))
    there.presence.offer("discord")
    await here.presence.find("discord")
    assert not following.done()

    there.presence.offer("twitch", 2)

    await following
    assert [sign.services["twitch"] for sign in here.presence.of("twitch")] == [2]


async def test_who_follows_a_service_hears_that_nobody_has_it_any_more(processes: Two) -> None:
    here, there = processes
    there.presence.offer("twitch")
    there.presence.offer("discord")
    await here.presence.find("twitch")
    there.presence.withdraw("twitch")
    assert there.presence._came.is_set()  # it is told at once, and not with the next sign of life

    await here.presence.change_of("twitch")

    assert not any(here.presence.of("twitch"))


async def test_a_process_that_dies_is_missed(processes: Two, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("relay.bus.presence.ALIVE_FOR", 0.05)
    monkeypatch.setattr("relay.bus.presence.TELL_EVERY", 0.02)
    here, there = processes
    there.presence.offer("twitch")
    await here.presence.find("twitch")

    async def dead() -> None:
        await asyncio.Event().wait()

    there.presence._tell = dead  # type: ignore[method-assign]
    await until_living(here)


async def test_a_process_that_ends_says_goodbye(redis_server: RedisServer, namespace: str) -> None:
    here, there = (Process(redis_server.url, namespace) for _ in range(2))
    async with here.running():
        async with there.running():
            there.presence.offer("twitch")
            await here.presence.find("twitch")
        await until_living(here)
