"""Sounds that can be told apart: tones as Opus packets, and what was heard as samples."""

from collections.abc import Iterable
from fractions import Fraction

import av
import numpy as np
from numpy.typing import NDArray

RATE, FRAME = 48_000, 960

Samples = NDArray[np.float32]
"""Mono at 48 kHz, from -1 to 1."""


def tone(hertz: float, seconds: float, level: float = 0.3) -> Samples:
    at = np.arange(round(seconds * RATE)) / RATE
    return (level * np.sin(2 * np.pi * hertz * at)).astype(np.float32)


def encode(samples: Samples) -> list[bytes]:
    """Opus packets of 20 ms each; the last one is filled up with silence."""
    codec = av.CodecContext.create("libopus", "w")
    assert isinstance(codec, av.AudioCodecContext)
    codec.sample_rate, codec.layout, codec.format = RATE, "mono", av.AudioFormat("flt")
    codec.options = {"frame_duration": "20"}
    padded = np.pad(samples, (0, -len(samples) % FRAME)).astype(np.float32)
    packets = []
    for place in range(0, len(padded), FRAME):
        frame = av.AudioFrame.from_ndarray(padded[None, place : place + FRAME], format="flt", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = RATE, place, Fraction(1, RATE)
        packets += codec.encode(frame)
    return [bytes(packet) for packet in (*packets, *codec.encode(None))][: len(padded) // FRAME]


def decode(packets: Iterable[bytes]) -> Samples:
    codec = av.CodecContext.create("libopus", "r")
    assert isinstance(codec, av.AudioCodecContext)
    frames = [frame for packet in packets for frame in codec.decode(av.Packet(packet))]
    return np.concatenate([_mono(frame) for frame in frames] or [np.zeros(0, np.float32)])


def _mono(frame: av.AudioFrame) -> Samples:
    data = frame.to_ndarray()
    channels = len(frame.layout.channels)
    samples = data.astype(np.float32) / (32_768 if data.dtype == np.int16 else 1)
    by_channel = samples if frame.format.is_planar else samples.reshape(-1, channels).T
    return np.asarray(by_channel.mean(axis=0), np.float32)


def pitch(samples: Samples) -> float:
    """The loudest frequency in hertz; 0 for silence."""
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
    return 0.0 if loudness(samples) < 1e-3 else float(np.argmax(spectrum) * RATE / len(samples))


def loudness(samples: Samples) -> float:
    """Root mean square."""
    return float(np.sqrt(np.mean(np.square(samples)))) if len(samples) else 0.0
