"""Many companions in one configuration: shared accounts, and each companion for itself."""

import asyncio
import json
import uuid
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from pydantic import SecretStr

from relay.application import steering, tracing
from relay.application.browser import is_served
from relay.application.explaining import explained
from relay.application.fleet.run import run_fleet
from relay.application.fleet.watching import SettledFile
from relay.application.settings import load_fleet
from relay.application.steering import steered
from relay.companion.serving.server import CompanionServer
from relay.config import CompanionSection, WebSection
from relay.errors import ConfigError
from relay.platforms.discord import commands
from relay.system.spans import MessageSpans, trace_ids
from tests.doubles.discord import DiscordDouble
from tests.doubles.discord.certificate import authority
from tests.doubles.ports import free_port
from tests.doubles.redis_server import RedisServer
from tests.doubles.twitch import TwitchDouble
from tests.end_to_end.stage import FREELY, ONE_BY_ONE, EchoBrain
from tests.support import PATIENCE, eventually

pytestmark = pytest.mark.usefixtures("looks_for_garbage")

HEARD = "channel.chat.message"


@pytest.fixture
async def twitch() -> AsyncIterator[TwitchDouble]:
    async with TwitchDouble(account="vox", channels=("ann", "ben", "cleo")) as double:
        yield double


class FleetFile:
    """A settings file with a companion for each channel, each with a Voxta of its own."""

    def __init__(self, folder: Path, shared: Mapping[str, Any]) -> None:
        self.path = folder / "relay.toml"
        self._shared = dict(shared)
        self._companions: dict[str, dict[str, Any]] = {}
        self._mark = uuid.uuid4().hex[:8]
        self._stack = AsyncExitStack()
        self.brains: dict[str, EchoBrain] = {}

    async def __aenter__(self) -> "FleetFile":
        await self._stack.__aenter__()
        return self

    async def __aexit__(self, *error: Any) -> None:
        await self._stack.__aexit__(*error)

    async def add(self, name: str, **sections: Any) -> None:
        """A companion in the channel of that name."""
        brain = self.brains[name] = EchoBrain()
        server = CompanionServer(CompanionSection(port=0, pace=0), brain=brain)
        await self._stack.enter_async_context(server)
        own = {"voxta": {"mode": "server", "url": server.url}, "twitch": {"enabled": True, "channels": [name]}}
        self._companions[self._named(name)] = own | sections
        self._write()

    def change(self, name: str, **sections: Any) -> None:
        self._companions[self._named(name)] |= sections
        self._write()

    def share(self, **sections: Any) -> None:
        """Settings of all of them."""
        self._shared |= sections
        self._write()

    def remove(self, name: str) -> None:
        del self._companions[self._named(name)]
        self._write()

    def _named(self, channel: str) -> str:
        """The companion there; no other test has one of that name."""
        return f"{channel}-{self._mark}"

    def _write(self) -> None:
        whole = self.path.with_suffix(".new")
        whole.write_text(as_toml({**self._shared, "companions": self._companions}))
        whole.replace(self.path)  # a process that begins reads one or the other


def as_toml(table: Mapping[str, Any], path: str = "") -> str:
    """As JSON, of which TOML's inline values are made, a table for each mapping."""
    values = [f"{key} = {_inline(value)}" for key, value in table.items() if not isinstance(value, Mapping)]
    tables = [
        f"[{path}{key}]\n{as_toml(value, f'{path}{key}.')}"
        for key, value in table.items()
        if isinstance(value, Mapping)
    ]
    return "\n".join([*values, *tables])


def _inline(value: Any) -> str:
    if isinstance(value, list) and any(isinstance(each, Mapping) for each in value):
        tables = (", ".join(f"{key} = {_inline(inner)}" for key, inner in each.items()) for each in value)
        return f"[{', '.join(f'{{ {table} }}' for table in tables)}]"
    return json.dumps(_plain(value))


def _plain(value: Any) -> Any:
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    return list(value) if isinstance(value, tuple | frozenset) else value


