"""The adapter running against a local Discord."""

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import discord as library
import pytest
from tenacity import wait_fixed

from relay.commands.builtin import ask
from relay.commands.table import CommandTable
from relay.config import CommandsSection, VoiceSection
from relay.config.loading import Config
from relay.model import AudienceMessage, Caller, ControlInfo, Held, Incoming, Kind, Suggestion
from relay.platforms.base import PlatformControls, ViewerCommands
from relay.platforms.discord import client, interactions, membership, mentions, missed, session_starts, shard, slash
from relay.platforms.discord.client import DiscordPlatform
from relay.platforms.discord.settings import DiscordSection
from relay.platforms.discord.voice.choosing import CompanionVoice
from relay.platforms.discord.voice.session import DiscordVoice
from relay.platforms.sharing import Share
from tests.doubles.discord import DiscordDouble
from tests.doubles.discord import interactions as discords_interactions
from tests.doubles.discord.signal import Signal
from tests.support import PATIENCE, eventually


def section(discord: DiscordDouble, **over: Any) -> DiscordSection:
    """Settings that lead the relay to the local Discord."""
    return DiscordSection(**discord.settings(**over))


async def knows_guild(client: library.Client) -> None:
    """Return when Discord has told the client of the guild: some time after it is ready."""
    await client.wait_until_ready()
    await eventually(lambda: bool(client.guilds) and not client.guilds[0].unavailable)


async def ready(platform: DiscordPlatform) -> None:
    """Return when the adapter's one session is ready and knows the guild: its health tells of nothing else before."""
    async with asyncio.timeout(PATIENCE):
        [line] = platform._shards
        assert line.session is not None
        await knows_guild(line.session)


async def session_ended(discord: DiscordDouble) -> None:
    """Discord ends the session, and the next one has begun."""
    before = discord.gateway.identifies
    await discord.invalidate_session()
    await discord.signal.wait_until(lambda: discord.gateway.identifies > before, "a new session")


LOOK_BACK = 120.0


class Store:
    """Stands where the inbox does: keeps what it is given, in order, and notes."""

    def __init__(self) -> None:
        self.items: list[Incoming] = []
        self.failures: list[Exception] = []
        """Raised by the next calls, first to last."""
        self.notes: dict[str, str] = {}
        self.signal = Signal()
        self._open = asyncio.Event()
        self._open.set()

    def pause(self) -> None:
        """Let calls wait until `go_on`."""
        self._open.clear()

    def go_on(self) -> None:
        self._open.set()

    async def receive(self, *incoming: Incoming) -> None:
        self.signal.notify()
        await self._open.wait()
        if self.failures:
            raise self.failures.pop(0)
        self.items += incoming
        self.signal.notify()

    async def get_note(self, name: str) -> str | None:
        return self.notes.get(name)

    async def set_note(self, name: str, value: str) -> None:
        self.notes[name] = value
        self.signal.notify()

    @property
    def texts(self) -> list[str]:
        return [item.text for item in self.items if isinstance(item, AudienceMessage)]

    async def wait_for(self, n: int) -> list[Incoming]:
        await self.signal.wait_until(lambda: len(self.items) >= n, f"{n} received, got {self.items}")
        return self.items

    async def first(self) -> AudienceMessage:
        item = (await self.wait_for(1))[0]
        assert isinstance(item, AudienceMessage)
        return item


def adapter(
    discord: DiscordDouble,
    store: Store,
    controls: PlatformControls,
    *,
    voice: CompanionVoice | None = None,
    wanted: Collection[Kind] = (),
    viewers: ViewerCommands | None = None,
    **over: Any,
) -> DiscordPlatform:
    """The adapter, to be run, with settings changed as given."""
    settings = section(discord, **over)
    made = DiscordPlatform(settings, store.receive, controls, store, look_back=LOOK_BACK, wanted=wanted, voice=voice)
    if viewers is not None:
        made.offer(viewers)
    return made


def asking() -> CommandTable:
    """Viewers may ask the companion."""
    table = CommandTable(CommandsSection())
    table.register(ask(Config().forwarding.kinds[Kind.ASK]), "relay")
    return table


