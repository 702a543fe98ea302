"""Mouths by real vowels: eSpeak's, of a man and a woman, in two languages."""

import numpy as np
import pytest

from relay.avatar.lip_shapes import CLOSED, VOWELS, shape_at
from relay.companion.voice.espeak import Espeak
from relay.speech.audio import prepare
from relay.speech.base import RATE

LOUDNESS = -18.0
PHONEMES = {"A": "[[a:]]", "I": "[[i:]]", "U": "[[u:]]", "E": "[[e:]]", "O": "[[o:]]"}


def tone(share: float, seconds: float = 1.0) -> bytes:
    """A hum of a loudness that is a share of full scale."""
    at = np.arange(int(seconds * RATE)) / RATE
    return (32767 * share * np.sin(2 * np.pi * 300 * at)).astype("<i2").tobytes()


@pytest.mark.parametrize("voice", ["de", "es", "es+f3"])
async def test_the_mouth_forms_the_vowel_that_is_said(voice: str) -> None:
    formed = {}
    for vowel, phoneme in PHONEMES.items():
        pcm = prepare(await Espeak(voice).speak(phoneme), LOUDNESS)
        shape = shape_at(pcm, 0.35 * len(pcm) / (2 * RATE), LOUDNESS)
        formed[vowel] = VOWELS[int(np.argmax(shape.vowels))]

    assert formed == {vowel: vowel for vowel in PHONEMES}


async def test_the_mouth_is_spread_for_i_and_rounded_for_u() -> None:
    widths = []
    for vowel in ("I", "A", "U"):
        pcm = prepare(await Espeak("de").speak(PHONEMES[vowel]), LOUDNESS)
        widths.append(shape_at(pcm, 0.35 * len(pcm) / (2 * RATE), LOUDNESS).width)

    assert widths[0] > 0.8 > 0.6 > widths[1] > 0.4 > 0.2 > widths[2]


def test_louder_opens_the_mouth_further_and_a_whisper_keeps_it_closed() -> None:
    openings = [shape_at(tone(share), 0.5, LOUDNESS).opening for share in (0.004, 0.03, 0.1, 0.9)]

    assert openings[0] == 0.0 < openings[1] < openings[2] < openings[3] == 1.0


def test_how_far_it_opens_does_not_hang_on_the_loudness_of_all_clips() -> None:
    quiet, loud = shape_at(tone(0.05), 0.5, -24.0), shape_at(tone(0.1), 0.5, -18.0)

    assert quiet.opening == pytest.approx(loud.opening, abs=0.01)


@pytest.mark.parametrize("pcm", [b"", bytes(2 * RATE), tone(0.5, 0.2)], ids=["nothing", "silence", "it is over"])
def test_the_mouth_is_closed_where_nothing_is_heard(pcm: bytes) -> None:
    assert shape_at(pcm, 0.5, LOUDNESS) is CLOSED


def test_the_vowels_are_together_as_much_as_the_mouth_is_open() -> None:
    shape = shape_at(tone(0.1), 0.99, LOUDNESS)

    assert sum(shape.vowels) == pytest.approx(shape.opening)
    assert 0.0 < shape.opening < 1.0
