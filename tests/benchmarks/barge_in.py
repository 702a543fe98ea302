"""How fast the companion falls silent and how fast it speaks: the whole relay in a call of the tests' local Discord.

Clips are eSpeak's, made and served by the embedded companion. Packets go through discord.py, encrypted end to end, and
are timed where they arrive. The processor shares include the local Discord, the people in the call and the companion,
since all run in this process: they are upper bounds.
"""

import asyncio
import random
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from statistics import quantiles
from typing import Any, Final

from relay.application.audio import LiveAudio
from relay.application.composition import Relay
from relay.application.connect import voxta
from relay.application.running import running
from relay.application.runs import platforms_of
from relay.application.settings import load
from relay.application.statistics import Statistics
from relay.config import CompanionSection, FloorSection, RelaySection, SpeechSection, VoiceSection, VoxtaSection
from relay.config.loading import Config
from relay.hearing.base import HEARING_RATE
from relay.speech.base import FRAME, RATE
from relay.wire import server
from relay.wire.messages import WireMessage
from tests.doubles.discord import DiscordDouble
from tests.doubles.discord.voice_person import VoicePerson
from tests.hearing.sounds import as_packets, speech

PEOPLE: Final = 8
SILENCE: Final = 0.12
"""Seconds without a word after which nothing more is on its way: six frames."""
FAR: Final = 250
"""Packets of what is said after which nobody can have been interrupted: five seconds, a third of it."""
TIMEOUT: Final = 60.0
TEXT: Final = (
    "The dragon you fought yesterday has a brother, and he is not happy about it. He lives behind the waterfall. "
    "Nobody has ever come back from there with all of their potions. I would bring a torch, a rope, and a friend who "
    "runs slower than you. Then again, what do I know? I am only the voice in your stream."
)


@dataclass(frozen=True)
class BargeInFigures:
    stop_ms_p50: float
    """From an external speaker's start to the last voice packet on the wire; 0 when none came after."""
    stop_ms_p99: float
    packets_after_max: int
    """Voice packets that arrived after an external speaker's start, at most."""
    first_packet_ms_p50: float
    """From `replyChunk` to the first voice packet."""
    gap_frames_max: int
    """Frames missing between two packets of one answer, by their timestamps and by when they arrived."""
    cpu_speaking: float
    """Share of one core while speaking."""
    cpu_listening_8: float
    """Share of one core while eight people talk at once and are streamed to Voxta."""
    onset_to_silence_ms_p95: float
    """From the first packet of a person who talks to the companion's last."""
    uninterrupted: int
    """Of those people how many it talked on beside: none, unless something is broken."""
    runs: int


class _Timed(Relay):
    """Notes when the first sentence with sound came."""

    chunk_at: float | None = None

    def _subscribe(self) -> None:
        self.events.received.subscribe(self._note)  # before anybody does something about it
        super()._subscribe()

    def _note(self, message: WireMessage) -> None:
        if isinstance(message, server.ReplyChunk) and message.audio_url and self.chunk_at is None:
            self.chunk_at = time.perf_counter()


class _Call:
    """A relay that is in a voice call, and what arrives there."""

    def __init__(
        self, app: _Timed, discord: DiscordDouble, people: Sequence[VoicePerson], packets: Sequence[bytes]
    ) -> None:
        self.app = app
        self.people = people
        self.packets = packets
        """A second of a person's voice."""
        self._voice = discord.voice

    def words(self, since: float) -> list[Any]:
        """The voice packets that arrived after a moment of `perf_counter`."""
        return [word for word in self._voice.words if word.at > since]

    async def speak(self, text: str, count: int) -> float:
        """Have a text said, and wait for `count` packets of it. When its first sentence came; no word is older."""
        self.app.chunk_at = None
        await self.app.session.have_said(text)
        await _until(lambda: self.app.chunk_at is not None and len(self.words(self.app.chunk_at)) >= count)
        assert self.app.chunk_at is not None
        return self.app.chunk_at

    async def silence(self) -> None:
        """Wait until no more words are on their way."""
        await _until(lambda: not self.words(time.perf_counter() - SILENCE))

    async def end(self) -> None:
        """Wait until nothing is said, and the floor is free."""
        await self.silence()
        await _until(lambda: self.app.floor.is_free(time.monotonic()))


async def run(*, runs: int = 40, seconds: float = 4.0) -> BargeInFigures:
    """Measure; processor time over `seconds`."""
    async with _call(hearing=False) as call:
        first, gaps, cpu_speaking = await _speaking(call, runs, seconds)
        stops = [await _stop(call, number) for number in range(runs)]
        onsets = [await _onset(call, number) for number in range(runs)]
    async with _call(hearing=True) as call:
        cpu_listening = await _listening(call, seconds)
    cuts = _percentiles([seconds for seconds, _ in stops])
    return BargeInFigures(
        stop_ms_p50=round(cuts[49] * 1000, 2),
        stop_ms_p99=round(cuts[98] * 1000, 2),
        packets_after_max=max(packets for _, packets in stops),
        first_packet_ms_p50=round(_percentiles(first)[49] * 1000, 2),
        gap_frames_max=max(gaps),
        cpu_speaking=round(cpu_speaking, 6),
        cpu_listening_8=round(cpu_listening, 6),
        onset_to_silence_ms_p95=round(_percentiles([seconds for seconds, _ in onsets])[94] * 1000, 2),
        uninterrupted=sum(packets >= FAR for _, packets in onsets),
        runs=runs,
    )


