"""What a voice is."""

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


_: type[VoiceEngine] = Mute
