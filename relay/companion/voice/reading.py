"""A voice that is shown a text and says what of it can be said."""

import asyncio

from relay.companion.voice.base import Synthesizer, VoiceEngine
from relay.companion.voice.manner import affect_of, manner_of
from relay.text.aloud.reading import ReadAloud


class ReadingVoice:
    """The engine's speech of texts as people see them, in the mood that they show."""

    def __init__(self, engine: VoiceEngine, read: ReadAloud) -> None:
        self._engine = engine
        self._read = read

    async def speak(self, text: str) -> bytes:
        words = await asyncio.to_thread(self._read, text)  # the first number loads the words for numbers
        return await self._engine.speak(words, manner_of(affect_of(text))) if words else b""


_: type[Synthesizer] = ReadingVoice
