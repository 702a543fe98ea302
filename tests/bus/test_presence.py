import asyncio
from collections.abc import AsyncIterator

import pytest

from relay.bus import presence
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
    monkeypatch.setattr("relay.bus.presence.ALIVE_FOR", 0.2)
    monkeypatch.setattr("relay.bus.presence.TELL_EVERY", 0.02)
    here, there = processes
    there.presence.offer("twitch")
    await here.presence.find("twitch")

    async def dead() -> None:
        await asyncio.Event().wait()

    there.presence._tell = dead  # type: ignore[method-assign]
    await until_living(here)


class Apart:
    """Two processes that look only when they are told to, at the time `now`."""

    def __init__(self, url: str, namespace: str) -> None:
        self.now = 100.0
        self.here, self.there = (Process(url, namespace) for _ in range(2))
        self.there.presence.offer("twitch")

    async def look(self) -> bool:
        """Whether the one sees the other."""
        await self.here.presence._look()
        return self.there.presence.id in self.here.presence.living

    async def is_away(self, seconds: float) -> None:
        """Redis, for everybody: what the other has said of itself ends meanwhile."""
        self.now += seconds
        await self.here.connection.client.hdel(self.there.presence._key, self.there.presence.id)


@pytest.fixture
async def apart(redis_server: RedisServer, namespace: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Apart]:
    found = Apart(redis_server.url, namespace)
    monkeypatch.setattr("relay.bus.presence.passing", lambda: found.now)
    await found.there.presence._look()
    assert await found.look()
    yield found
    await found.here.connection.close()
    await found.there.connection.close()


async def test_who_could_not_look_misses_nobody_until_they_had_time_to_say_that_they_are_there(apart: Apart) -> None:
    await apart.is_away(presence.ALIVE_FOR)
    assert await apart.look()

    apart.now += presence.ALIVE_FOR / 2
    assert await apart.look()

    apart.now += presence.ALIVE_FOR / 2
    assert not await apart.look(), "it said nothing, so it is gone"


async def test_who_could_not_look_sees_at_once_what_the_others_tell_anew(apart: Apart) -> None:
    await apart.is_away(presence.ALIVE_FOR)
    assert await apart.look()

    apart.there.presence.offer("discord")
    await apart.there.presence._look()

    assert await apart.look()
    assert any(apart.here.presence.of("discord"))


async def test_who_could_look_misses_others_as_soon_as_their_sign_of_life_has_ended(apart: Apart) -> None:
    await apart.is_away(presence.TELL_EVERY)
    assert not await apart.look()


async def test_a_process_that_ends_says_goodbye(redis_server: RedisServer, namespace: str) -> None:
    here, there = (Process(redis_server.url, namespace) for _ in range(2))
    async with here.running():
        async with there.running():
            there.presence.offer("twitch")
            await here.presence.find("twitch")
        await until_living(here)
