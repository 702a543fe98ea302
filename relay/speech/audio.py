"""Whatever a speech service sends, as samples of one rate and one loudness."""

import io
import math
from collections.abc import Iterator
from fractions import Fraction
from typing import Final

import av
import numpy as np
from av.audio.frame import AudioFrame
from av.filter import Graph
from numpy.typing import NDArray

from relay.errors import SpeechError
from relay.speech.base import RATE

MAX_SECONDS: Final = 120.0
"""Longest clip; a sentence is shorter."""
MAX_GAIN: Final = 12.0
"""Decibels a quiet clip is raised at most: beyond that it is noise that gets louder."""
PEAK: Final = 0.89
"""Share of full scale no sample exceeds (-1 dBFS)."""
SILENT: Final = -60.0
"""LUFS below which there is nothing to bring up."""
MEASURED: Final = int(0.5 * RATE)
"""Samples a measurement of loudness needs at least: EBU R 128 looks at blocks of 0.4 s."""
HEADER: Final = {"probesize": "32"}
"""A WAV file says what it holds in its first bytes; else FFmpeg looks through the whole clip before it decodes it."""

Samples = NDArray[np.int16]


def decode(data: bytes) -> Samples:
    """WAV, MP3, Ogg, FLAC … as 48 kHz mono samples. Raises SpeechError for what is none of them, or too long."""
    try:
        pieces = list(_decoded(data))
    except (av.FFmpegError, ValueError, MemoryError) as error:
        raise SpeechError(f"{len(data)} bytes are no audio that can be read: {error}") from None
    samples = np.concatenate(pieces) if pieces else np.zeros(0, np.int16)
    if not len(samples):
        raise SpeechError(f"{len(data)} bytes of audio without sound")
    return samples


def _decoded(data: bytes) -> Iterator[Samples]:
    resampler = av.AudioResampler(format="s16", layout="mono", rate=RATE)
    left = int(MAX_SECONDS * RATE)
    options = HEADER if data.startswith(b"RIFF") else {}
    with av.open(io.BytesIO(data), mode="r", options=options) as container:
        if not container.streams.audio:
            raise ValueError("it holds no sound")
        for frame in container.decode(audio=0):
            for piece in _samples(resampler.resample(frame)):
                left -= len(piece)
                if left < 0:
                    raise SpeechError(f"a clip is longer than {MAX_SECONDS:g} s")
                yield piece
        yield from _samples(resampler.resample(None))


def _samples(frames: list[AudioFrame]) -> Iterator[Samples]:
    for frame in frames:
        yield frame.to_ndarray().reshape(-1).astype(np.int16, copy=False)


def loudness(samples: Samples) -> float:
    """Integrated loudness in LUFS (EBU R 128); -inf for silence. A very short clip is measured repeated."""
    if not samples.any():
        return -math.inf
    enough = np.tile(samples, -(-MEASURED // len(samples)))
    graph = Graph()
    source = graph.add_abuffer(sample_rate=RATE, format="s16", layout="mono", time_base=Fraction(1, RATE))
    meter, end = graph.add("ebur128", "metadata=1:framelog=quiet"), graph.add("abuffersink")
    source.link_to(meter)
    meter.link_to(end)
    graph.configure()
    frame = AudioFrame.from_ndarray(enough.reshape(1, -1), format="s16", layout="mono")
    frame.sample_rate, frame.pts = RATE, 0
    graph.push(frame)
    graph.push(None)
    return _last_measure(graph)


def _last_measure(graph: Graph) -> float:
    measured = -math.inf
    while True:
        try:
            frame = graph.pull()
        except (av.error.BlockingIOError, av.error.EOFError):
            return measured
        measured = float(frame.metadata.get("lavfi.r128.I", measured))


def levelled(samples: Samples, target: float) -> Samples:
    """The samples at `target` LUFS, as far as nothing clips; near silence is left as it is."""
    measured = loudness(samples)
    if measured < SILENT:
        return samples
    gain = 10 ** (min(target - measured, MAX_GAIN) / 20)
    peak = int(np.abs(samples.astype(np.int32)).max())
    gain = min(gain, PEAK * 32767 / peak)
    brought: Samples = np.rint(samples * gain).astype(np.int16)
    return brought


def prepare(data: bytes, target: float) -> bytes:
    """What a clip plays: decoded and levelled, as bytes. Takes some milliseconds of processor time."""
    return levelled(decode(data), target).astype("<i2").tobytes()
