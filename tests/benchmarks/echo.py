"""Whether the companion interrupts itself by loudspeakers, and whether people who talk over it still do.

Voices are eSpeak's, two for the companion and two for people, which is hard on what tells them apart: all are made of
the same formants. The way back is a loudspeaker, a room, a delay that wanders, and Opus, as in a call.
"""

import asyncio
import io
import itertools
import time
import wave
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from relay.companion.voice.espeak import Espeak
from relay.config import FloorSection, HearingSection
from relay.hearing.base import BLOCK_SAMPLES, HEARING_RATE
from relay.hearing.detector import NeuralDetector
from relay.hearing.echo import Echo
from relay.hearing.person import PersonVoice
from relay.hearing.played import RATE
from relay.speech.opus import Decoder, Encoder
from tests.hearing.rooms import FRAME, STEP, Sound, echoed, listener, playing, samples

GATE: Final = -50.0
BEGINS: Final = 1000.0
SAYS: Final = (
    "Well, let me tell you about the time we went to the old harbour and found a box full of letters.",
    "I think the next level is much harder, you should take the blue key and leave the sword behind.",
)
THEIRS: Final = ("Wait, stop, that is not what I meant.", "Hang on, can you please talk about something else?")


@dataclass
class _Floor:
    """Counts what the floor would hear of one person."""

    now: float = 0.0
    sounds: int = 0
    speaking_since: float | None = None
    spoken: float = 0.0
    first_sound: float | None = None

    def sound_began(self, who: str) -> None:
        self.sounds += 1
        self.first_sound = self.now if self.first_sound is None else self.first_sound

    def was_noise(self, who: str) -> None: ...

    def speech_began(self, who: str) -> None:
        self.speaking_since = self.now

    def speech(self, who: str, pcm: bytes) -> None: ...

    def speech_paused(self, who: str) -> None:
        if self.speaking_since is not None:
            self.spoken += self.now - self.speaking_since
        self.speaking_since = None

    def speech_resumed(self, who: str) -> None:
        self.speaking_since = self.now

    def turn_ended(self, who: str) -> None:
        self.speech_paused(who)

    def turn_cut(self, who: str) -> None: ...


async def _spoken(voice: str, texts: tuple[str, ...]) -> list[Sound]:
    sounds = []
    for text in texts:
        with wave.open(io.BytesIO(await Espeak(voice).speak(text))) as file:
            rate, sound = file.getframerate(), np.frombuffer(file.readframes(file.getnframes()), "<i2").astype(float)
        at = np.arange(int(len(sound) * RATE / rate)) * rate / RATE
        full = np.interp(at, np.arange(len(sound)), sound)
        sounds.append(full * 0.1 * 32768 / np.sqrt(np.mean(full[np.abs(full) > 50] ** 2)))
    return sounds


def _sent(sound: Sound) -> Sound:
    """Through the codec of a call."""
    encoder, decoder, pcm = Encoder(), Decoder(), samples(sound)
    frames = [pcm[at : at + 2 * FRAME] for at in range(0, len(pcm) - 2 * FRAME + 1, 2 * FRAME)]
    return np.frombuffer(b"".join(decoder.decode(encoder.encode(frame)) for frame in frames), "<i2").astype(float)


def _judge(heard: Sound, echo: Echo) -> tuple[_Floor, float]:
    """What the floor would hear, and the seconds of the processor that it took."""
    floor = _Floor()
    person = PersonVoice(
        "voice:ann",
        floor,
        NeuralDetector(),
        settings=HearingSection(),
        gate=GATE,
        ends_after=lambda: 0.5,
        is_echo=echo.is_echo,
    )
    pcm, used = samples(np.convolve(heard, np.ones(STEP) / STEP, "same")[::STEP]), 0.0
    for number, at in enumerate(range(0, len(pcm) - 2 * BLOCK_SAMPLES + 1, 2 * BLOCK_SAMPLES), 1):
        floor.now = BEGINS + number * BLOCK_SAMPLES / HEARING_RATE
        began = time.process_time()
        person.feed(pcm[at : at + 2 * BLOCK_SAMPLES], floor.now)
        used += time.process_time() - began
    person.end()
    return floor, used


async def run(*, cases: int = 50, seed: int = 0) -> dict[str, Any]:
    """Echoes of -10 to -30 dB, 20 to 500 ms late; a person as loud as the companion, or half as loud."""
    rng, min_speech = np.random.default_rng(seed), FloorSection().min_speech
    companions = [*await _spoken("en-us", SAYS), *await _spoken("en-us+f3", SAYS)]
    people = [*await _spoken("en-us+f4", THEIRS), *await _spoken("en-us+m7", THEIRS)]
    alone, paused, found, after, length, used = 0, 0, 0, [], 0.0, 0.0
    for number, (level, played) in zip(range(cases), itertools.cycle(itertools.product((-10, -20, -30), companions))):
        delay, sink = rng.uniform(0.02, 0.5), playing(played, BEGINS)
        back = echoed(played, seed + number, level=level, delay=delay) + rng.normal(0, 18, len(played))
        floor, seconds = _judge(_sent(back), listener(sink))
        alone, paused = alone + (floor.spoken >= min_speech), paused + (floor.sounds > 0)
        length, used = length + len(played) / RATE, used + seconds

        theirs, at = people[number % len(people)] * (1.0, 0.5)[number % 2], rng.uniform(1.0, 2.0)
        begin = int(at * RATE)
        back[begin : begin + len(theirs)] += theirs[: len(back) - begin]
        floor, _ = _judge(_sent(back), listener(sink))
        found += floor.spoken >= min_speech
        if floor.first_sound is not None:
            after.append(floor.first_sound - BEGINS - at)
    return {
        "cases": cases,
        "self-interruptions": alone,
        "short pauses by an echo": paused,
        "true interruptions found": found,
        "seconds to the first sound, median": round(float(np.median(after)), 3),
        "seconds to the first sound, p95": round(float(np.percentile(after, 95)), 3),
        "share of a core, with the detector": round(used / length, 4),
    }


if __name__ == "__main__":
    print(asyncio.run(run()))
