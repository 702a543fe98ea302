"""The companions that one process leads: each fails and ends alone."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from relay.application.fleet import cores, share
from relay.application.processes.kinds import core_service
from relay.application.settings import Fleet
from relay.application.settings.fleet import fleet_in
from relay.application.watching import Watch
from relay.bus.bus import Bus
from relay.config import InboxSection
from relay.config.loading import Config
from relay.errors import VoxtaUnavailable
from relay.inbox.redis import RedisInbox
from relay.system import shutdown
from tests.doubles.redis_server import RedisServer
from tests.support import eventually

Lead = Callable[[str, Bus], Awaitable[None]]


def fleet(*names: str) -> Fleet:
    return fleet_in("\n".join(f"[companions.{name}]" for name in names), Path("relay.toml"), {})


@pytest.fixture
def name() -> str:
    return f"ann-{uuid.uuid4().hex}"


@pytest.fixture
def deadline() -> Iterator[shutdown.Deadline]:
    """Of a process that this test stands for."""
    deadline = shutdown.Deadline(600.0)
    token = shutdown._deadline.set(deadline)
    yield deadline
    deadline.cancel()
    shutdown._deadline.reset(token)


@asynccontextmanager
async def leading(
    server: RedisServer, monkeypatch: pytest.MonkeyPatch, lead: Lead, *names: str, relay: str = ""
) -> AsyncIterator[asyncio.Task[None]]:
    """A process of that relay, which leads these as `lead` does."""

    async def led(config: Config, _: Any, bus: Bus, __: RedisInbox, ___: Watch) -> None:
        await lead(config.relay.name, bus)

    monkeypatch.setattr(cores, "lead", led)
    monkeypatch.setattr(cores, "AGAIN", (0.0, 0.0))
    bus = Bus(InboxSection(engine="redis", url=SecretStr(server.url)), relay or uuid.uuid4().hex)
    async with bus.running():
        task = asyncio.create_task(cores.FleetCores(fleet(*names), bus, Watch(1.0, asyncio.Event())).run())
        try:
            yield task
        finally:
            task.cancel()
            await asyncio.wait({task})


async def test_a_companion_that_failed_before_it_began_is_led_again_by_the_same_process(
    redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    tries, led = 0, asyncio.Event()

    async def lead(_: str, __: Bus) -> None:
        nonlocal tries
        tries += 1
        if tries < 3:
            raise VoxtaUnavailable("Voxta is not there yet")
        led.set()
        await asyncio.Event().wait()

    async with leading(redis_server, monkeypatch, lead, name), asyncio.timeout(5):
        await led.wait()


async def test_a_companion_that_fails_while_it_is_ended_ends(
    redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    led = asyncio.Event()

    async def lead(_: str, __: Bus) -> None:
        try:
            led.set()
            await asyncio.Event().wait()
        finally:
            raise VoxtaUnavailable("it could not be told")

    async with leading(redis_server, monkeypatch, lead, name) as task:
        await led.wait()
        task.cancel()
        ended, _ = await asyncio.wait({task}, timeout=5)
        assert ended


async def test_a_companion_that_fails_does_not_begin_the_end_of_the_process(
    redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch, name: str, deadline: shutdown.Deadline
) -> None:
    failed = asyncio.Event()

    async def lead(_: str, __: Bus) -> None:
        shutdown.begin("twitch failed")
        failed.set()
        await asyncio.Event().wait()

    async with leading(redis_server, monkeypatch, lead, name):
        await failed.wait()
        assert deadline._timer is None


async def test_a_companion_that_ends_does_not_avert_the_end_of_the_process(
    redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch, name: str, deadline: shutdown.Deadline
) -> None:
    begun, ended = asyncio.Event(), asyncio.Event()

    async def lead(_: str, __: Bus) -> None:
        if begun.is_set():
            ended.set()
            await asyncio.Event().wait()
        begun.set()

    shutdown.begin("SIGTERM")
    async with leading(redis_server, monkeypatch, lead, name):
        await ended.wait()
        assert deadline._timer is not None


async def test_a_process_that_comes_later_leads_its_part(
    redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr(share, "SETTLED", 0.0)
    led: dict[str, set[str]] = {}

    async def lead(companion: str, bus: Bus) -> None:
        theirs = led.setdefault(bus.presence.id, set())
        theirs.add(companion)
        bus.presence.offer(core_service(companion))
        try:
            await asyncio.Event().wait()
        finally:
            theirs.remove(companion)
            bus.presence.withdraw(core_service(companion))

    def counts() -> list[int]:
        return [len(theirs) for theirs in led.values()]

    names = [f"{name}-{number}" for number in range(4)]
    async with leading(redis_server, monkeypatch, lead, *names, relay=name):
        await eventually(lambda: counts() == [4])
        async with leading(redis_server, monkeypatch, lead, *names, relay=name):
            await eventually(lambda: counts() == [2, 2])
        await eventually(lambda: counts() == [4, 0])
