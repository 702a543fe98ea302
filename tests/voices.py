"""People to listen to: sentences in eSpeak's different voices, as a microphone would pick them up."""

import io
import wave
from fractions import Fraction
from typing import Final

import av
import numpy as np
from numpy.typing import NDArray

from relay.companion.voice.espeak import Espeak
from tests.doubles.discord.voice_sound import FRAME, RATE, Samples

ANN: Final = "en-us+f3"
BOB: Final = "en-us+m3"
CLEO: Final = "en-us+f5"

_AUDIBLE: Final = 10 ** (-40 / 20)
"""What is quieter, of full scale, is no word any more."""
_LOUD: Final = 0.1
"""Of full scale: a person near a microphone, about -20 dBFS while they speak."""


async def said(text: str, voice: str = ANN) -> Samples:
    """Somebody says this, from the beginning of the first word to the end of the last."""
    with wave.open(io.BytesIO(await Espeak(voice).speak(text))) as file:
        samples = np.frombuffer(file.readframes(file.getnframes()), "<i2")
        loud = _raised(samples, file.getframerate())
    words = loud * (_LOUD / np.sqrt(np.mean(np.square(loud))))
    frames = np.sqrt(np.mean(np.square(words[: len(words) // FRAME * FRAME].reshape(-1, FRAME)), axis=1))
    [audible] = np.nonzero(frames > _LOUD * _AUDIBLE)
    return np.asarray(words[audible[0] * FRAME : (audible[-1] + 1) * FRAME], np.float32)


def _raised(samples: NDArray[np.int16], rate: int) -> Samples:
    """The samples at Discord's rate."""
    frame = av.AudioFrame.from_ndarray(samples[None, :], format="s16", layout="mono")
    frame.sample_rate, frame.pts, frame.time_base = rate, 0, Fraction(1, rate)
    resampler = av.AudioResampler(format="flt", layout="mono", rate=RATE)
    pieces = [*resampler.resample(frame), *resampler.resample(None)]
    return np.concatenate([piece.to_ndarray()[0] for piece in pieces])
