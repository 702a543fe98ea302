"""RTP as Discord's voice servers take and send it: the header in the clear, the rest sealed."""

import os
import struct
from dataclasses import dataclass
from typing import Final

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from nacl.secret import Aead

AES, XCHACHA = "aead_aes256_gcm_rtpsize", "aead_xchacha20_poly1305_rtpsize"
"""The modes Discord offers; discord.py knows the second only."""

OPUS, VIDEO = 0x78, 0x65
"""Payload types."""
SILENCE: Final = b"\xf8\xff\xfe"
FRAME, SAMPLES = 0.02, 960
"""Of one packet: seconds, and samples at 48 kHz."""
EXTENSION: Final = struct.pack(">BB2s", 0x10, 0x87, b"\0\0")
"""One word in the one-byte format: the audio level, as clients send it."""


class Cipher:
    """Seals and opens packets. The last four bytes are the nonce, a counter."""

    def __init__(self, mode: str, key: bytes) -> None:
        self._aes = AESGCM(key) if mode == AES else None
        self._xchacha = Aead(key)
        self._count = 0

    def seal(self, header: bytes, body: bytes) -> bytes:
        self._count += 1
        nonce = struct.pack(">I", self._count)
        if self._aes is not None:
            return header + self._aes.encrypt(nonce + bytes(8), body, header) + nonce
        return header + bytes(self._xchacha.encrypt(body, header, nonce + bytes(20)).ciphertext) + nonce

    def open(self, packet: bytes) -> bytes:
        """The payload, without extension and padding. Raises an error of its library when it was sealed otherwise."""
        size = clear_size(packet)
        header, body, nonce = packet[:size], packet[size:-4], packet[-4:]
        if self._aes is not None:
            payload = self._aes.decrypt(nonce + bytes(8), body, header)
        else:
            payload = bytes(self._xchacha.decrypt(body, header, nonce + bytes(20)))
        if packet[0] & 0x10:
            (words,) = struct.unpack_from(">H", packet, size - 2)
            payload = payload[4 * words :]
        return payload[: -payload[-1]] if packet[0] & 0x20 else payload


def clear_size(packet: bytes) -> int:
    """Bytes that are not encrypted: the fixed header, the sources and the head of an extension."""
    return 12 + 4 * (packet[0] & 0x0F) + (4 if packet[0] & 0x10 else 0)


@dataclass(frozen=True)
class Header:
    sequence: int
    timestamp: int
    ssrc: int
    type: int = OPUS

    @classmethod
    def read(cls, packet: bytes) -> "Header":
        _, type, sequence, timestamp, ssrc = struct.unpack_from(">BBHII", packet)
        return cls(sequence, timestamp, ssrc, type)

    def write(self, payload: bytes, extension: bytes = b"", padding: int = 0) -> tuple[bytes, bytes]:
        """The clear part, and the part to seal. `extension` is whole words, `padding` bytes up to 255."""
        flags = 0x80 | (0x10 if extension else 0) | (0x20 if padding else 0)
        clear = struct.pack(">BBHII", flags, self.type, self.sequence & 0xFFFF, self.timestamp & 0xFFFFFFFF, self.ssrc)
        if extension:
            clear += struct.pack(">HH", 0xBEDE, len(extension) // 4)
        return clear, extension + payload + (bytes(padding - 1) + bytes([padding]) if padding else b"")


def receiver_report(cipher: Cipher, ssrc: int) -> bytes:
    """RTCP, as it travels on the same path."""
    return cipher.seal(struct.pack(">BBHII", 0x81, 201, 7, ssrc, ssrc), os.urandom(24))
