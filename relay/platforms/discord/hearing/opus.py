"""Opus to samples."""

import av
from av.audio.codeccontext import AudioCodecContext


class DecodingError(Exception):
    """A packet that is no Opus."""


class Decoder:
    """Decodes one stream's packets, in order, to 48 kHz mono samples of signed 16 bit."""

    def __init__(self) -> None:
        self._codec = av.CodecContext.create("libopus", "r")
        assert isinstance(self._codec, AudioCodecContext)
        self._codec.sample_rate = 48_000
        self._codec.layout = "mono"

    def decode(self, packet: bytes) -> bytes:
        """Samples of one packet. Raises DecodingError."""
        if not packet:
            raise DecodingError("empty")
        try:
            frames = self._codec.decode(av.Packet(packet))
        except av.FFmpegError as error:
            raise DecodingError(str(error)) from None
        return b"".join(bytes(frame.planes[0])[: 2 * frame.samples] for frame in frames)
