"""An open chat: who listens to it and what is done to it.

A message that asks for a reply cuts off the reply in progress; one that asks for none is taken in beside it.
"""

import asyncio
import uuid
from typing import Final, Protocol

from relay.companion import announce
from relay.companion.brain import NO_LIMITS, Limits, Line, Pieces, View
from relay.companion.chat import Chat, Message, Refused, Role
from relay.companion.commands import Ask, Post, Regenerate, Rollback, SetFlags, parse
from relay.companion.replies import Replies, Setup, Spawn
from relay.companion.templates import render
from relay.wire import server
from relay.wire.messages import WireMessage

VIEWED: Final = 200
"""How many of the newest messages a character looks back on."""


class Listener(Protocol):
    """Somebody who subscribed to a chat."""

    @property
    def plays(self) -> bool:
        """Whether it fetches the speech of replies and plays it."""
        ...

    @property
    def records(self) -> bool:
        """Whether it streams what people say."""
        ...

    def send(self, message: WireMessage) -> None: ...


class Conversation:
    """A session of a chat. Every method that changes it tells the listeners before it returns."""

    def __init__(self, chat: Chat, setup: Setup, spawn: Spawn) -> None:
        self.session_id = str(uuid.uuid4())
        self.chat = chat
        self.listeners: set[Listener] = set()
        self.inspectors: set[Listener] = set()
        """Those who also see what is hidden from the user."""
        self.paused = False
        self.closed = asyncio.Event()
        """Set at the end of the session."""
        self._setup = setup
        self.replies = Replies(chat, self.session_id, self, setup, spawn)

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
        self.replies.left(listener)

    @property
    def is_played(self) -> bool:
        """Whether anybody plays speech."""
        return any(listener.plays for listener in self.listeners)

    def request_recording(self, *listeners: Listener) -> None:
        """Say whether speech is wanted, to those who could send it: always, except while the chat is paused."""
        if self._setup.hears:
            for listener in listeners or tuple(self.listeners):
                if listener.records:
                    listener.send(server.RecordingRequest(session_id=self.session_id, enabled=not self.paused))

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

    def hear(self, text: str) -> None:
        """Take in what the user said aloud. It is never a command."""
        self._post(Post(Role.USER, text), True, NO_LIMITS)

    def _post(self, post: Post, do_reply: bool, limits: Limits) -> None:
        self._check_speaker(post)
        text = render(post.text, self._names()).strip()
        if not text:
            raise Refused("nothing is left of the text without its {{ tags }}")
        asks = post.role.asks_for_reply if post.reply is None else post.reply
        replies = asks and do_reply and (post.reply is True or not self.paused)
        if replies:
            self.replies.cut_off()
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
        self.replies.cut_off()
        for message in [m for m in reversed(self.chat.messages) if m.index >= start.index]:
            self.delete(message.id)

    def retry(self) -> None:
        """Take back the newest reply, or the one in progress, and make another one."""
        current, last = self.replies.current, self.chat.latest(Role.ASSISTANT)
        if current is None and last is None:
            raise Refused("there is no reply to make anew")
        self.replies.cut_off()
        if current is None and last is not None:
            self.delete(last.id)
        elif current is not None and current.text:
            self.delete(current.id)
        self.reply()

    # Replies

    def reply(self, limits: Limits = NO_LIMITS) -> None:
        """Let the character answer, in place of the reply in progress."""
        self.replies.cut_off()
        lines = tuple(Line(m.role, m.text) for m in self.chat.messages[-VIEWED:] if m.role.seen_by_character)
        view = View(
            character=self.chat.character.name,
            user=self.chat.user.name,
            lines=lines,
            contexts=tuple(render(text, self._names()) for text in self.chat.active_contexts()),
            limits=limits,
        )
        self.replies.start(self._setup.brain.reply(view), limits)

    def say(self, text: str) -> None:
        """Let the character say exactly this."""
        text = render(text, self._names()).strip()
        if not text:
            raise Refused("characterSpeechRequest: nothing is left of the text without its {{ tags }}")
        self.replies.start(_verbatim(text))

    def pause(self, paused: bool) -> None:
        """While paused, messages are taken in and answered only on demand."""
        self.paused = paused
        if paused:
            self.replies.stop()
        self.tell(server.ChatPaused(session_id=self.session_id, paused=paused))
        self.request_recording()

    def turn_is_over(self) -> None:
        """The last of a reply was heard, or read where nothing is spoken."""
        self.request_recording()

    def close(self) -> None:
        """End the session; the chat keeps its messages."""
        self.replies.cut_off()
        self.closed.set()
        self.chat.close()
        self.tell(server.ChatClosed(chat_id=self.chat.id))
        self.listeners.clear()
        self.inspectors.clear()


async def _verbatim(text: str) -> Pieces:
    yield text
