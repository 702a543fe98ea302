"""Samples to Opus, as voice channels take it, and back."""

from typing import Final

import av
from av.audio.codeccontext import AudioCodecContext

from relay.errors import SpeechError
from relay.speech.base import FRAME, RATE
from relay.speech.libopus import OpusStream, library

BIT_RATE: Final = 64_000
"""Bits a second; what a voice channel has by default."""
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


class Decoder:
    """Decodes one stream, packet by packet, in order. Used by one thread at a time."""

    def __init__(self) -> None:
        found = library()
        self._stream = OpusStream(found) if found is not None else None
        self._codec = _codec() if found is None else None

    def decode(self, packet: bytes) -> bytes:
        """The samples of one packet: 48 kHz, mono, signed 16 bit. Raises SpeechError when it is no Opus."""
        if not packet:  # libav takes that for the end of the stream
            raise SpeechError("an empty packet is no Opus")
        if self._stream is not None:
            return self._stream.decode(packet)
        assert self._codec is not None
        try:
            frames = self._codec.decode(av.Packet(packet))
        except av.FFmpegError as error:
            raise SpeechError(f"{len(packet)} bytes are no Opus: {error}") from None
        return b"".join(bytes(frame.planes[0])[: 2 * frame.samples] for frame in frames)

    def make_up(self, lost: int, packet: bytes) -> list[bytes]:
        """The samples of so many frames that were lost right before a packet, which is decoded after this.

        The last one is in the packet again, if the speaker's client sends it twice (forward error correction); the
        others are guessed from what was before. Silence where there is no library that can.
        """
        if self._stream is None:
            return [bytes(2 * SAMPLES)] * lost
        try:
            guessed = [self._stream.conceal(SAMPLES) for _ in range(lost - 1)]
            return [*guessed, self._stream.recover(packet, SAMPLES)]
        except SpeechError:
            return [bytes(2 * SAMPLES)] * lost


def _codec() -> AudioCodecContext:
    codec = av.CodecContext.create("libopus", "r")
    assert isinstance(codec, AudioCodecContext)
    codec.sample_rate, codec.layout = RATE, "mono"
    return codec