class Status:
    """Controls that remember what they were asked, and by whom."""

    text = "all is well"

    def __init__(self) -> None:
        self.asked: list[tuple[str, Caller]] = []
        self.done: list[str] = []
        self.waiting = ["h1", "h2"]
        self._open = asyncio.Event()
        self._open.set()

    def hold_back(self) -> None:
        """Let everything that is asked wait until `go_on`."""
        self._open.clear()

    def go_on(self) -> None:
        self._open.set()

    def commands(self) -> Sequence[ControlInfo]:
        return [
            ControlInfo(name="status", summary="How it is"),
            ControlInfo(name="held", summary="What waits"),
            ControlInfo(name="mute", summary="Do not hear somebody", argument="viewer", form="VIEWER", required=True),
            ControlInfo(name="help", summary="What there is", argument="name", form="NAME"),
        ]

    async def complete(self, name: str, typed: str, by: Caller) -> Sequence[Suggestion]:
        viewers = {"Ann": "twitch:1", "Anton": "discord:2", "Bob": "twitch:3"}
        return [Suggestion(value=viewer, label=name) for name, viewer in viewers.items() if typed in name]

    async def held(self, by: Caller) -> Sequence[Held]:
        return [Held(id=held, who="Ann (twitch)", text="hello", reason="link", at=0) for held in self.waiting]

    async def run(self, words: str, by: Caller) -> str:
        self.asked.append((words, by))
        await self._open.wait()
        self.done.append(words)
        if not by.may_control:
            return "Only moderators can do that."
        name, _, rest = words.partition(" ")
        if name in ("approve", "reject"):
            self.waiting.remove(rest)
        return await self.status()

    async def status(self) -> str:
        return self.text


@pytest.fixture
async def discord() -> AsyncIterator[DiscordDouble]:
    async with DiscordDouble() as double:
        yield double


@pytest.fixture
def no_waiting(monkeypatch: pytest.MonkeyPatch, discord: DiscordDouble) -> None:
    """Connect again at once, and let Discord allow it."""
    discord.gateway.starts.per = 0.0
    monkeypatch.setattr(session_starts, "APART", 0.0)
    monkeypatch.setattr(shard, "RETRY_WAIT", wait_fixed(0.01))
    monkeypatch.setattr(client, "NOTE_EVERY", 0.01)


@pytest.fixture(autouse=True)
def _unhurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody is put off because the machine is slow."""
    monkeypatch.setattr(interactions, "ANSWER_WITHIN", PATIENCE)
    monkeypatch.setattr(membership, "WITHIN", PATIENCE)
    monkeypatch.setattr(mentions, "WITHIN", PATIENCE)
    monkeypatch.setattr(slash, "STORED_WITHIN", PATIENCE)
    monkeypatch.setattr(missed, "GUILDS_WITHIN", PATIENCE)
    monkeypatch.setattr(discords_interactions, "REPLY_WITHIN", 10 * PATIENCE)


@pytest.fixture(autouse=True)
def _no_second_thoughts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing here refuses anything unless a test says so."""
    monkeypatch.setattr(slash, "TOLD_WITHIN", 0.05)


@pytest.fixture
def store() -> Store:
    return Store()


@pytest.fixture
def controls() -> Status:
    return Status()


Connect = Callable[..., AbstractAsyncContextManager[DiscordPlatform]]


@pytest.fixture
def connect(discord: DiscordDouble, store: Store, controls: Status) -> Connect:
    """Run the adapter, with settings changed and shared as given, until the block ends."""

    @asynccontextmanager
    async def running(*shares: Share, **over: Any) -> AsyncIterator[DiscordPlatform]:
        platform = adapter(discord, store, controls, **({} if shares else {"viewers": asking()}) | over)
        if shares:
            await platform.share(shares)
        task = asyncio.create_task(platform.run())
        try:
            await discord.wait_ready()
            yield platform
        finally:
            task.cancel()
            await asyncio.wait({task}, timeout=PATIENCE)
            assert task.cancelled(), task

    return running


@pytest.fixture
async def platform(connect: Connect) -> AsyncIterator[DiscordPlatform]:
    """The adapter, connected."""
    async with connect() as connected:
        yield connected


Run = Callable[..., AbstractAsyncContextManager[DiscordVoice]]


@pytest.fixture
def run(discord: DiscordDouble, store: Store, controls: Status) -> Run:
    """The adapter with a voice, until the block ends; ann is the streamer and the lounge is where it comes to."""

    @asynccontextmanager
    async def running(
        until: Callable[[], bool] = lambda: bool(discord.gateway.live), **over: Any
    ) -> AsyncIterator[DiscordVoice]:
        defaults: dict[str, Any] = {"streamer": int(discord.person("ann").id), "channels": (int(discord.lounge),)}
        voice = DiscordVoice(VoiceSection(**{**defaults, **over}))
        platform = adapter(discord, store, controls, voice=CompanionVoice(voice), viewers=asking())
        task = asyncio.create_task(platform.run())
        try:
            await discord.signal.wait_until(until, "a client on the gateway")
            yield voice
        finally:
            task.cancel()
            await asyncio.wait({task}, timeout=PATIENCE)
            assert task.cancelled(), task

    return running
