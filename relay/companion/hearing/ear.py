"""What the companion hears with, where its settings want that; telling speech from noise is loaded for it alone."""

from pathlib import Path
from typing import Protocol

from relay.companion.conversation.conversation import Conversation
from relay.companion.hearing.transcription import transcriber_for
from relay.config import CompanionSection, HearingSection


class SoundSource(Protocol):
    """Where the sound comes from."""

    async def receive(self) -> bytes | None:
        """The next samples: mono, signed 16 bit little-endian; None at the end. May be cancelled without loss."""
        ...

    async def chat_is_over(self) -> None:
        """Nobody listens any more."""
        ...


class Ear(Protocol):
    """Hears any number of streams at once."""

    async def listen(self, source: SoundSource, conversation: Conversation, rate: int) -> None:
        """Hear one stream to its end, of `rate` samples a second: what is said in it is said in the conversation."""
        ...


def ear_for(settings: CompanionSection, models: Path, hearing: HearingSection) -> Ear | None:
    """None when the companion does not listen. `models` is where those are that were fetched. Raises ConfigError."""
    transcriber = transcriber_for(settings, models)
    if transcriber is None:
        return None
    from relay.companion.hearing.recognition import RecognisingEar

    return RecognisingEar(transcriber, hearing)
