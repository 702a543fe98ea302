"""What a model writes beside the talk: stories, and what the user could say next."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from relay.companion.brains.base import Brain, BrainError, ChatView
from relay.companion.brains.reasoning import said
from relay.companion.brains.sentences import sentences
from relay.companion.conversation.listeners import ChatListener, Listeners
from relay.companion.speaking.setup import Spawn
from relay.companion.state.chat import MessageRole
from relay.wire import server, services


class StoryWriter:
    """The writing of one session. A failure is told to the listeners."""

    def __init__(self, session_id: str, audience: Listeners, brain: Brain, spawn: Spawn) -> None:
        self._session_id = session_id
        self._audience = audience
        self._brain = brain
        self._spawn = spawn
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def is_busy(self) -> bool:
        return bool(self._tasks)

    def write(self, role: MessageRole, view: ChatView, prompt: str, then: Callable[[str], None]) -> None:
        """Let the story writer make a message of a prompt, within the view's limits; `then` takes the text."""
        self._begin(self._write(role, view, prompt, then))

    def suggest(self, view: ChatView, listener: ChatListener) -> None:
        """Tell a listener what the user could say next."""
        self._begin(self._suggest(view, listener))

    def stop(self) -> None:
        """Leave what is being written."""
        for task in self._tasks:
            task.cancel()

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        task = self._spawn(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _write(self, role: MessageRole, view: ChatView, prompt: str, then: Callable[[str], None]) -> None:
        pieces = said(self._brain.write(view, prompt), self._audience.thought)
        try:
            text = "".join([sentence async for sentence in sentences(pieces, view.limits)]).strip()
            if not text:
                raise BrainError("the story writer had nothing to write")
        except BrainError as error:
            self._audience.trouble(f"{role} was not written: {error}", service=services.MODEL, retry=True)
        else:
            then(text)

    async def _suggest(self, view: ChatView, listener: ChatListener) -> None:
        try:
            suggestions = await self._brain.suggest(view)
        except BrainError as error:
            self._audience.trouble(f"there are no suggestions: {error}", service=services.MODEL)
        else:
            listener.send(server.Suggestions(session_id=self._session_id, suggestions=suggestions))
