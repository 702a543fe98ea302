"""Sounds to tell apart: tones, and what is in a recording."""

import io
import wave

import numpy as np
from numpy.typing import NDArray

from relay.speech.base import RATE


def tone(hertz: float, seconds: float, *, level: float = 0.3, rate: int = RATE) -> NDArray[np.int16]:
    """A sine; `level` is the share of full scale."""
    at = np.arange(round(seconds * rate)) / rate
    return np.rint(np.sin(2 * np.pi * hertz * at) * level * 32767).astype(np.int16)


def wav(samples: NDArray[np.int16], rate: int = RATE, channels: int = 1) -> bytes:
    """A WAV file."""
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setnchannels(channels)
        writer.setsampwidth(2)
        writer.setframerate(rate)
        writer.writeframes(samples.astype("<i2").tobytes())
    return file.getvalue()


def pitch(samples: NDArray[np.int16], rate: int = RATE) -> float:
    """The strongest frequency, in Hz."""
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
    return float(np.argmax(spectrum) * rate / len(samples))
