"""What a voice is."""

import io
import wave
from typing import Protocol

from relay.companion.voice.manner import PLAIN, Manner
from relay.errors import RelayError


class VoiceError(RelayError):
    """A text could not be spoken. Its text is fit to be shown and holds no secret."""


class Synthesizer(Protocol):
    """What speaks texts as people see them."""

    async def speak(self, text: str) -> bytes:
        """One sentence as a mono WAV file; empty where there is nothing to hear. Raises VoiceError."""
        ...


class VoiceEngine(Protocol):
    """What says words."""

    async def speak(self, text: str, manner: Manner = PLAIN) -> bytes:
        """One sentence as a mono WAV file; empty where there is nothing to hear. Raises VoiceError."""
        ...


class Mute:
    """The voice of a companion that only writes."""

    async def speak(self, text: str, manner: Manner = PLAIN) -> bytes:
        return b""


def wav_of(pcm: bytes, rate: int) -> bytes:
    """A WAV file of mono signed 16-bit samples, `rate` of them a second."""
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(rate)
        out.writeframes(pcm)
    return file.getvalue()


_: type[VoiceEngine] = Mute
