"""Samples to Opus, as Discord takes it."""

from typing import Final

import av
from av.audio.codeccontext import AudioCodecContext

from relay.speech.base import FRAME, RATE

BIT_RATE: Final = 64_000
"""Bits a second; what Discord gives a voice channel by default."""
SAMPLES: Final = int(RATE * FRAME)
"""Samples of one frame."""


class Encoder:
    """Encodes one stream, frame by frame. Used by one thread at a time."""

    def __init__(self) -> None:
        codec = av.CodecContext.create("libopus", "w")
        assert isinstance(codec, AudioCodecContext)
        codec.sample_rate, codec.layout, codec.format = RATE, "mono", "s16"
        codec.bit_rate = BIT_RATE
        codec.options = {"application": "voip", "frame_duration": "20"}
        self._codec = codec
        self._at = 0

    def encode(self, samples: bytes) -> bytes:
        """The packet of one frame: 960 samples, mono, signed 16 bit."""
        frame = av.AudioFrame(format="s16", layout="mono", samples=SAMPLES)
        frame.sample_rate, frame.pts = RATE, self._at
        frame.planes[0].update(samples)
        self._at += SAMPLES
        return b"".join(bytes(packet) for packet in self._codec.encode(frame))
