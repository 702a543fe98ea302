"""Voice where the process that is in the voice channel is not the one that answers."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from types import ModuleType
from typing import Any, TypeVar

import numpy as np
import pytest

from relay.application.processes import adapter, core
from relay.application.processes.remote_voice import RemoteVoiceChannels
from relay.application.processes.voice_host import VoiceHost
from relay.companion.serving.server import CompanionServer
from relay.config import CompanionSection
from relay.platforms.discord.audio import DiscordAudio
from relay.platforms.discord.hearing.ears import Ears
from relay.platforms.discord.voice.sink import DiscordSink
from tests.companion.endpoints import TranscriptionEndpoint, serving
from tests.doubles.discord import DiscordDouble
from tests.doubles.discord.voice_person import VoicePerson
from tests.doubles.redis_server import RedisServer
from tests.end_to_end.call import SAGA, STORY, Teller, length_of_the_story, voice
from tests.end_to_end.stage import settings
from tests.end_to_end.test_processes import MANAGE_GUILD, Processes
from tests.end_to_end.test_speech_discord import Handing
from tests.support import PATIENCE, eventually

FRAME = 0.02
"""Seconds in a packet."""


class RemoteCall:
    """A core and a process that is in the lounge with ann and bob."""

    def __init__(
        self,
        processes: Processes,
        discord: DiscordDouble,
        teller: Teller,
        host: VoiceHost,
        channels: list[RemoteVoiceChannels],
    ) -> None:
        self.processes = processes
        self.discord = discord
        self.teller = teller
        self.host = host
        self.channels = channels
        """As the cores have them, in the order in which they led."""
        self.ann: VoicePerson
        self.bob: VoicePerson
        self.core: asyncio.Task[None]

    @property
    def sink(self) -> DiscordSink:
        assert isinstance(self.host.channels, DiscordAudio)
        return self.host.channels.sink

    @property
    def ears(self) -> Ears:
        assert isinstance(self.host.channels, DiscordAudio) and self.host.channels.ears is not None
        return self.host.channels.ears

    async def says(self, words: int, *, since: int = 0) -> int:
        """Wait until the companion has said so many packets more. How many it has said in all."""
        await eventually(lambda: len(self.discord.voice.words) >= since + words)
        return len(self.discord.voice.words)

    async def said_to_its_end(self) -> int:
        """Wait until silence follows what was said. How many packets that were in all."""
        voice = self.discord.voice
        await eventually(lambda: bool(voice.words) and all(packet.is_silence for packet in voice.heard[-3:]))
        return len(voice.words)

    def posts(self) -> list[str]:
        """What was answered in the text channel."""
        return [post.text for post in self.discord.posts if post.channel == self.discord.channel]


@pytest.fixture
async def discord() -> AsyncIterator[DiscordDouble]:
    async with DiscordDouble() as double:
        yield double


T = TypeVar("T")


def noted(monkeypatch: pytest.MonkeyPatch, module: ModuleType, kind: type[T]) -> list[T]:
    """All of this class that the module makes from now on."""
    made: list[T] = []

    def make(*about: Any) -> T:
        made.append(kind(*about))
        return made[-1]

    monkeypatch.setattr(module, kind.__name__, make)
    return made


@asynccontextmanager
async def calling(
    discord: DiscordDouble,
    folder: Path,
    redis_server: RedisServer,
    monkeypatch: pytest.MonkeyPatch,
    *,
    hearing_url: str | None = None,
    **sections: Any,
) -> AsyncIterator[RemoteCall]:
    """The call, for as long as the context lasts, once the companion can be heard in it."""
    hosts, theirs = noted(monkeypatch, adapter, VoiceHost), noted(monkeypatch, core, RemoteVoiceChannels)
    ann, bob = await discord.enter("ann"), await discord.enter("bob")
    teller = Teller()
    hearing = {"hearing": "openai", "hearing_url": hearing_url} if hearing_url else {}
    own = CompanionSection.model_validate({"port": 0, "pace": 0, "speech": "espeak"} | hearing)
    async with AsyncExitStack() as stack:
        companion = await stack.enter_async_context(CompanionServer(own, brain=teller))
        defaults = {
            "inbox": {"engine": "redis", "url": redis_server.url},
            "voxta": {"mode": "server", "timeout": 20.0, "url": companion.url},
            "discord": discord.settings(),
            "voice": {"streamer": int(ann.id), "channels": [int(discord.lounge)], "listen_to": "everyone"},
            "speech": {"enabled": True, "sinks": ["discord"]},
            "floor": {"min_speech": 0.5, "silence": 0.3},
            "web": {"enabled": False},
        }
        processes = await stack.enter_async_context(Processes(settings(folder, **(defaults | sections))))
        await processes.adapter("discord")
        await processes.post()
        leading = await processes.core()
        await discord.wait_ready()
        call = RemoteCall(processes, discord, teller, hosts[-1], theirs)
        call.ann, call.bob, call.core = ann, bob, leading
        await eventually(lambda: bool(theirs) and theirs[0].sink.is_open)
        yield call


async def test_an_answer_is_heard_in_the_channel_and_posted_when_it_was(
    discord: DiscordDouble, tmp_path: Path, redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with calling(discord, tmp_path, redis_server, monkeypatch) as call:
        await discord.say("tell us a story")
        await call.says(5)
        assert call.posts() == [], "nothing is posted before it was heard"

        await eventually(lambda: call.posts() == [STORY])
        await call.said_to_its_end()

    assert np.abs(discord.voice.samples()).max() > 0.05
    assert len(discord.voice.words) * FRAME == pytest.approx(await length_of_the_story(), abs=3 * FRAME)


async def test_who_talks_silences_it_at_the_first_sound_and_is_answered(
    discord: DiscordDouble, tmp_path: Path, redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("relay.speech.making_up.ANSWER_WAIT", PATIENCE)  # words that come late begin no new saga
    endpoint = TranscriptionEndpoint("Wait, which dragon?")
    async with (
        serving("/audio/transcriptions", endpoint.answer) as url,
        calling(
            discord, tmp_path, redis_server, monkeypatch, hearing={"through": "openai", "url": url, "echo": False}
        ) as call,
    ):
        handing = Handing(call.sink, call.ears, lambda: len(discord.voice.words), monkeypatch)
        await discord.say("tell us a saga")
        await call.says(60)

        talking = asyncio.create_task(call.ann.speak(voice(30)))
        await eventually(lambda: bool(call.posts()))
        told = await call.said_to_its_end()
        talking.cancel()
        await eventually(lambda: call.teller.asked[-1] == "Wait, which dragon?")
        await call.says(10, since=told)

    kept = call.posts()[0]
    assert handing.then is not None
    frames, sounds = handing.then
    assert sounds == 1, "the first sound is enough"
    until = told if handing.until is None else handing.until
    assert until - frames <= 1, "at most one frame was on its way"
    assert kept.endswith(" \u2014") and SAGA.startswith(f"{kept[:-2]} "), "it ends with a whole word"
    assert endpoint.heard


async def test_what_a_core_was_saying_ends_with_it_and_the_next_one_is_heard(
    discord: DiscordDouble, tmp_path: Path, redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with calling(discord, tmp_path, redis_server, monkeypatch) as call:
        await discord.say("tell us a saga")
        await call.says(20)
        said = list(call.host._clips.values())

        call.core.cancel()
        told = await call.said_to_its_end()
        cut = [clip for clip in said if call.sink.seconds_heard(clip) < clip.duration]
        await call.processes.core()
        await eventually(lambda: len(call.channels) == 2 and call.channels[1].sink.is_open)
        await discord.say("hello")
        await call.says(10, since=told)

    assert cut, "it was not said to its end"


async def test_what_a_guest_says_reaches_voxtas_own_recognition_with_their_name(
    discord: DiscordDouble, tmp_path: Path, redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    endpoint = TranscriptionEndpoint("Hello everybody.")
    async with (
        serving("/audio/transcriptions", endpoint.answer) as url,
        calling(discord, tmp_path, redis_server, monkeypatch, hearing_url=url) as call,
    ):
        await call.bob.speak(voice(0.8))

        await call.says(10)
        assert call.teller.asked == ['bob (voice): "Hello everybody."']


async def test_who_is_muted_by_a_moderator_is_not_heard_until_they_may_speak_again(
    discord: DiscordDouble, tmp_path: Path, redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    endpoint = TranscriptionEndpoint("Hello everybody.")
    async with (
        serving("/audio/transcriptions", endpoint.answer) as url,
        calling(
            discord, tmp_path, redis_server, monkeypatch, hearing={"through": "openai", "url": url, "echo": False}
        ) as call,
    ):
        bob = int(call.bob.id)
        await discord.command("relay mute", author="owner", permissions=MANAGE_GUILD, viewer="bob")
        await eventually(lambda: not call.ears._hears(bob))
        for person in (call.bob, call.ann):
            await person.speak(voice(0.8))
        await eventually(lambda: call.teller.asked == ["Hello everybody."])
        assert len(endpoint.heard) == 1, "what bob said is not even recognised"

        await discord.command("relay unmute", author="owner", permissions=MANAGE_GUILD, viewer="bob")
        await eventually(lambda: call.ears._hears(bob))
