"""One account that hears the channels of many companions."""

import asyncio
import re
import uuid
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path

import pytest
from pydantic import SecretStr

from relay.application.fleet import adapter as shared_adapter
from relay.application.fleet import keeper
from relay.application.fleet.accounts import accounts, settings_mark
from relay.application.fleet.adapter import SharedAdapter
from relay.application.fleet.changes import changes
from relay.application.fleet.left_out import LeftOut
from relay.application.processes import adapter as adapters
from relay.application.processes.ingress import Ingress
from relay.application.settings.fleet import fleet_in
from relay.application.watching import Watch
from relay.bus.bus import Bus
from relay.config import InboxSection
from relay.config.loading import Config
from relay.errors import AuthError, InboxError, PlatformUnavailable
from relay.model import AudienceMessage, Author, Incoming, Kind, Role
from relay.platforms.discord.settings import NOTE_BEGAN
from relay.platforms.info import Surroundings
from relay.platforms.sharing import Share
from relay.system.readiness import Look, Readiness
from tests.doubles.redis_server import RedisServer
from tests.end_to_end.stage import RecordingPlatform
from tests.support import alongside, eventually, turns

SETTINGS = """
twitch = { enabled = true, client_id = 'a' }
companions.ann.twitch.channels = ['1']
companions.ben.twitch.channels = ['2']
"""
VOICES = """
discord = { enabled = true, token = 'of a bot' }
companions.ann.discord.channels = [1]
companions.ben = { discord.channels = [2], speech = { enabled = true, sinks = ['discord'] }, voice.channels = [12] }
companions.cleo = { discord.channels = [3], speech = { enabled = true, sinks = ['discord'] }, voice.channels = [13] }
"""


def message(channel: str) -> AudienceMessage:
    return AudienceMessage(
        platform="twitch",
        id=channel,
        channel=channel,
        author=Author(id="cleo", name="Cleo", roles=frozenset({Role.VIEWER})),
        kind=Kind.CHAT,
        text="hello",
        at=0.0,
    )


class SlowIngress(Ingress):
    """Of a companion whose part of the cluster takes its time."""

    def __init__(self, is_there: asyncio.Event) -> None:
        self._is_there = is_there
        self.has_all = False

    async def receive(self, *_: Incoming) -> None:
        await self._is_there.wait()
        self.has_all = True


class NamedConditions(Readiness):
    """Keeps the names, also of what has ended: an account that nobody logged in ends at once."""

    def __init__(self) -> None:
        super().__init__()
        self.names: list[str] = []

    def need(self, conditions: Mapping[str, Look]) -> None:
        self.names += conditions
        super().need(conditions)


class BrokenIngress(Ingress):
    def __init__(self) -> None: ...

    async def receive(self, *_: Incoming) -> None:
        raise InboxError("its part of the cluster is away")


def adapter_of(settings: str, redis: str = "redis://127.0.0.1:1/0", left_out: LeftOut | None = None) -> SharedAdapter:
    fleet = fleet_in(settings, Path("relay.toml"), {})
    bus = Bus(InboxSection(engine="redis", url=SecretStr(redis)), uuid.uuid4().hex)
    [account] = accounts(fleet.companions)
    return SharedAdapter(account, fleet, bus, Watch(1.0, asyncio.Event()), left_out or LeftOut())


async def test_what_belongs_to_no_companion_is_counted_and_each_place_named_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    adapter = adapter_of(SETTINGS)
    before = fleet_in(SETTINGS, Path("relay.toml"), {})

    await adapter.receive(message("3"), message("3"))
    await adapter.follow(before, changes(before, before))
    await adapter.receive(message("3"), message("4"))

    told = [record.getMessage() for record in caplog.records]
    assert told == [f"twitch: what happens in {place} is for no companion" for place in ("3", "4")]
    assert adapter._left_out.registry.get_sample_value("relay_left_out_total", {"platform": "twitch"}) == 4


async def test_what_two_accounts_leave_out_is_one_number(redis_server: RedisServer) -> None:
    left_out, watch = LeftOut(), Watch(1.0, asyncio.Event())
    adapters = [adapter_of(SETTINGS.replace("'a'", f"'{client}'"), redis_server.url, left_out) for client in "ab"]

    async with adapters[0]._bus.running() as bus, AsyncExitStack() as stack:
        for each in adapters:
            each._bus, each._watch, each._info = bus, watch, replace(each._info, build=Noting)
            await stack.enter_async_context(alongside(each.run()))
        await eventually(lambda: all(each.platform is not None for each in adapters))
        for each in adapters:
            await each.receive(message("3"))
        text = (await watch.exposition.text()).decode()

    assert re.findall(r"^relay_left_out_total\{.*\} (.*)$", text, re.MULTILINE) == ["2.0"]


