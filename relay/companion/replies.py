"""The character's replies in a conversation: the one in progress, and the speech of the one that is heard.

A reply that is cut off leaves what of it was already said in the chat, because people have read or heard it, and
it is announced by `update` after `replyCancelled`; a reply that had said nothing leaves no trace.
"""

import asyncio
import logging
import uuid
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

from relay.companion import announce
from relay.companion.brain import NO_LIMITS, Brain, BrainError, Limits, Pieces
from relay.companion.chat import Chat, Role
from relay.companion.delivery import deliver
from relay.companion.playback import Playback
from relay.companion.sentences import sentences
from relay.companion.speech import Clip, Speech
from relay.companion.voice.base import VoiceError
from relay.wire import server
from relay.wire.messages import WireMessage

log = logging.getLogger(__name__)

Spawn = Callable[[Coroutine[Any, Any, None]], "asyncio.Task[None]"]
"""Starts a task that the companion awaits in the end."""


@dataclass(frozen=True)
class Setup:
    """What all conversations of a companion share."""

    brain: Brain
    speech: Speech
    hears: bool
    """Whether what people say is turned into text."""
    pace: float
    """Seconds between two sentences."""
    grace: float
    """Seconds a player may take beyond the length of the speech."""


class Audience(Protocol):
    """Whom the replies are for."""

    @property
    def is_played(self) -> bool:
        """Whether anybody plays speech."""
        ...

    def tell(self, message: WireMessage) -> None: ...

    def turn_is_over(self) -> None:
        """The last of a reply was heard, or read where nothing is spoken."""
        ...


@dataclass
class Reply:
    """What the character is saying."""

    id: str
    text: str = ""
    """Said so far."""
    task: "asyncio.Task[None] | None" = None
    silent: bool = False
    """Whether its speech failed; the rest then goes out as text, without trying again."""


class Replies:
    """What the character says in one session of a chat."""

    def __init__(self, chat: Chat, session_id: str, audience: Audience, setup: Setup, spawn: Spawn) -> None:
        self._chat = chat
        self._session = session_id
        self._setup = setup
        self._spawn = spawn
        self._audience = audience
        self._reply: Reply | None = None
        self._playback = Playback(self._heard, setup.grace)

    @property
    def current(self) -> Reply | None:
        """The reply in progress."""
        return self._reply

    # Stopping

    def stop(self) -> None:
        """Stop the reply in progress; speech that is out may still be heard."""
        if self._reply is not None:
            if self._reply.task is not None:
                self._reply.task.cancel()
            self._cancelled(self._reply)

    def cut_off(self) -> None:
        """Stop the reply in progress, and the speech of an earlier one that is still heard."""
        self.stop()
        if self._playback.stop():
            self._audience.tell(server.InterruptSpeech(session_id=self._session))

    def interrupt(self) -> None:
        """The same, told in any case."""
        self.stop()
        self._playback.stop()
        self._audience.tell(server.InterruptSpeech(session_id=self._session))

    # Speech

    def speech_started(self, player: object, started: server.SpeechPlaybackStart, message_id: str) -> None:
        """A client plays speech."""
        self._playback.started(player, message_id, started.start_index, started.duration)
        self._audience.tell(started)

    def speech_completed(self, message_id: str) -> None:
        """A client says that the speech of a message was heard to its end."""
        if self._playback.completed(message_id):
            self._heard(message_id)

    def left(self, player: object) -> None:
        """A client went; speech that it played ends with it."""
        self._playback.left(player, audience=self._audience.is_played)

    def _heard(self, message_id: str) -> None:
        self._audience.tell(server.SpeechPlaybackComplete(session_id=self._session, message_id=message_id))
        self._audience.turn_is_over()

    # Saying

    def start(self, pieces: Pieces, limits: Limits = NO_LIMITS) -> None:
        """Let the character say what comes, in place of what it is saying."""
        self.cut_off()
        self._reply = reply = Reply(str(uuid.uuid4()))
        self._playback.begin(reply.id)
        self._audience.tell(
            server.ReplyGenerating(
                message_id=reply.id,
                sender_id=self._chat.character.id,
                session_id=self._session,
                role=Role.ASSISTANT,
            )
        )
        reply.task = self._spawn(self._speak(reply, sentences(pieces, limits)))

    async def _speak(self, reply: Reply, spoken: Pieces) -> None:
        try:
            await deliver(spoken, partial(self._voice, reply), partial(self._say, reply))
            if not reply.text:
                raise BrainError("the character had nothing to say")
        except BrainError as error:
            self._fail(reply, str(error))
        except Exception:
            log.exception("A reply failed")
            self._fail(reply, "the reply failed; see the companion's log")
        else:
            self._finish(reply)

    async def _voice(self, reply: Reply, sentence: str) -> Clip | None:
        """The speech of a sentence, if anybody plays it. A failure is told once a reply."""
        if reply.silent or not self._audience.is_played:
            return None
        try:
            return await self._setup.speech.clip(sentence)
        except VoiceError as error:
            if not reply.silent:
                self._trouble(f"The reply goes on without speech: {error}", service="TextToSpeech")
            reply.silent = True
            return None

    async def _say(self, reply: Reply, sentence: str, clip: Clip | None) -> None:
        sender, session = self._chat.character.id, self._session
        if not reply.text:
            self._audience.tell(server.ReplyStart(message_id=reply.id, sender_id=sender, session_id=session))
        elif self._setup.pace:
            await asyncio.sleep(self._setup.pace)
        start = len(reply.text)
        reply.text += sentence
        if clip is not None:
            self._playback.expect(start, clip.duration)
        self._audience.tell(
            server.ReplyChunk(
                message_id=reply.id,
                sender_id=sender,
                session_id=session,
                start_index=start,
                end_index=len(reply.text),
                text=sentence,
                audio_url=clip.url if clip else None,
            )
        )

    def _finish(self, reply: Reply) -> None:
        self._reply = None
        message = self._chat.add(Role.ASSISTANT, reply.text, reply.id)
        self._audience.tell(
            server.ReplyEnd(
                message_id=reply.id,
                sender_id=message.sender.id,
                session_id=self._session,
                tokens=max(1, len(reply.text) // 4),
                message_index=message.index,
                conversation_index=message.conversation_index,
            )
        )
        self._audience.tell(announce.message(self._session, message))
        self._playback.text_is_over()

    def _fail(self, reply: Reply, problem: str) -> None:
        self._trouble(problem, retry=True)
        self._cancelled(reply)

    def _trouble(self, problem: str, *, service: str | None = None, retry: bool = False) -> None:
        self._audience.tell(
            server.ChatSessionError(message=problem, service_name=service, retry=retry, session_id=self._session)
        )

    def _cancelled(self, reply: Reply) -> None:
        self._reply = None
        self._playback.cut()
        self._audience.tell(
            server.ReplyCancelled(message_id=reply.id, sender_id=self._chat.character.id, session_id=self._session)
        )
        if reply.text:
            said = self._chat.add(Role.ASSISTANT, reply.text.rstrip(), reply.id)
            self._audience.tell(announce.update(self._session, said))
