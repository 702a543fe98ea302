"""An open chat: who listens to it, what is done to it, and the reply in progress.

A message that asks for a reply cuts off the reply in progress. What of it was already said stays in the chat as
the character's message, because people have read or heard it, and is announced by `update` after `replyCancelled`;
a reply that had said nothing leaves no trace. A message that asks for none is taken in beside it.
"""

import asyncio
import logging
import uuid
from collections.abc import Callable, Coroutine
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, Final, Protocol

from relay.companion import announce
from relay.companion.brain import NO_LIMITS, Brain, BrainError, Limits, Line, Pieces, View
from relay.companion.chat import Chat, Message, Refused, Role
from relay.companion.commands import Ask, Post, Regenerate, Rollback, SetFlags, parse
from relay.companion.sentences import sentences
from relay.companion.templates import render
from relay.wire import server
from relay.wire.messages import WireMessage

log = logging.getLogger(__name__)

VIEWED: Final = 200
"""How many of the newest messages a character looks back on."""

Spawn = Callable[[Coroutine[Any, Any, None]], "asyncio.Task[None]"]
"""Starts a task that the caller of `Conversation` awaits."""


class Listener(Protocol):
    """Somebody who subscribed to a chat."""

    def send(self, message: WireMessage) -> None: ...


@dataclass
class Reply:
    """What the character is saying."""

    id: str
    text: str = ""
    """Said so far."""
    task: "asyncio.Task[None] | None" = None


