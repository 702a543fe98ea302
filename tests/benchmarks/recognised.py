"""An endpoint that knows by its sound what was said, and by whom: it compares what it is given with what was said."""

from collections.abc import Mapping
from typing import Final

import numpy as np
from aiohttp import web
from numpy.typing import NDArray

from relay.hearing.base import HEARING_RATE
from relay.hearing.resampling import Resampler
from tests.companion.endpoints import TranscriptionEndpoint
from tests.doubles.discord.voice_sound import RATE, Samples
from tests.hearing.sounds import pcm

PIECE: Final = HEARING_RATE // 4
ALIKE: Final = 0.6
"""Correlation from which on a piece is the same sound, through codecs and over noise; other words have 0.4 at most."""
MOST: Final = 0.5
"""Share of an utterance that has to be there: a turn holds all of it, or was torn."""


class KnowsUtterances(TranscriptionEndpoint):
    """Understands those of its utterances that are in the sound, in the order of `said`; "" where there is none."""

    def __init__(self, said: Mapping[str, Samples]) -> None:
        super().__init__()
        self._said = {text: _pieces(_lowered(sound)) for text, sound in said.items()}
        self.understood: list[str] = []
        """The texts that were answered; "" for sounds without words."""

    async def answer(self, request: web.Request) -> web.StreamResponse:
        await super().answer(request)
        rate, samples = self.heard[-1]
        assert rate == HEARING_RATE
        heard = np.frombuffer(samples, "<i2") / 2**15
        found = [text for text, pieces in self._said.items() if _share(heard, pieces) >= MOST]
        self.understood.append(" and ".join(found))
        return web.json_response({"text": self.understood[-1]})


Sound = NDArray[np.float64]


def _lowered(sound: Samples) -> Sound:
    return np.frombuffer(Resampler(RATE).convert(pcm(sound.astype(np.float64))), "<i2") / 2**15


def _pieces(sound: Sound) -> list[Sound]:
    cut = [sound[at : at + PIECE] for at in range(0, len(sound) - PIECE + 1, PIECE)]
    loudest = max(float(np.square(piece).sum()) for piece in cut)
    return [piece for piece in cut if np.square(piece).sum() > 0.1 * loudest]


def _share(heard: Sound, pieces: list[Sound]) -> float:
    """How much of it is in there."""
    if len(heard) < PIECE:
        return 0.0
    size = 1 << (len(heard) + PIECE).bit_length()
    spectrum = np.fft.rfft(heard, size)
    sums = np.concatenate([[0.0], np.cumsum(np.square(heard))])
    energies = np.maximum(sums[PIECE:] - sums[:-PIECE], 1e-6)
    found = 0
    for piece in pieces:
        together = np.fft.irfft(spectrum * np.conj(np.fft.rfft(piece, size)), size)[: len(energies)]
        found += float((together / np.sqrt(energies * np.square(piece).sum())).max()) >= ALIKE
    return found / len(pieces)
