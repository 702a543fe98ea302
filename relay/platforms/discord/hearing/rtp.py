"""Voice datagrams: what is audio, and what an audio packet holds once Discord's transport encryption is open."""

import struct
from dataclasses import dataclass
from typing import Final

from nacl.exceptions import CryptoError
from nacl.secret import Aead

TRANSPORT: Final = "aead_xchacha20_poly1305_rtpsize"
"""The encryption that is understood: the only one Discord still offers which discord.py can choose."""
SILENCE: Final = b"\xf8\xff\xfe"
"""The Opus frame a client sends five times when its person falls silent. Never end-to-end encrypted."""

_OPUS: Final = 0x78
"""RTP's payload type of Discord's audio; video, its repairs and RTCP have others."""
_HEADER: Final = 12
_TAG: Final = 16
_COUNTER: Final = 4
_NONCE: Final = 24


class Unreadable(Exception):
    """A packet that is damaged, forged, or encrypted with another key."""


@dataclass(frozen=True, slots=True)
class Packet:
    """One audio packet of one person."""

    ssrc: int
    """The stream: one for each time a person joins."""
    sequence: int
    """Counts the packets of a stream; 16 bit."""
    timestamp: int
    """Of the first sample, at 48 kHz; 32 bit."""
    payload: bytes
    """An Opus packet."""
    sealed: bool = True
    """Whether the end-to-end encryption, if there is any, is still closed."""


def is_audio(data: bytes) -> bool:
    """Whether a datagram looks like a person's voice."""
    return len(data) >= _HEADER + _TAG + _COUNTER and data[0] >> 6 == 2 and data[1] & 0x7F == _OPUS


class Transport:
    """Opens the encryption between Discord's server and us."""

    def __init__(self) -> None:
        self._key = b""
        self._box: Aead | None = None

    def open(self, data: bytes, key: bytes) -> Packet:
        """The packet in a datagram for which `is_audio` holds. Raises Unreadable."""
        has_extension = bool(data[0] & 0x10)
        fixed = _HEADER + 4 * (data[0] & 0x0F)
        clear = fixed + (4 if has_extension else 0)
        if len(data) < clear + _TAG + _COUNTER:
            raise Unreadable("too short for its header")
        payload = self._decrypt(data, clear, key)
        if has_extension:
            payload = payload[4 * struct.unpack_from(">H", data, fixed + 2)[0] :]
        if data[0] & 0x20:
            payload = _unpad(payload)
        if not payload:
            raise Unreadable("empty")
        sequence, timestamp, ssrc = struct.unpack_from(">HII", data, 2)
        return Packet(ssrc, sequence, timestamp, payload)

    def _decrypt(self, data: bytes, clear: int, key: bytes) -> bytes:
        if self._box is None or key != self._key:
            if len(key) != Aead.KEY_SIZE:
                raise Unreadable("no key yet")
            self._key, self._box = key, Aead(key)
        nonce = data[-_COUNTER:].ljust(_NONCE, b"\0")
        try:
            return self._box.decrypt(data[clear:-_COUNTER], data[:clear], nonce)
        except CryptoError:
            raise Unreadable("not encrypted with the key of this call") from None


def _unpad(payload: bytes) -> bytes:
    """Without RTP's padding, whose last byte says how long it is."""
    if not payload or not 0 < payload[-1] <= len(payload):
        raise Unreadable("padded with more than there is")
    return payload[: -payload[-1]]