@pytest.fixture
async def file(tmp_path: Path, redis_server: RedisServer, twitch: TwitchDouble) -> AsyncIterator[FleetFile]:
    twitch.write_token(tmp_path / "token.json")
    shared = {
        "relay": {"name": f"fleet-{tmp_path.name}"[:40], "data_dir": str(tmp_path)},
        "inbox": {"engine": "redis", "url": redis_server.url},
        "budget": FREELY,
        "selection": ONE_BY_ONE,
        "web": {"port": 0},
        "twitch": {
            key: value
            for key, value in twitch.settings(token_file=str(tmp_path / "token.json")).items()
            if key not in ("enabled", "channels") and value is not None
        },
    }
    async with FleetFile(tmp_path, shared) as file:
        await file.add("ann")
        await file.add("ben")
        yield file


@asynccontextmanager
async def running(file: FleetFile, *kinds: str) -> AsyncIterator[asyncio.Task[None]]:
    task = asyncio.create_task(run_fleet(file.path, kinds))
    try:
        yield task
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def hears(twitch: TwitchDouble, *channels: str) -> None:
    """Wait until the chats of these channels, and no others, are heard."""
    ids = {each.id for each in twitch.state.channels if each.login in channels}
    await eventually(lambda: {sub.watched for sub in twitch.subscriptions if sub.type == HEARD} == ids)


async def test_each_companion_answers_in_its_own_channel(file: FleetFile, twitch: TwitchDouble) -> None:
    async with running(file):
        await hears(twitch, "ann", "ben")
        await twitch.chat("hello @vox", author="dan", channel="ann")
        await twitch.chat("hi @vox", author="eve", channel="ben")
        posts = await twitch.wait_for_posts(2)

    assert file.brains["ann"].asked == ['Dan (Twitch): "hello @vox"']
    assert file.brains["ben"].asked == ['Eve (Twitch): "hi @vox"']
    assert len(posts) == 2


async def test_companions_without_pages_leave_their_port_to_others(file: FleetFile, twitch: TwitchDouble) -> None:
    web = WebSection(enabled=False, port=free_port())
    file.share(web={"enabled": web.enabled, "port": web.port})

    async with running(file):
        await hears(twitch, "ann", "ben")
        assert not is_served(web)


async def test_a_companion_that_is_added_answers_and_one_that_is_removed_does_not(
    file: FleetFile, twitch: TwitchDouble
) -> None:
    async with running(file):
        await hears(twitch, "ann", "ben")
        await file.add("cleo")
        await hears(twitch, "ann", "ben", "cleo")
        await twitch.chat("hello @vox", author="dan", channel="cleo")
        await twitch.wait_for_posts(1)
        file.remove("ben")
        await hears(twitch, "ann", "cleo")
        await twitch.chat("hi @vox", author="eve", channel="ann")
        await twitch.wait_for_posts(2)

    assert file.brains["cleo"].asked == ['Dan (Twitch): "hello @vox"']
    assert file.brains["ann"].asked == ['Eve (Twitch): "hi @vox"']


async def test_what_one_companion_alone_wants_told_is_asked_of_the_platform_also_once_it_runs(
    file: FleetFile, twitch: TwitchDouble
) -> None:
    def told(is_told: bool) -> dict[str, Any]:
        return {"kinds": {"raid": {"enabled": is_told}}}

    def asked() -> bool:
        return any(sub.type == "channel.raid" for sub in twitch.subscriptions)

    file.share(forwarding=told(False))
    async with running(file):
        await hears(twitch, "ann", "ben")
        assert not asked()
        file.change("ann", forwarding=told(True))
        await twitch.until(asked, "raids to be asked for")
        await hears(twitch, "ann", "ben")
        await twitch.chat("hello @vox", author="dan", channel="ben")
        await twitch.wait_for_posts(1)


