"""The Opus library itself, as the wheel of PyAV carries it: PyAV's own decoder cannot make up for what was lost."""

import ctypes
import logging
from functools import cache
from pathlib import Path
from typing import Any, Final

import av

from relay.errors import SpeechError
from relay.speech.base import RATE

log = logging.getLogger(__name__)

LONGEST: Final = RATE * 120 // 1000
"""Samples of the longest packet there is."""


class OpusStream:
    """Decodes one mono stream at 48 kHz. Raises SpeechError for what is no Opus. Used by one thread at a time."""

    def __init__(self, library: Any) -> None:
        self._library = library
        error = ctypes.c_int()
        self._state = library.opus_decoder_create(RATE, 1, ctypes.byref(error))
        if error.value != 0:
            raise SpeechError(f"the Opus library made no decoder (error {error.value})")
        self._samples = (ctypes.c_int16 * LONGEST)()

    def decode(self, packet: bytes) -> bytes:
        """The samples of a packet."""
        return self._decode(packet, LONGEST, 0)

    def recover(self, packet: bytes, samples: int) -> bytes:
        """So many samples from right before a packet: what it repeats of them, and made up where it repeats nothing."""
        return self._decode(packet, samples, 1)

    def conceal(self, samples: int) -> bytes:
        """So many samples, made up of what was before."""
        return self._decode(None, samples, 0)

    def _decode(self, packet: bytes | None, samples: int, fec: int) -> bytes:
        length = len(packet) if packet is not None else 0
        count = self._library.opus_decode(self._state, packet, length, self._samples, samples, fec)
        if count < 0:
            raise SpeechError(f"{length} bytes are no Opus: error {count}")
        return bytes(memoryview(self._samples)[:count])

    def __del__(self) -> None:
        if getattr(self, "_state", None):
            self._library.opus_decoder_destroy(self._state)


@cache
def library() -> Any | None:
    """The library; None where it is not found."""
    package = Path(av.__file__).parent
    for folder in (package.parent / "av.libs", package / ".dylibs", package):
        for file in sorted(folder.glob("*opus*")):
            if file.suffix not in (".py", ".pyi", ".pyd", ".pyx", ".pxd") and (found := _load(file)) is not None:
                return found
    log.info("no Opus library beside PyAV: what is lost of people's speech is silence")
    return None


def _load(file: Path) -> Any | None:
    try:
        library = ctypes.CDLL(str(file))
        library.opus_decoder_create.restype = ctypes.c_void_p
        library.opus_decoder_create.argtypes = [ctypes.c_int32, ctypes.c_int, ctypes.c_void_p]
        library.opus_decoder_destroy.restype = None
        library.opus_decoder_destroy.argtypes = [ctypes.c_void_p]
        library.opus_decode.argtypes = [
            ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int32, ctypes.c_void_p, ctypes.c_int, ctypes.c_int,
        ]  # fmt: skip
    except (OSError, AttributeError):
        return None
    return library