class Noting(RecordingPlatform):
    """Shows the notes that it was given."""

    def __init__(self, _: object, around: Surroundings) -> None:
        super().__init__("twitch")
        self.notes = around.notes


class Asking(RecordingPlatform):
    """Shows what it was built to ask for."""

    def __init__(self, _: object, around: Surroundings) -> None:
        super().__init__("twitch")
        self.around = around


async def test_an_account_asks_for_what_any_of_its_companions_wants_also_once_one_wants_more(
    redis_server: RedisServer,
) -> None:
    wishes = (
        "forwarding.kinds.follow.enabled = false",
        "companions.ann.forwarding.kinds.follow.enabled = true",
        "companions.ann.selection.quiet_ttl = 1_000.0",
        "inbox.keep = 7_200.0",
        "companions.ben.forwarding.kinds.reaction.enabled = true",
    )
    settings = ["\n".join((SETTINGS, *wishes[:count])) for count in (4, 5)]
    before, after = (fleet_in(each, Path("relay.toml"), {}) for each in settings)
    adapter = adapter_of(settings[0], redis_server.url)
    adapter._info = replace(adapter._info, build=Asking)

    def asked() -> Surroundings | None:
        return adapter.platform.around if isinstance(adapter.platform, Asking) else None

    async with adapter._bus.running(), alongside(adapter.run()):
        await eventually(lambda: asked() is not None)
        first = asked()
        assert first is not None and (first.look_back, first.remembered) == (1_000.0, 7_200.0)
        assert Kind.FOLLOW in first.wishes.kinds and Kind.REACTION not in first.wishes.kinds

        await adapter.follow(after, changes(before, after))
        await eventually(lambda: asked() not in (None, first))
        second = asked()
        assert second is not None and {Kind.FOLLOW, Kind.REACTION} <= set(second.wishes.kinds)
        await adapter.follow(before, changes(after, before))
        await turns()
        assert asked() is second


class Tuned(RecordingPlatform):
    """Cannot be asked for other channels until it answers."""

    def __init__(self, _: object, __: Surroundings) -> None:
        super().__init__("twitch")
        self.answers = False
        self.heard: Sequence[str] = ("1", "2")
        self.asked: list[Sequence[str]] = []
        self.shares: Sequence[Share] = ()

    async def set_channels(self, channels: Sequence[str]) -> None:
        self.asked.append(channels)
        if not self.answers:
            raise PlatformUnavailable("Twitch answered 503 looking up the channels")
        self.heard = channels

    def channel_name(self, channel: str) -> str:
        return channel

    async def share(self, companions: Sequence[Share]) -> None:
        self.shares = companions


async def test_channels_that_cannot_be_had_at_once_are_had_later_and_all_else_now(
    redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeper, "AGAIN", (0.0, 0.0))
    with_carl, with_dora = (
        fleet_in(f"{SETTINGS}\ncompanions.{name}.twitch.channels = ['{channel}']", Path("relay.toml"), {})
        for name, channel in (("carl", 3), ("dora", 4))
    )
    adapter = adapter_of(SETTINGS, redis_server.url)
    adapter._info = replace(adapter._info, build=Tuned)
    async with adapter._bus.running(), alongside(adapter.run()):
        await eventually(lambda: isinstance(adapter.platform, Tuned))
        platform = adapter.platform
        assert isinstance(platform, Tuned)

        await adapter.follow(with_carl, changes(with_dora, with_carl))
        assert [share.name for share in platform.shares] == ["ann", "ben", "carl"]
        await eventually(lambda: platform.asked.count(["1", "2", "3"]) > 1)
        await adapter.follow(with_dora, changes(with_carl, with_dora))
        platform.answers = True
        await eventually(lambda: platform.heard == ["1", "2", "4"])


async def test_what_one_account_notes_is_nothing_to_another_one(redis_server: RedisServer) -> None:
    adapters = [adapter_of(SETTINGS.replace("'a'", f"'{client}'"), redis_server.url) for client in "ab"]

    async with adapters[0]._bus.running() as bus, AsyncExitStack() as stack:
        for each in adapters:
            each._bus, each._info = bus, replace(each._info, build=Noting)
            await stack.enter_async_context(alongside(each.run()))
        await eventually(lambda: all(each.platform is not None for each in adapters))
        one, other = [each.platform.notes for each in adapters if isinstance(each.platform, Noting)]
        await one.set_note("known", "5")
        assert await one.get_note("known") == "5"
        assert await other.get_note("known") is None


async def test_what_was_noted_is_known_once_the_settings_of_the_login_are_others(redis_server: RedisServer) -> None:
    settings = [VOICES, VOICES.replace("token", "listen_to = 'addressed', token")]
    adapters = [adapter_of(each, redis_server.url) for each in settings]

    async with adapters[0]._bus.running() as bus:
        for each in adapters:
            each._bus = bus
        before, after = [each._notes() for each in adapters]
        await bus.set_note("known", "of an earlier version")
        assert await before.get_note("known") == "of an earlier version"
        await before.set_note("known", "5")
        assert await after.get_note("known") == "5"
        await after.set_note("known", "7")
        assert [await each.get_note("known") for each in (before, after)] == ["5", "7"]


