"""What the companion says aloud: each sentence becomes a clip with an address, kept for a while."""

import logging
import secrets
import struct
from collections import OrderedDict
from dataclasses import dataclass
from typing import Final

from relay.companion.voice.base import Synthesizer, VoiceError

log = logging.getLogger(__name__)

SHELF: Final = 64 * 2**20
"""Bytes of speech that are kept; the oldest is forgotten first. About 25 minutes of eSpeak."""

ADDRESS: Final = "/api/tts/gens"
"""Where clips are found. Whoever was told the rest of the address may listen."""


@dataclass(frozen=True)
class ServedClip:
    """A sentence that can be fetched and heard."""

    url: str
    """Relative to the server's base; hard to guess."""
    duration: float
    """Seconds."""


class Speech:
    """Turns sentences into clips and serves them. `shelf` is how many bytes are kept."""

    def __init__(self, voice: Synthesizer, *, shelf: int = SHELF) -> None:
        self._voice = voice
        self._limit = shelf
        self._kept: OrderedDict[str, bytes] = OrderedDict()
        self._size = 0
        self._well = True

    async def clip(self, text: str) -> ServedClip | None:
        """The speech of a sentence; None where there is nothing to hear. Raises VoiceError."""
        try:
            wav = await self._voice.speak(text)
            clip = self._keep(*_mended(wav)) if wav else None
        except VoiceError as error:
            if self._well:
                log.warning("Replies go out without speech: %s", error)
            self._well = False
            raise
        self._well = self._well or clip is not None
        return clip

    def wav(self, clip_id: str) -> bytes | None:
        """The WAV file of a clip; None when it is unknown or forgotten."""
        return self._kept.get(clip_id)

    def forget(self, clip: ServedClip) -> None:
        """Serve a clip no more."""
        self._size -= len(self._kept.pop(clip.url.rpartition("/")[2], b""))

    def _keep(self, wav: bytes, duration: float) -> ServedClip:
        clip_id = secrets.token_urlsafe(16)
        self._kept[clip_id] = wav
        self._size += len(wav)
        while self._size > self._limit and len(self._kept) > 1:
            self._size -= len(self._kept.popitem(last=False)[1])
        return ServedClip(f"{ADDRESS}/{clip_id}", duration)


def _mended(wav: bytes) -> tuple[bytes, float]:
    """A WAV file whose header tells the true length, and its seconds.

    Servers that stream write the header before they know, with more than will come or with nothing. Raises VoiceError
    at what is no WAV file.
    """
    chunks = _chunks(wav)
    form, data = chunks.get(b"fmt ", b""), chunks.get(b"data", b"")
    if wav[8:12] != b"WAVE" or len(form) < 16:
        raise VoiceError("the speech is no WAV file")
    bytes_a_second, block = struct.unpack_from("<IH", form, 8)
    if not bytes_a_second or not block:
        raise VoiceError("the speech is a WAV file without a rate")
    data = data[: len(data) // block * block]
    body = b"WAVE" + _chunk(b"fmt ", form) + _chunk(b"data", data)
    return _chunk(b"RIFF", body), len(data) / bytes_a_second


def _chunks(wav: bytes) -> dict[bytes, bytes]:
    found: dict[bytes, bytes] = {}
    at = 12
    while at + 8 <= len(wav) and b"data" not in found:
        name, size = struct.unpack_from("<4sI", wav, at)
        is_unknown = name == b"data" and not size
        found[name] = wav[at + 8 :] if is_unknown else wav[at + 8 : at + 8 + size]
        at += 8 + size + size % 2
    return found


def _chunk(name: bytes, body: bytes) -> bytes:
    return name + struct.pack("<I", len(body)) + body + b"\0" * (len(body) % 2)