class Conversation:
    """A session of a chat. Every method that changes it tells the listeners before it returns."""

    def __init__(self, chat: Chat, brain: Brain, *, pace: float, spawn: Spawn) -> None:
        self.session_id = str(uuid.uuid4())
        self.chat = chat
        self.listeners: set[Listener] = set()
        self.inspectors: set[Listener] = set()
        """Those who also see what is hidden from the user."""
        self.paused = False
        self._brain = brain
        self._pace = pace
        self._spawn = spawn
        self._reply: Reply | None = None
        self._player: tuple[Listener, str] | None = None
        """Who plays speech, and the id of the message that is heard."""

    # Listening

    def tell(self, message: WireMessage) -> None:
        for listener in tuple(self.listeners):
            listener.send(message)

    def inspected(self, line: str) -> None:
        """Tell the inspectors what went on inside."""
        for listener in self.inspectors & self.listeners:
            listener.send(server.Inspector(session_id=self.session_id, log=line))

    def leave(self, listener: Listener) -> None:
        """Forget a listener; speech that it played ends with it."""
        self.listeners.discard(listener)
        self.inspectors.discard(listener)
        if self._player is not None and self._player[0] is listener:
            self.speech_completed(self._player[1])

    def _audience(self, message: Message) -> list[Listener]:
        return list(self.listeners if message.role.seen_by_user else self.inspectors & self.listeners)

    # Messages

    def take(self, text: str, *, do_reply: bool, limits: Limits) -> None:
        """Do what the text of a `send` asks for. Raises Refused, and then nothing has changed."""
        match parse(text):
            case Post() as post:
                self._post(post, do_reply, limits)
            case Ask():
                self.reply(limits)
            case SetFlags(changes):
                self.chat.set_flags(changes)
                self.tell(announce.context(self.session_id, self.chat))
            case Regenerate():
                self.retry()
            case Rollback():
                self.revert()

    def _post(self, post: Post, do_reply: bool, limits: Limits) -> None:
        self._check_speaker(post)
        text = render(post.text, self._names()).strip()
        if not text:
            raise Refused("nothing is left of the text without its {{ tags }}")
        asks = post.role.asks_for_reply if post.reply is None else post.reply
        replies = asks and do_reply and (post.reply is True or not self.paused)
        if replies:
            self._cut_off()
        self._announce(self.chat.add(post.role, text))
        if replies:
            self.reply(limits)

    def _check_speaker(self, post: Post) -> None:
        if post.use_story_writer:
            raise Refused("/message: --use-story-writer is not implemented yet; the message is lost")
        if post.character is not None and post.character.lower() != self.chat.character.name.lower():
            raise Refused(f"/message: there is no character {post.character[:40]!r} in this chat")
        if post.scenario_role is not None and post.scenario_role != "main":
            raise Refused(f"/message: nobody has the scenario role {post.scenario_role[:40]!r}")

    def _names(self) -> dict[str, str]:
        character = self.chat.character.name
        return {"char": character, "user": self.chat.user.name, "scenario_chars.main": character}

    def _announce(self, message: Message) -> None:
        wire = announce.message if message.role is Role.ASSISTANT else announce.update
        for listener in self._audience(message):
            listener.send(wire(self.session_id, message))

    def edit(self, message_id: str, text: str) -> None:
        """Replace the text of a message."""
        if not text.strip():
            raise Refused("update: text is empty; use deleteMessage to remove the message")
        message = self.chat.edit(message_id, text.strip())
        for listener in self._audience(message):
            listener.send(announce.update(self.session_id, message))

    def delete(self, message_id: str) -> None:
        message = self.chat.remove(message_id)
        self.tell(server.MessageDeleted(message_id=message.id, session_id=self.session_id))

    def revert(self) -> None:
        """Take back the newest user message or event and all after it."""
        start = self.chat.latest(Role.USER, Role.EVENT)
        if start is None:
            raise Refused("there is nothing to take back")
        self._cut_off()
        for message in [m for m in reversed(self.chat.messages) if m.index >= start.index]:
            self.delete(message.id)

    def retry(self) -> None:
        """Take back the newest reply, or the one in progress, and make another one."""
        current, last = self._reply, self.chat.latest(Role.ASSISTANT)
        if current is None and last is None:
            raise Refused("there is no reply to make anew")
        self._cut_off()
        if current is None and last is not None:
            self.delete(last.id)
        elif current is not None and current.text:
            self.delete(current.id)
        self.reply()

    # Replies

    def reply(self, limits: Limits = NO_LIMITS) -> None:
        """Let the character answer, in place of the reply in progress."""
        lines = tuple(Line(m.role, m.text) for m in self.chat.messages[-VIEWED:] if m.role.seen_by_character)
        view = View(
            character=self.chat.character.name,
            user=self.chat.user.name,
            lines=lines,
            contexts=tuple(render(text, self._names()) for text in self.chat.active_contexts()),
            limits=limits,
        )
        self._start(self._brain.reply(view), limits)

    def say(self, text: str) -> None:
        """Let the character say exactly this."""
        text = render(text, self._names()).strip()
        if not text:
            raise Refused("characterSpeechRequest: nothing is left of the text without its {{ tags }}")
        self._start(_verbatim(text), NO_LIMITS)

    def interrupt(self) -> None:
        """Silence the character: stop the reply in progress and any speech, whoever plays it."""
        self._stop_reply()
        self._player = None
        self.tell(server.InterruptSpeech(session_id=self.session_id))

    def pause(self, paused: bool) -> None:
        """While paused, messages are taken in and answered only on demand."""
        self.paused = paused
        if paused:
            self._stop_reply()
        self.tell(server.ChatPaused(session_id=self.session_id, paused=paused))

    def speech_started(self, player: Listener, started: server.SpeechPlaybackStart, message_id: str) -> None:
        """A client plays speech."""
        self._player = player, message_id
        self.tell(started)

    def speech_completed(self, message_id: str) -> None:
        """The speech of a message was heard to its end."""
        self._player = None
        self.tell(server.SpeechPlaybackComplete(session_id=self.session_id, message_id=message_id))

    def _start(self, pieces: Pieces, limits: Limits) -> None:
        self._stop_reply()
        self._reply = reply = Reply(str(uuid.uuid4()))
        self.tell(
            server.ReplyGenerating(
                message_id=reply.id,
                sender_id=self.chat.character.id,
                session_id=self.session_id,
                role=Role.ASSISTANT,
            )
        )
        reply.task = self._spawn(self._speak(reply, sentences(pieces, limits)))

    async def _speak(self, reply: Reply, spoken: Pieces) -> None:
        try:
            async with aclosing(spoken):
                async for sentence in spoken:
                    await self._say(reply, sentence)
            if not reply.text:
                raise BrainError("the character had nothing to say")
        except BrainError as error:
            self._fail(reply, str(error))
        except Exception:
            log.exception("A reply failed")
            self._fail(reply, "the reply failed; see the companion's log")
        else:
            self._finish(reply)

    async def _say(self, reply: Reply, sentence: str) -> None:
        sender, session = self.chat.character.id, self.session_id
        if not reply.text:
            self.tell(server.ReplyStart(message_id=reply.id, sender_id=sender, session_id=session))
        elif self._pace:
            await asyncio.sleep(self._pace)
        start = len(reply.text)
        reply.text += sentence
        self.tell(
            server.ReplyChunk(
                message_id=reply.id,
                sender_id=sender,
                session_id=session,
                start_index=start,
                end_index=len(reply.text),
                text=sentence,
            )
        )

    def _finish(self, reply: Reply) -> None:
        self._reply = None
        message = self.chat.add(Role.ASSISTANT, reply.text, reply.id)
        self.tell(
            server.ReplyEnd(
                message_id=reply.id,
                sender_id=message.sender.id,
                session_id=self.session_id,
                tokens=max(1, len(reply.text) // 4),
                message_index=message.index,
                conversation_index=message.conversation_index,
            )
        )
        self._announce(message)
        if self._player is None:
            # Nothing is spoken: for clients that wait for the end of speech, the turn is over with the text.
            self.speech_completed(reply.id)

    def _fail(self, reply: Reply, problem: str) -> None:
        self.tell(server.ChatSessionError(message=problem, retry=True, session_id=self.session_id))
        self._cancelled(reply)

    def _cut_off(self) -> None:
        """Stop the reply in progress, and the speech of an earlier one that is still heard."""
        self._stop_reply()
        if self._player is not None:
            self._player = None
            self.tell(server.InterruptSpeech(session_id=self.session_id))

    def _stop_reply(self) -> None:
        if self._reply is not None:
            if self._reply.task is not None:
                self._reply.task.cancel()
            self._cancelled(self._reply)

    def _cancelled(self, reply: Reply) -> None:
        self._reply = None
        self.tell(
            server.ReplyCancelled(message_id=reply.id, sender_id=self.chat.character.id, session_id=self.session_id)
        )
        if reply.text:
            partial = self.chat.add(Role.ASSISTANT, reply.text.rstrip(), reply.id)
            self.tell(announce.update(self.session_id, partial))

    def close(self) -> None:
        """End the session; the chat keeps its messages."""
        self._cut_off()
        self.chat.close()
        self.tell(server.ChatClosed(chat_id=self.chat.id))
        self.listeners.clear()
        self.inspectors.clear()


async def _verbatim(text: str) -> Pieces:
    yield text