async def test_a_companion_whose_voxta_is_gone_costs_the_others_nothing(file: FleetFile, twitch: TwitchDouble) -> None:
    file.change("ben", voxta={"mode": "server", "url": "http://127.0.0.1:1"})
    async with running(file):
        await hears(twitch, "ann", "ben")
        await twitch.chat("is anybody there @vox", author="eve", channel="ben")
        await twitch.chat("hello @vox", author="dan", channel="ann")
        await twitch.wait_for_posts(1)

    assert file.brains["ann"].asked == ['Dan (Twitch): "hello @vox"']


async def test_what_is_heard_for_a_companion_is_traced_as_its_own(
    file: FleetFile, twitch: TwitchDouble, monkeypatch: pytest.MonkeyPatch
) -> None:
    exporter = InMemorySpanExporter()
    monkeypatch.setattr(tracing, "spans_of", lambda _: MessageSpans("the fleet", SimpleSpanProcessor(exporter)))
    file.share(operations={"traces": True})
    async with running(file, "twitch"):
        await hears(twitch, "ann", "ben")
        heard = await twitch.chat("hello @vox", author="dan", channel="ben")
        await eventually(lambda: len(exporter.get_finished_spans()) == 1)

    [span] = exporter.get_finished_spans()
    [ben] = [name for name in load_fleet(file.path).companions if name.startswith("ben-")]
    assert span.name == "hear"
    assert span.context is not None
    assert span.context.trace_id == trace_ids(ben, f"twitch:{heard}")[0]


