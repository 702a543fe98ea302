"""How many words a recogniser still finds when one packet in five is lost, with and without making up for it.

The recogniser is pocketsphinx, whose package carries its English model; the speaker is eSpeak. It misunderstands some
words of that voice anyway, so what counts is how many of those it finds in the sound that lost nothing it still finds.
"""

import random
from collections import Counter
from fractions import Fraction
from functools import cache
from itertools import groupby
from typing import Any, Final

import av
import numpy as np

from relay.hearing.resampling import Resampler
from relay.speech.base import RATE
from relay.speech.opus import SAMPLES, Decoder
from tests.benchmarks.engines import sphinx_decoder
from tests.hearing import sounds

LOSS: Final = 0.2
SENTENCES: Final = (
    "Go forward ten meters and then turn left.",
    "What do you think about the weather today?",
    "We should open the door and look for the old man.",
    "Please tell me a story about a dog and a horse.",
    "I would like to know how many people are in this room.",
    "There are seven houses at the end of the long street.",
    "My brother wants to play the game again tomorrow morning.",
    "Can you see the light on the other side of the river?",
)


def run(*, seeds: int = 3) -> dict[str, Any]:
    """Shares of words kept."""
    kept: dict[str, list[float]] = {"with silence": [], "guessed": [], "with the packets' own repetition": []}
    for text in SENTENCES:
        packets = packets_of(sounds.speech("en-us", text))
        whole = _words(_decoded(packets, set(), "guessed"))
        for seed in range(seeds):
            lost = _lost(len(packets), random.Random(seed))
            for way, shares in kept.items():
                found = _words(_decoded(packets, lost, way))
                shares.append((whole & found).total() / max(1, whole.total()))
    return {"loss": LOSS, "sentences": len(SENTENCES) * seeds} | {
        f"words kept {way}": round(float(np.mean(shares)), 3) for way, shares in kept.items()
    }


def packets_of(samples: sounds.Samples) -> list[bytes]:
    """As Discord's clients send: with forward error correction for the loss they are told of."""
    codec = av.CodecContext.create("libopus", "w")
    assert isinstance(codec, av.AudioCodecContext)
    codec.sample_rate, codec.layout, codec.format, codec.bit_rate = RATE, "mono", av.AudioFormat("s16"), 64_000
    codec.options = {"application": "voip", "frame_duration": "20", "fec": "1", "packet_loss": str(round(LOSS * 100))}
    at = np.arange(3 * len(samples)) / 3
    high = np.frombuffer(sounds.pcm(np.interp(at, np.arange(len(samples)), samples)), "<i2")
    padded = np.pad(high, (0, -len(high) % SAMPLES))
    packets: list[bytes] = []
    for place in range(0, len(padded), SAMPLES):
        frame = av.AudioFrame.from_ndarray(padded[None, place : place + SAMPLES], format="s16", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = RATE, place, Fraction(1, RATE)
        packets += [bytes(packet) for packet in codec.encode(frame)]
    return packets


def _lost(count: int, chance: random.Random) -> set[int]:
    return {number for number in range(1, count - 1) if chance.random() < LOSS}


def _decoded(packets: list[bytes], lost: set[int], way: str) -> bytes:
    decoder, heard = Decoder(), b""
    numbers = list(range(len(packets)))
    for is_lost, group in groupby(numbers, key=lost.__contains__):
        run_of = list(group)
        if not is_lost:
            heard += b"".join(decoder.decode(packets[number]) for number in run_of)
        elif way == "with silence":
            heard += bytes(2 * SAMPLES) * len(run_of)
        else:
            following = packets[run_of[-1] + 1]
            made_up = decoder.make_up(len(run_of), following)
            if way == "guessed":
                made_up = decoder.make_up(len(run_of) + 1, following)[: len(run_of)]
            heard += b"".join(made_up)
    return Resampler(RATE).convert(heard)


def _words(pcm: bytes) -> Counter[str]:
    sphinx = _sphinx()
    sphinx.start_utt()
    sphinx.process_raw(pcm, full_utt=True)
    sphinx.end_utt()
    found = sphinx.hyp()
    return Counter(str(found.hypstr).split()) if found is not None else Counter()


@cache
def _sphinx() -> Any:
    return sphinx_decoder(samprate=16_000, loglevel="FATAL")
