"""eSpeak NG: a voice that needs no service and no installation, for demos and for those who like robots."""

import asyncio
import ctypes
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

import espeakng_loader

from relay.companion.voice.base import VoiceEngine, VoiceError
from relay.companion.voice.manner import PLAIN, Manner
from relay.errors import ConfigError
from relay.system.wav import wav_of

USUAL: Final = "en-us"

# The values of espeak-ng/speak_lib.h.
_SYNCHRONOUS: Final = 2
_DONT_EXIT: Final = 0x8000
_POSITION_CHARACTER: Final = 1
_UTF_8: Final = 1
_OK: Final = 0
_MOST_VOICES: Final = 1_000
_RATE: Final = 1
_PITCH: Final = 3
_RANGE: Final = 4
_USUAL_RATE: Final = 175
"""Words a minute."""
_USUAL_PITCH: Final = 50
"""Of 100; the range has the same."""

_Callback = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p)

_thread: Final = ThreadPoolExecutor(1, "espeak")
"""The library keeps its state in globals: all calls of the process are made here, one after the other."""


class _Described(ctypes.Structure):
    """The beginning of espeak_VOICE."""

    _fields_ = (("name", ctypes.c_char_p), ("languages", ctypes.POINTER(ctypes.c_char)))


def languages() -> list[tuple[str, str]]:
    """The languages it speaks, each as a tag such as en-us, and its name. Raises ConfigError if it does not load."""
    return _thread.submit(lambda: _Library.get().languages()).result()


class Espeak:
    """Raises ConfigError, when made, if the library does not load or does not know the voice."""

    def __init__(self, voice: str) -> None:
        self._voice = voice or USUAL
        _thread.submit(self._choose).result()

    async def speak(self, text: str, manner: Manner = PLAIN) -> bytes:
        return await asyncio.get_running_loop().run_in_executor(_thread, self._speak, text, manner)

    def _choose(self) -> "_Library":
        library = _Library.get()
        if not library.choose(self._voice):
            raise ConfigError(
                f"companion.speech_voice: eSpeak has no voice {self._voice!r}; name a language such as en-us or de"
            )
        return library

    def _speak(self, text: str, manner: Manner) -> bytes:
        library = self._choose()
        library.set_manner(manner)
        return wav_of(library.synthesise(text), library.rate)


class _Library:
    """The shared library, loaded and set up once."""

    _only: "_Library | None" = None

    @classmethod
    def get(cls) -> "_Library":
        if cls._only is None:
            cls._only = cls()
        return cls._only

    def __init__(self) -> None:
        try:
            self._calls: Any = ctypes.CDLL(espeakng_loader.get_library_path())
            data = _path(espeakng_loader.get_data_path())
        except (OSError, RuntimeError, UnicodeEncodeError) as error:  # a path may have letters that the C library lacks
            raise ConfigError(
                f'companion.speech: eSpeak does not load here ({error}); set speech = "openai" or "none"'
            ) from None
        self._calls.espeak_Synth.argtypes = [
            ctypes.c_char_p, ctypes.c_size_t, ctypes.c_uint, ctypes.c_int, ctypes.c_uint, ctypes.c_uint,
            ctypes.c_void_p, ctypes.c_void_p,
        ]  # fmt: skip
        self.rate: int = self._calls.espeak_Initialize(_SYNCHRONOUS, 0, data, _DONT_EXIT)
        """Samples a second."""
        if self.rate <= 0:
            raise ConfigError('companion.speech: eSpeak finds no voices here; set speech = "openai" or "none"')
        self._pcm = bytearray()
        self._voice = ""
        self._callback: Callable[..., int] = _Callback(self._take)
        """Kept, since the library calls it for as long as it lives."""
        self._calls.espeak_SetSynthCallback(self._callback)

    def choose(self, voice: str) -> bool:
        """Speak with a voice from now on; whether there is such a voice."""
        known = voice == self._voice or self._calls.espeak_SetVoiceByName(voice.encode()) == _OK
        self._voice = voice if known else ""
        return known

    def languages(self) -> list[tuple[str, str]]:
        self._calls.espeak_ListVoices.restype = ctypes.POINTER(ctypes.POINTER(_Described))
        listed = self._calls.espeak_ListVoices(None)
        found: dict[str, str] = {}
        for place in range(_MOST_VOICES):
            if not listed[place]:
                break
            voice = listed[place].contents
            tag = ctypes.string_at(ctypes.addressof(voice.languages.contents) + 1)  # behind its priority
            found.setdefault(tag.decode("utf-8", "replace"), voice.name.decode("utf-8", "replace"))
        return sorted(found.items())

    def set_manner(self, manner: Manner) -> None:
        for parameter, value in (
            (_RATE, _USUAL_RATE * manner.speed),
            (_PITCH, _USUAL_PITCH * manner.pitch),
            (_RANGE, _USUAL_PITCH * manner.liveliness),
        ):
            self._calls.espeak_SetParameter(parameter, round(value), 0)

    def synthesise(self, text: str) -> bytes:
        """Samples: mono, signed 16 bit. Without the flags for them, SSML and phonemes in the text are just text."""
        self._pcm.clear()
        data = text.encode("utf-8", "ignore") + b"\0"
        if self._calls.espeak_Synth(data, len(data), 0, _POSITION_CHARACTER, 0, _UTF_8, None, None) != _OK:
            raise VoiceError("eSpeak could not read a sentence")
        return bytes(self._pcm)

    def _take(self, samples: Any, count: int, events: Any) -> int:
        if samples and count:
            self._pcm += ctypes.string_at(samples, 2 * count)
        return 0


def _path(path: str) -> bytes:
    # The library opens files by the names of the C library, which on Windows are in the system's code page.
    return path.encode("mbcs") if sys.platform == "win32" else path.encode()


_: type[VoiceEngine] = Espeak