async def test_each_companions_commands_are_offered_on_its_own_server_and_asked_of_it(
    file: FleetFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(commands, "SETTLES_IN", 0.0)
    async with DiscordDouble() as discord:
        discord.gateway.starts.per = 0.0
        rooms = {name: discord.open_server(name) for name in ("ann", "ben")}
        for name, room in rooms.items():
            hug = {"name": f"hug{name}", "answer": f"a hug from {name}"}
            file.change(
                name,
                discord=discord.settings(channels=(int(room),), ca_file=str(authority())),
                commands={"prefix": "?" if name == "ben" else "!", "own": [hug]},
            )

        def offered(name: str) -> set[str]:
            found = discord.interactions.of_guilds.get(discord.world.channels[rooms[name]].guild, ())
            return {each["name"] for each in found}

        async with running(file, "core", "discord", "post"):
            await discord.wait_ready()
            await discord.signal.wait_until(
                lambda: all(f"hug{name}" in offered(name) for name in rooms), "viewers' commands"
            )
            answer = await discord.command("why", author="eve", channel=rooms["ann"])
            hugged = await discord.command("hugben", author="eve", channel=rooms["ben"])
            file.change("ann", commands={"own": [{"name": "wave", "answer": "ann waves"}]})
            await discord.signal.wait_until(lambda: "wave" in offered("ann"), "the command that is new")
            waved = await discord.command("wave", author="eve", channel=rooms["ann"])

    assert (answer.text, hugged.text) == ("I know of no message of yours.", "a hug from ben")
    assert waved.text == "ann waves"
    assert offered("ann") - offered("ben") == {"wave"}
    assert offered("ben") - offered("ann") == {"hugben"}
    assert {each["name"] for each in discord.interactions.commands} == {"relay"}


async def shown(path: Path, wanted: str) -> str:
    """What the command line tells of all companions, once it tells that."""
    async with asyncio.timeout(PATIENCE):
        while wanted not in (told := "\n".join(await steered(path, None, "status"))):
            pass
    return told


async def test_one_command_tells_who_leads_each_companion_and_what_keeps_others_from_it(
    file: FleetFile, unused_tcp_port: int
) -> None:
    taken = await asyncio.start_server(lambda *_: None, "127.0.0.1", unused_tcp_port)
    file.change("ben", voxta={"mode": "embedded"}, companion={"port": unused_tcp_port})
    async with taken, running(file, "core"):
        told = await shown(file.path, str(unused_tcp_port))

    [ann] = [line for line in told.splitlines() if line.startswith("ann-")]
    [ben] = [line for line in told.splitlines() if line.startswith("ben-")]
    assert "led by" in ann or "about to" in ann
    assert "nobody leads it" in ben


async def test_a_fleet_reads_its_file_when_asked_and_tells_what_is_wrong_with_it(
    file: FleetFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(SettledFile, "is_new", lambda *_: False)
    elsewhere = file.path.with_name("elsewhere.toml")
    elsewhere.write_text(file.path.read_text())
    async with running(file, "post"):
        await shown(elsewhere, "nobody leads it")
        file.path.write_text(file.path.read_text() + "\n[nonsense]\n")
        await steered(elsewhere, None, "reload")
        told = await shown(elsewhere, "nonsense")

    assert "goes on with the settings it had" in told


async def test_what_is_about_one_companion_needs_its_name(file: FleetFile) -> None:
    with pytest.raises(ConfigError, match=r"name one with --companion: ann-\w+, ben-"):
        await steered(file.path, None, "pause")


async def test_what_happened_to_a_message_is_told_of_one_companion_whoever_leads_it(
    file: FleetFile, twitch: TwitchDouble, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = file.path.with_name("elsewhere.toml")
    elsewhere.write_text(file.path.read_text())
    ann, ben = load_fleet(elsewhere).companions
    async with running(file, "twitch", "core", "post"):
        await hears(twitch, "ann", "ben")
        asked = await twitch.chat("hello @streamer", author="eve", channel="ann")
        await twitch.wait_for_posts(1)
        told = [await explained(elsewhere, name, f"twitch:{asked}") for name in (ann, ben)]
    monkeypatch.setattr(steering, "FOUND_WITHIN", 0.05)  # nobody is there any more
    told.append(await explained(elsewhere, ann, f"twitch:{asked}"))

    assert ["unknown" in each for each in told] == [False, True, False]
    with pytest.raises(ConfigError, match="name one with --companion"):
        await explained(elsewhere, None, f"twitch:{asked}")


def chats(twitch: TwitchDouble) -> set[str]:
    """The subscriptions to chat, by their ids."""
    return {sub.id for sub in twitch.subscriptions if sub.type == HEARD}


async def test_a_second_adapter_of_an_account_stands_by_and_hears_all_companions_once_the_first_is_gone(
    file: FleetFile, twitch: TwitchDouble
) -> None:
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(running(file, "core", "post"))
        first = await stack.enter_async_context(running(file, "twitch"))
        await hears(twitch, "ann", "ben")
        await stack.enter_async_context(running(file, "twitch"))
        await file.add("cleo")
        await hears(twitch, "ann", "ben", "cleo")
        await twitch.chat("hello @vox", author="dan", channel="ann")
        await twitch.wait_for_posts(1)
        heard = chats(twitch)
        first.cancel()
        await eventually(lambda: len(chats(twitch) - heard) == 3)
        await twitch.chat("hi @vox", author="eve", channel="cleo")
        await twitch.wait_for_posts(2)

    assert len(heard) == 3
    assert file.brains["ann"].asked == ['Dan (Twitch): "hello @vox"']
    assert file.brains["cleo"].asked == ['Eve (Twitch): "hi @vox"']


async def test_two_core_processes_share_the_companions_and_one_takes_over_from_the_other(
    file: FleetFile, twitch: TwitchDouble
) -> None:
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(running(file, "twitch", "post"))
        first = await stack.enter_async_context(running(file, "core"))
        await stack.enter_async_context(running(file, "core"))
        await hears(twitch, "ann", "ben")
        await twitch.chat("hello @vox", author="dan", channel="ann")
        await twitch.chat("hi @vox", author="eve", channel="ben")
        await twitch.wait_for_posts(2)
        first.cancel()
        await twitch.chat("hello again @vox", author="dan", channel="ann")
        await twitch.chat("hi again @vox", author="eve", channel="ben")
        await twitch.wait_for_posts(4)

    assert [len(file.brains[name].asked) for name in ("ann", "ben")] == [2, 2]
