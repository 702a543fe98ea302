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


def encoder() -> av.AudioCodecContext:
    """What makes Opus packets of frames of 20 ms."""
    codec = av.CodecContext.create("libopus", "w")
    assert isinstance(codec, av.AudioCodecContext)
    codec.sample_rate, codec.layout, codec.format = RATE, "mono", av.AudioFormat("flt")
    codec.options = {"frame_duration": "20"}
    return codec


def encode(samples: Samples) -> list[bytes]:
    """Opus packets of 20 ms each; the last one is filled up with silence."""
    codec = encoder()
    padded = np.pad(samples, (0, -len(samples) % FRAME)).astype(np.float32)
    packets = []
    for place in range(0, len(padded), FRAME):
        packets += codec.encode(frame_of(padded[place : place + FRAME], place))
    return [bytes(packet) for packet in (*packets, *codec.encode(None))][: len(padded) // FRAME]


def frame_of(samples: Samples, place: int) -> av.AudioFrame:
    """What an encoder takes: `FRAME` samples, the first of them that in the stream."""
    frame = av.AudioFrame.from_ndarray(samples[None].astype(np.float32), format="flt", layout="mono")
    frame.sample_rate, frame.pts, frame.time_base = RATE, place, Fraction(1, RATE)
    return frame


def decode(packets: Iterable[bytes]) -> Samples:
    codec = av.CodecContext.create("libopus", "r")
    assert isinstance(codec, av.AudioCodecContext)
    frames = [frame for packet in packets for frame in codec.decode(av.Packet(packet))]
    return np.concatenate([mono(frame) for frame in frames] or [np.zeros(0, np.float32)])


def mono(frame: av.AudioFrame) -> Samples:
    """All channels of a frame as one."""
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
