"""The companions that one process leads: each fails and ends alone."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import pytest
from pydantic import SecretStr

from relay.application.fleet import cores, keeper, share, starts
from relay.application.fleet.changes import changes
from relay.application.fleet.starts import Starts, StartTurn
from relay.application.processes.ingress import Ingress
from relay.application.processes.kinds import core_service
from relay.application.processes.leadership import Leadership
from relay.application.settings import Fleet
from relay.application.settings.fleet import fleet_in
from relay.application.watching import Watch
from relay.bus.bus import Bus
from relay.config import InboxSection
from relay.config.loading import Config
from relay.errors import InboxTaken, VoxtaUnavailable
from relay.inbox.redis import RedisInbox
from relay.system import shutdown
from tests.application.test_exposition import values
from tests.contracts.samples import message
from tests.doubles.redis_server import RedisServer
from tests.support import PATIENCE, eventually

if TYPE_CHECKING:
    from relay.application.composition import Relay

pytestmark = pytest.mark.usefixtures("looks_for_garbage")

Lead = Callable[[Leadership, Bus], Awaitable[None]]


def fleet(*names: str, settings: str = "") -> Fleet:
    """Companions of these names, each with these settings."""
    return fleet_in("\n".join(f"[companions.{name}]\n{settings}" for name in names), Path("relay.toml"), {})


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
    server: RedisServer,
    monkeypatch: pytest.MonkeyPatch,
    lead: Lead,
    *names: str,
    relay: str = "",
    again: tuple[float, float] = (0.0, 0.0),
) -> AsyncIterator[tuple[cores.FleetCores, asyncio.Task[None]]]:
    """A process of that relay, which leads these as `lead` does."""

    class Core:
        def __init__(self, leadership: Leadership, _: Any, bus: Bus, __: RedisInbox) -> None:
            self._leadership = leadership
            self._bus = bus

        async def lead(self, _: Watch) -> None:
            self._leadership.takes_in()
            await lead(self._leadership, self._bus)

        def prepare(self) -> None: ...

    monkeypatch.setattr(cores, "CompanionCore", Core)
    monkeypatch.setattr(keeper, "SOON", 0.0)
    monkeypatch.setattr(keeper, "AGAIN", again)
    bus = Bus(InboxSection(engine="redis", url=SecretStr(server.url), lease=PATIENCE), relay or uuid.uuid4().hex)
    async with bus.running():
        found = cores.FleetCores(fleet(*names), bus, Watch(1.0, asyncio.Event()))
        task = asyncio.create_task(found.run())
        try:
            yield found, task
        finally:
            task.cancel()
            await asyncio.wait({task})


async def test_a_process_counts_as_one_of_those_that_share_only_once_it_has_loaded_what_it_needs(
    redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    counted_before: list[bool] = []

    def load(_: Iterable[Config], bus: Bus) -> None:
        counted_before.append(share.SERVICE in bus.presence._services)

    async def lead(_: Leadership, __: Bus) -> None: ...

    monkeypatch.setattr(cores, "load_platforms", load)
    async with leading(redis_server, monkeypatch, lead, name) as (found, _):
        await eventually(lambda: any(found._bus.presence.of(share.SERVICE)))
    assert counted_before == [False]


async def test_a_companion_that_failed_before_it_began_is_led_again_by_the_same_process(
    redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    tries, led = 0, asyncio.Event()

    async def lead(_: Leadership, __: Bus) -> None:
        nonlocal tries
        tries += 1
        if tries < 3:
            raise VoxtaUnavailable("Voxta is not there yet")
        led.set()
        await asyncio.Event().wait()

    async with leading(redis_server, monkeypatch, lead, name), asyncio.timeout(PATIENCE):
        await led.wait()


async def test_a_companion_that_another_process_took_over_is_wanted_back_sooner_than_one_that_failed(
    redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    led: list[str] = []

    async def lead(leadership: Leadership, _: Bus) -> None:
        led.append(leadership.config.relay.name)
        if len(led) == 1:
            raise InboxTaken("led by another process by now")
        await asyncio.Event().wait()

    async with leading(redis_server, monkeypatch, lead, name, again=(600.0, 600.0)):
        await eventually(lambda: led == [name, name])


async def test_a_companion_that_fails_while_it_is_ended_ends(
    redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    led = asyncio.Event()

    async def lead(_: Leadership, __: Bus) -> None:
        try:
            led.set()
            await asyncio.Event().wait()
        finally:
            raise VoxtaUnavailable("it could not be told")

    async with leading(redis_server, monkeypatch, lead, name) as (_, task):
        await led.wait()
        task.cancel()
        ended, _ = await asyncio.wait({task}, timeout=PATIENCE)
        assert ended


async def test_a_companion_that_fails_does_not_begin_the_end_of_the_process(
    redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch, name: str, deadline: shutdown.Deadline
) -> None:
    failed = asyncio.Event()

    async def lead(_: Leadership, __: Bus) -> None:
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

    async def lead(_: Leadership, __: Bus) -> None:
        if begun.is_set():
            ended.set()
            await asyncio.Event().wait()
        begun.set()

    shutdown.begin("SIGTERM")
    async with leading(redis_server, monkeypatch, lead, name):
        await ended.wait()
        assert deadline._timer is not None


@pytest.mark.parametrize(
    ("settings", "begins_anew"), [("replies.as_reply = false", False), ("companion.name = 'Bee'", True)]
)
async def test_what_needs_no_other_start_is_taken_up_by_the_companion_that_runs(
    redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch, name: str, settings: str, begins_anew: bool
) -> None:
    led: list[Leadership] = []

    async def lead(leadership: Leadership, _: Bus) -> None:
        led.append(leadership)
        await asyncio.Event().wait()

    before, after = fleet(name), fleet(name, settings=settings)
    async with leading(redis_server, monkeypatch, lead, name) as (found, _):
        await eventually(lambda: len(led) == 1)
        await found.follow(after, changes(before, after))
        await eventually(lambda: led[-1].config == after.companions[name])

    assert len(led) == 1 + begins_anew


@pytest.mark.parametrize("is_removed", [False, True])
async def test_a_companion_that_ends_or_begins_anew_says_first_what_it_is_at(
    redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch, name: str, is_removed: bool
) -> None:
    led: list[Leadership] = []
    has_said_it, has_ended = asyncio.Event(), asyncio.Event()

    async def lead(leadership: Leadership, _: Bus) -> None:
        await leadership.begin(cast("Relay", object()))
        led.append(leadership)
        await leadership.is_left.wait()
        await has_said_it.wait()
        has_ended.set()

    before = fleet(name)
    after = fleet() if is_removed else fleet(name, settings="companion.name = 'Bee'")
    async with leading(redis_server, monkeypatch, lead, name) as (found, _):
        monkeypatch.setattr(keeper, "SOON", 600.0)
        await eventually(lambda: len(led) == 1)
        await found.follow(after, changes(before, after))
        await eventually(led[0].is_left.is_set)
        assert not has_ended.is_set()
        has_said_it.set()
        await has_ended.wait()
        if not is_removed:
            await eventually(lambda: len(led) == 2)
            assert led[1].config == after.companions[name]


async def test_a_companion_is_told_of_as_led_by_nobody_also_before_it_was_ever_led(
    redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    failed = asyncio.Event()

    async def lead(_: Leadership, __: Bus) -> None:
        failed.set()
        raise VoxtaUnavailable("Voxta is not there")

    async with leading(redis_server, monkeypatch, lead, name) as (found, _):
        await failed.wait()
        assert await values(found._watch.exposition, "relay_leads") == {(("companion", name),): 0}


@pytest.mark.parametrize("has_begun", [False, True])
async def test_a_companion_that_is_removed_is_missed_by_nobody_once_it_has_ended(
    redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch, name: str, has_begun: bool
) -> None:
    is_led, has_said_it = asyncio.Event(), asyncio.Event()

    async def lead(leadership: Leadership, _: Bus) -> None:
        if has_begun:
            await leadership.begin(cast("Relay", object()))
        is_led.set()
        found._watch.leads(name, True)
        try:
            await has_said_it.wait()
        finally:
            found._watch.leads(name, False)

    async with leading(redis_server, monkeypatch, lead, name) as (found, _):
        exposition, readiness = found._watch.exposition, found._watch.readiness
        await is_led.wait()
        await found.follow(fleet(), changes(fleet(name), fleet()))
        if has_begun:
            assert await values(exposition, "relay_leads") == {(("companion", name),): 1}
            has_said_it.set()
            await eventually(lambda: not found._watch._leads)
        assert await values(exposition, "relay_leads") == {}
        assert (await readiness.states())["core"].words == "stands by"


async def test_one_with_the_channel_of_another_begins_once_that_has_said_what_it_is_at(
    redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    led: list[str] = []
    has_said_it = asyncio.Event()

    async def lead(leadership: Leadership, _: Bus) -> None:
        await leadership.begin(cast("Relay", object()))
        led.append(leadership.config.relay.name)
        await leadership.is_left.wait()
        await has_said_it.wait()

    before, renamed, alone = fleet(name), f"{name}-b", f"{name}-c"
    channel = "twitch = { enabled = true, client_id = 'abc', channels = ['ann'] }"
    with_channel = fleet(name, settings=channel)
    new = {**fleet(renamed, settings=channel).companions, **fleet(alone).companions}
    after = Fleet(before.process, new)
    async with leading(redis_server, monkeypatch, lead, name) as (found, _):
        await eventually(lambda: led == [name])
        found._led[name].config = with_channel.companions[name]
        await found.follow(after, changes(with_channel, after))
        await eventually(lambda: led == [name, alone])
        has_said_it.set()
        await eventually(lambda: led == [name, alone, renamed])


async def test_a_process_that_comes_later_leads_its_part_once_what_is_being_said_is_said(
    redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr(share, "SETTLED", 0.0)
    led: dict[str, set[str]] = {}
    leaderships: list[Leadership] = []
    has_said_it = asyncio.Event()

    async def lead(leadership: Leadership, bus: Bus) -> None:
        theirs, companion = led.setdefault(bus.presence.id, set()), leadership.config.relay.name
        theirs.add(companion)
        leaderships.append(leadership)
        bus.presence.offer(core_service(companion))
        try:
            await leadership.is_left.wait()
            await has_said_it.wait()
        finally:
            theirs.remove(companion)
            bus.presence.withdraw(core_service(companion))

    def counts() -> list[int]:
        return [len(theirs) for theirs in led.values()]

    names = [f"{name}-{number}" for number in range(4)]
    async with leading(redis_server, monkeypatch, lead, *names, relay=name):
        await eventually(lambda: counts() == [4])
        async with leading(redis_server, monkeypatch, lead, *names, relay=name):
            await eventually(lambda: any(each.is_left.is_set() for each in leaderships))
            assert counts() == [4], "who is left brings to its end what it is at"
            has_said_it.set()
            await eventually(lambda: counts() == [2, 2])
        await eventually(lambda: counts() == [4, 0])


async def test_what_a_process_that_ends_leads_no_more_is_led_by_another_before_the_rest_has_ended(
    redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr(share, "SETTLED", 0.0)
    led: dict[str, dict[str, Leadership]] = {}

    async def lead(leadership: Leadership, bus: Bus) -> None:
        theirs, companion = led.setdefault(bus.presence.id, {}), leadership.config.relay.name
        theirs[companion] = leadership
        bus.presence.offer(core_service(companion))
        try:
            await leadership.is_left.wait()
        finally:
            del theirs[companion]
            bus.presence.withdraw(core_service(companion))

    def counts() -> list[int]:
        return [len(theirs) for theirs in led.values()]

    names = [f"{name}-{number}" for number in range(4)]
    async with leading(redis_server, monkeypatch, lead, *names, relay=name) as (first, _):
        await eventually(lambda: counts() == [4])
        async with leading(redis_server, monkeypatch, lead, *names, relay=name):
            await eventually(lambda: counts() == [2, 2])
            has_said_it, says_something = led[first._bus.presence.id].values()
            first._watch.asked.set()
            has_said_it.is_left.set()
            await eventually(lambda: counts() == [1, 3])
            says_something.is_left.set()
            await eventually(lambda: counts() == [0, 4])


async def test_whom_messages_wait_for_starts_before_those_that_came_earlier(
    redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr(starts, "AT_ONCE", 1)
    led: list[str] = []

    async def lead(leadership: Leadership, _: Bus) -> None:
        led.append(leadership.config.relay.name)
        await asyncio.Event().wait()

    names = [f"{name}-{number}" for number in range(5)]
    bus = Bus(InboxSection(engine="redis", url=SecretStr(redis_server.url)), name)
    async with bus.running():
        await Ingress(bus.companion_stream(names[3], "ingress")).receive(message(1))
    came: list[int] = []
    have_come = asyncio.Event()
    turn = Starts.turn

    async def once_all_have_come(self: Starts, waiting: int) -> StartTurn:
        came.append(waiting)
        if len(came) == len(names):
            have_come.set()
        await have_come.wait()
        return await turn(self, waiting)

    monkeypatch.setattr(Starts, "turn", once_all_have_come)
    async with leading(redis_server, monkeypatch, lead, *names):
        await eventually(lambda: len(led) == len(names))

    assert sorted(came) == [0, 0, 0, 0, 1]
    assert led.index(names[3]) <= 1, "whoever came first found nobody there"


async def test_what_companions_need_is_loaded_before_the_first_is_led(
    redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    happened: list[object] = []

    async def lead(leadership: Leadership, _: Bus) -> None:
        happened.append(leadership.config.relay.name)
        await asyncio.Event().wait()

    def load(companions: Iterable[Config], _: Bus) -> None:
        happened.append([config.relay.name for config in companions])

    monkeypatch.setattr(cores, "load_platforms", load)
    async with leading(redis_server, monkeypatch, lead, name):
        await eventually(lambda: name in happened)
    assert happened == [[name], name]


async def test_one_that_is_left_to_another_process_before_its_turn_is_not_started_here_first(
    redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr(starts, "AT_ONCE", 0)
    led: list[bool] = []

    async def lead(leadership: Leadership, _: Bus) -> None:
        led.append(leadership.is_left.is_set())
        await asyncio.Event().wait()

    async with leading(redis_server, monkeypatch, lead, name) as (found, _):
        await eventually(lambda: len(found._starts._queue) == 1)
        found._leave(name)
        found._starts._pass_on()
        await eventually(lambda: bool(led))

    assert led == [False]
