"""How long somebody waits who asks aloud: a person in the tests' local Discord, and the whole relay with its companion.

Times count from the end of the person's last word, as their last packet with sound leaves, and stop at packets that
arrive in the call. Everybody runs in this process, also those who are not ours: the times are upper bounds.
"""

import asyncio
import random
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import quantiles
from typing import Final, Literal

from relay.application.audio import LiveAudio
from relay.application.composition import Relay
from relay.application.running import running
from relay.application.runs import platforms_of
from relay.application.settings import load
from relay.application.statistics import Statistics
from relay.companion.serving.server import CompanionServer
from relay.config.loading import Config
from relay.hearing.base import Recogniser
from relay.hearing.separate_voices import SeparateVoices
from relay.wire import server
from relay.wire.messages import WireMessage
from tests.benchmarks.engines import Engines, InstantBrain, InstantRecogniser, PocketSphinx
from tests.doubles.discord import DiscordDouble
from tests.doubles.discord.voice_person import VoicePerson
from tests.doubles.discord.voice_sound import encode
from tests.voices import ANN, BOB, CLEO, said

Kind = Literal["instant", "small", "endpoint", "streaming", "early"]
KINDS: Final[tuple[Kind, ...]] = ("instant", "small", "endpoint", "streaming", "early")
"""Engines that answer at once, in this process; pocketsphinx instead; endpoints that take 300 ms each; the same with a
recogniser that knows the words as they are said; the same, and answers are begun early."""
DELAY: Final = 0.3
"""Seconds that each engine at an endpoint takes."""
STEPS: Final = ("ended", "text", "asked", "first_token", "chunk", "first_sound")
QUESTIONS: Final = (
    "Which dragon lives here?",
    "What do you think about that?",
    "Who is behind the waterfall?",
    "Can you help me with this?",
)
QUIET: Final = 0.5
"""Seconds without a word after which an answer is over: longer than voices pause at a comma."""
TIMEOUT: Final = 30.0


@dataclass(frozen=True)
class Spread:
    """Milliseconds."""

    p50: float
    p95: float
    max: float


@dataclass(frozen=True)
class TalkFigures:
    turns: int
    torn: int
    """Turns beside these that do not count: on a busy machine the person faltered, and was answered twice."""
    seed: int
    steps: dict[str, Spread]
    """From the end of the last word to: the end of the turn decided, the text known, the model asked, its first token,
    the first sentence with its sound at the relay, and the first sound in the call."""
    after_turn: Spread
    """From the decision that the turn has ended to the first sound."""
    chunk_to_sound: Spread
    """From `replyChunk` to the first sound."""
    goal_first_sound_ratio: float
    """p95 of the first sound over its goal of 350 ms, which is meant for instant engines; 1 or less reaches it."""
    goal_after_turn_ratio: float
    """p95 of what is not waiting for the end of the turn, over its goal of 60 ms."""


class _Timed(Relay):
    """Notes when the first sentence with sound came."""

    engines: Engines

    def _subscribe(self) -> None:
        self.events.received.subscribe(self._note)  # before anybody does something about it
        super()._subscribe()

    def _note(self, message: WireMessage) -> None:
        if isinstance(message, server.ReplyChunk) and message.audio_url:
            self.engines.mark("chunk")


async def run(*, turns: int, seed: int, kinds: Sequence[Kind] = KINDS) -> dict[str, TalkFigures]:
    """Measure, each kind of engines with as many turns."""
    return {kind: await _measure(kind, turns, seed) for kind in kinds}