async def test_when_a_session_began_is_one_note_of_all_who_have_the_login(redis_server: RedisServer) -> None:
    settings = [VOICES, VOICES.replace("token", "listen_to = 'addressed', token"), VOICES.replace("of a", "of another")]
    adapters = [adapter_of(each, redis_server.url) for each in settings]

    async with adapters[0]._bus.running() as bus:
        for each in adapters:
            each._bus = bus
        one, same, other = [each._notes() for each in adapters]
        for number, notes in enumerate((one, same, one)):
            await notes.set_note(NOTE_BEGAN, str(number))
            assert [await each.get_note(NOTE_BEGAN) for each in (one, same, other)] == [str(number), str(number), None]


async def test_those_who_share_a_conduit_out_note_it_together(redis_server: RedisServer) -> None:
    of_conduit = "transport = 'conduit', client_secret = 'b', shards = 2, shard_ids = [{}], client_id"
    adapters = [
        adapter_of(SETTINGS.replace("client_id", of_conduit.format(shard)), redis_server.url) for shard in (0, 1)
    ]

    async with adapters[0]._bus.running() as bus:
        for each in adapters:
            each._bus = bus
        one, other = [each._notes() for each in adapters]
        for noted in ("of one", "of the other"):
            await one.set_note("conduit", noted)
            assert await other.get_note("conduit") == noted
            await other.set_note("conduit", f"{noted}, anew")
            assert await one.get_note("conduit") == f"{noted}, anew"


async def test_who_stands_by_has_loaded_what_voices_take_once(monkeypatch: pytest.MonkeyPatch) -> None:
    loaded: list[str] = []
    stands_by = asyncio.Event()

    def voice(_: object, config: Config, __: object) -> None:
        assert not stands_by.is_set()
        loaded.append(config.relay.name)

    async def by_turns(*_: object) -> None:
        stands_by.set()

    monkeypatch.setattr(adapters, "VoiceHost", voice)
    monkeypatch.setattr(shared_adapter, "by_turns", by_turns)
    await adapter_of(VOICES).run()

    assert loaded == ["ben"]
    assert stands_by.is_set()


async def test_two_accounts_of_a_platform_are_two_conditions_of_readiness(redis_server: RedisServer) -> None:
    conditions = NamedConditions()
    adapters = [adapter_of(SETTINGS.replace("'a'", f"'{client}'"), redis_server.url) for client in "ab"]

    for each in adapters:
        each._watch.readiness = conditions
        async with each._bus.running():
            with pytest.RaisesGroup(AuthError, flatten_subgroups=True, allow_unwrapped=True):
                await each.run()

    assert [name.partition("/")[0] for name in conditions.names] == ["twitch", "twitch"]
    assert len(set(conditions.names)) == 2


def test_settings_of_one_login_are_told_apart_but_not_by_folders_and_channels() -> None:
    def mark(own: str) -> str:
        fleet = fleet_in(f"companions.ann.twitch = {{ enabled = true, client_id = 'a', {own} }}", Path("x.toml"), {})
        [account] = accounts(fleet.companions)
        return settings_mark(account.section)

    here = mark("channels = ['1'], token_file = '/here/token'")
    assert here == mark("channels = ['2'], token_file = '/there/token'")
    assert here != mark("channels = ['1'], token_file = '/here/token', shared_chat = 'hear'")


async def test_what_failed_for_one_companion_is_tried_again_only_once_the_others_have_theirs() -> None:
    adapter = adapter_of(SETTINGS)
    is_there = asyncio.Event()
    slow = SlowIngress(is_there)
    adapter._ingress = {"ann": BrokenIngress(), "ben": slow}

    asyncio.get_running_loop().call_later(0.01, is_there.set)
    with pytest.raises(InboxError, match="away"):
        await adapter.receive(message("1"), message("2"))
    assert slow.has_all


async def test_accounts_of_one_login_with_other_settings_are_conditions_of_their_own(redis_server: RedisServer) -> None:
    settings = [SETTINGS, SETTINGS.replace("client_id", "whispers = true, client_id")]
    adapters = [adapter_of(each, redis_server.url) for each in settings]
    assert adapters[0]._service == adapters[1]._service
    watch = Watch(1.0, asyncio.Event())
    async with adapters[0]._bus.running() as bus, AsyncExitStack() as stack:
        for each in adapters:
            each._bus, each._watch, each._info = bus, watch, replace(each._info, build=Noting)
            await stack.enter_async_context(alongside(each.run()))
        await eventually(lambda: len(watch.readiness._looks) == 2)
