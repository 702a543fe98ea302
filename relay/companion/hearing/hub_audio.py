"""Sound that a client sends on the hub itself, between its messages, as the published audio client does."""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from typing import Any, Final

from relay.companion.conversation.conversation import Conversation
from relay.companion.hearing.ear import Ear
from relay.companion.hearing.stream import NOBODY_LISTENS
from relay.companion.speaking.setup import Spawn
from relay.companion.state.chat import Refused
from relay.wire.server import ErrorMessage

log = logging.getLogger(__name__)

RATE: Final = 16_000
"""Samples a second; mono, signed 16 bit little-endian. Nothing on the wire says so: it is what such clients send."""
BACKLOG: Final = 2_000
"""Pieces of sound that may wait; about a minute of what clients send."""

Find = Callable[[], Conversation]
"""Finds the chat a client is heard in. Raises Refused, with the reason, when it is heard in none."""


class QueuedSource:
    """Sound that was put into a queue."""

    def __init__(self) -> None:
        self.waiting: asyncio.Queue[bytes | None] = asyncio.Queue(BACKLOG)

    async def receive(self) -> bytes | None:
        return await self.waiting.get()

    async def chat_is_over(self) -> None: ...


class HubAudio:
    """What one client sends. It is told once, however much comes, why nobody listens."""

    def __init__(self, find: Find, ear: Ear | None, spawn: Spawn, tell: Callable[[ErrorMessage], None]) -> None:
        self._find = find
        self._ear = ear
        self._spawn = spawn
        self._tell = tell
        self._source = QueuedSource()
        self._hearing: asyncio.Task[None] | None = None
        self._is_refused = False

    def feed(self, pcm: bytes) -> None:
        """Hear this; returns at once."""
        try:
            if self._hearing is None or self._hearing.done():
                self._hearing = self._spawn(self._begin())
            self._source.waiting.put_nowait(pcm)
            self._is_refused = False
        except Refused as error:
            if not self._is_refused:
                self._tell(ErrorMessage(message=f"sound on /hub is ignored: {error}"))
            self._is_refused = True
        except asyncio.QueueFull:
            log.warning("A client sends sound faster than it can be understood; some of it is left out")

    def _begin(self) -> Coroutine[Any, Any, None]:
        conversation = self._find()
        if self._ear is None:
            raise Refused(NOBODY_LISTENS)
        self._source = QueuedSource()
        return self._ear.listen(self._source, conversation, RATE)

    def end(self) -> None:
        """The client is gone; what it said until then is understood."""
        if self._hearing is None:
            return
        try:
            self._source.waiting.put_nowait(None)
        except asyncio.QueueFull:
            self._hearing.cancel()