async def _measure(kind: Kind, turns: int, seed: int) -> TalkFigures:
    chance = random.Random(seed)
    packets = [(text, encode(await said(text, voice))) for text in QUESTIONS for voice in (ANN, BOB, CLEO)]
    async with _call(kind) as (relay, person, discord):
        await _ask(relay, person, discord, packets[0])  # what is loaded at the first use
        asked = 0
        measured: list[dict[str, float]] = []
        while len(measured) < turns:
            asked += 1
            if (turn := await _ask(relay, person, discord, chance.choice(packets))) is not None:
                measured.append(turn)
    steps = {step: _spread([turn[step] for turn in measured]) for step in STEPS}
    after = _spread([turn["first_sound"] - turn["ended"] for turn in measured])
    return TalkFigures(
        turns=turns,
        torn=asked - turns,
        seed=seed,
        steps=steps,
        after_turn=after,
        chunk_to_sound=_spread([turn["first_sound"] - turn["chunk"] for turn in measured]),
        goal_first_sound_ratio=round(steps["first_sound"].p95 / 350, 3),
        goal_after_turn_ratio=round(after.p95 / 60, 3),
    )


async def _ask(
    relay: _Timed, person: VoicePerson, discord: DiscordDouble, question: tuple[str, Sequence[bytes]]
) -> dict[str, float] | None:
    """Seconds from the end of the last word to each step of one turn; None when it was taken for several."""
    engines, before = relay.engines, relay.engines.turns
    engines.question, packets = question
    engines.at.clear()
    began = time.perf_counter()
    await person.speak(packets)
    ended = person.sent[len(packets) - 1]

    def words() -> list[float]:
        return [word.at for word in discord.voice.words if word.at > began]

    await _until(lambda: bool(words()))
    engines.at["first_sound"] = words()[0]
    await _until(lambda: words()[-1] < time.perf_counter() - QUIET and relay.floor.is_free(time.monotonic()))
    return {step: engines.at[step] - ended for step in STEPS} if engines.turns == before + 1 else None


def _spread(seconds: Sequence[float]) -> Spread:
    cuts = quantiles(seconds, n=100, method="inclusive")
    return Spread(*(round(1000 * value, 1) for value in (cuts[49], cuts[94], max(seconds))))


async def _until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(TIMEOUT):
        while not true():  # noqa: ASYNC110 - packets arrive in a thread of their own
            await asyncio.sleep(0.005)


@asynccontextmanager
async def _call(kind: Kind) -> AsyncIterator[tuple[_Timed, VoicePerson, DiscordDouble]]:
    """The whole relay in a call with one person."""
    engines = Engines(delay=0.0 if kind in ("instant", "small") else DELAY)
    with tempfile.TemporaryDirectory() as folder:
        async with engines.serving(), DiscordDouble() as discord:
            person = await discord.enter("ann")
            config = _config(Path(folder), discord, person, engines.url, kind)
            audio = LiveAudio(config)
            if (recogniser := _recogniser(kind, engines)) is not None:
                audio.voices = SeparateVoices(recogniser)
            brain = None if engines.delay else InstantBrain(engines)
            async with CompanionServer(config.companion, brain=brain) as companion:
                relay = _Timed(
                    config, platforms_of(config, audio), voxta_url=companion.url, statistics=Statistics(), audio=audio
                )
                relay.engines = engines
                async with running(relay):
                    await _until(lambda: relay.session.chat is not None and _is_heard(audio))
                    yield relay, person, discord


def _recogniser(kind: Kind, engines: Engines) -> Recogniser | None:
    match kind:
        case "endpoint":
            return None
        case "small":
            return PocketSphinx(engines)
        case _:
            return InstantRecogniser(engines)


def _is_heard(audio: LiveAudio) -> bool:
    return audio.channels is not None and audio.channels.sink.is_open


def _config(folder: Path, discord: DiscordDouble, person: VoicePerson, url: str, kind: Kind) -> Config:
    return load(
        relay={"name": "bench", "data_dir": folder},
        companion={
            "port": 0,
            "brain": "openai",
            "base_url": url,
            "speech": "espeak" if kind in ("instant", "small") else "openai",
            "speech_url": url,
            "begin_early": kind == "early",
        },
        hearing={"through": "openai", "url": url},
        discord=discord.settings(),
        voice={"streamer": int(person.id), "channels": [int(discord.lounge)], "listen_to": "everyone"},
        speech={"enabled": True, "sinks": ["discord"]},
        budget={"rates": {"all": 60_000, "viewer": 60_000}, "bursts": {"all": 1_000, "viewer": 1_000}},
    )
