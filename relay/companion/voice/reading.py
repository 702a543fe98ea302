"""A voice that is shown a text and says what of it can be said."""

import asyncio

from relay.companion.voice.base import Synthesizer
from relay.text.aloud.reading import ReadAloud


class ReadingVoice:
    """The same sentences as the engine's, from texts as people see them."""

    def __init__(self, engine: Synthesizer, read: ReadAloud) -> None:
        self._engine = engine
        self._read = read

    async def speak(self, text: str) -> bytes:
        words = await asyncio.to_thread(self._read, text)  # the first number loads the words for numbers
        return await self._engine.speak(words) if words else b""


_: type[Synthesizer] = ReadingVoice