async def _speaking(call: _Call, runs: int, seconds: float) -> tuple[list[float], list[int], float]:
    """Seconds to the first packet, gaps, and the share of a core."""
    first: list[float] = []
    for _ in range(max(2, runs // 4)):
        began = await call.speak("Hello there.", 1)
        first.append(call.words(began)[0].at - began)
        await call.end()
    began = await call.speak(TEXT, 10)
    share = await _cpu_share(seconds)
    await asyncio.sleep(seconds)
    call.app.voice.silence()
    await call.end()
    words = call.words(began)
    return first, [_missing(*pair) for pair in pairwise(words)], share


async def _stop(call: _Call, number: int) -> tuple[float, int]:
    """Seconds from an external speaker's start to the last packet, and how many came after it."""
    await call.speak(TEXT, 8 + number % 7)
    await asyncio.sleep(random.uniform(0, FRAME))
    began = time.perf_counter()
    call.app.voice.speaks("game:bench")
    await call.silence()
    call.app.voice.stopped("game:bench", is_done=True)
    await call.end()
    return _last(call.words(began), began)


async def _onset(call: _Call, number: int) -> tuple[float, int]:
    """Seconds from a person's first packet to the companion's last, and how many came after it."""
    await call.speak(TEXT, 8 + number % 7)
    await asyncio.sleep(random.uniform(0, FRAME))
    person = call.people[number % len(call.people)]
    await person.speak([*call.packets] * 2)
    await call.end()
    began = person.sent[0]
    return _last(call.words(began), began)


async def _listening(call: _Call, seconds: float) -> float:
    before = min(1.0, seconds)
    voice = [*call.packets] * (int(before + seconds) + 1)
    async with asyncio.TaskGroup() as tasks:
        for person in call.people:
            tasks.create_task(person.speak(voice))
        await asyncio.sleep(before)
        return await _cpu_share(seconds)


async def _cpu_share(seconds: float) -> float:
    began, used = time.perf_counter(), time.process_time()
    await asyncio.sleep(seconds)
    return (time.process_time() - used) / (time.perf_counter() - began)


def _last(words: Sequence[Any], began: float) -> tuple[float, int]:
    return (max(word.at for word in words) - began if words else 0.0), len(words)


def _missing(earlier: Any, later: Any) -> int:
    """Frames that are missing between two packets."""
    by_time = (later.at - earlier.at) / FRAME - 1
    by_stamp = ((later.timestamp - earlier.timestamp) & 0xFFFFFFFF) / (RATE * FRAME) - 1
    return max(0, int(by_time), int(by_stamp))


def _percentiles(values: Sequence[float]) -> list[float]:
    return quantiles(values, n=100, method="inclusive")


async def _until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(TIMEOUT):
        while not true():  # noqa: ASYNC110 - packets arrive in a thread of their own
            await asyncio.sleep(0.005)


@asynccontextmanager
async def _call(*, hearing: bool) -> AsyncIterator[_Call]:
    """The whole relay in a call with eight people; with `hearing` the companion listens to them as well."""
    with tempfile.TemporaryDirectory() as folder:
        async with DiscordDouble() as discord:
            people = [await discord.enter(f"person{number}") for number in range(PEOPLE)]
            config = _config(Path(folder), discord, people, hearing=hearing)
            audio = LiveAudio(config)
            async with voxta(config, port=0) as url:
                app = _Timed(
                    config,
                    platforms_of(config, audio),
                    voxta_url=url,
                    statistics=Statistics(),
                    audio=audio,
                )
                async with running(app):
                    await _until(lambda: app.session.chat is not None and _is_heard(audio))
                    yield _Call(app, discord, people, as_packets(speech()[:HEARING_RATE]))


def _is_heard(audio: LiveAudio) -> bool:
    return audio.channels is not None and audio.channels.sink.is_open


def _config(folder: Path, discord: DiscordDouble, people: Sequence[VoicePerson], *, hearing: bool) -> Config:
    return load(
        relay=RelaySection(name="bench", data_dir=folder),
        voxta=VoxtaSection(),
        companion=CompanionSection(
            speech="espeak",
            pace=0,
            hearing="openai" if hearing else "none",
            hearing_url="http://127.0.0.1:9/v1",  # what is transcribed does not matter here
        ),
        discord=discord.settings(),
        voice=VoiceSection(streamer=int(people[0].id), channels=(int(discord.lounge),), listen_to="everyone"),
        speech=SpeechSection(enabled=True, sinks=("discord",)),
        floor=FloorSection(min_speech=0, on_barge_in="stop", silence=0.1, after="nothing"),
    )
