"""The character's replies in a conversation: the one in progress, and the speech of the one that is heard.

A reply that is cut off leaves what of it was already said in the chat, because people have read or heard it, and
it is announced by `update` after `replyCancelled`; a reply that had said nothing leaves no trace.
"""

import asyncio
import logging
import uuid
from collections.abc import Awaitable, Callable, Collection
from functools import partial
from typing import Final, Protocol

from relay.companion.brains.base import NO_LIMITS, AnswerLimits, BrainError, Pieces
from relay.companion.brains.reasoning import said
from relay.companion.brains.sentences import sentences
from relay.companion.speaking.announcing import CompanionReply, ReplyNews
from relay.companion.speaking.clips import ServedClip
from relay.companion.speaking.delivery import deliver
from relay.companion.speaking.early import EarlyAnswers
from relay.companion.speaking.playback import PlaybackTracker
from relay.companion.speaking.setup import Setup, Spawn
from relay.companion.state.chat import Chat, Message, MessageRole, Participant
from relay.companion.voice.base import VoiceError
from relay.wire import server, services
from relay.wire.messages import WireMessage

log = logging.getLogger(__name__)

THINKS_EVERY: Final = 2.0
"""Seconds between two signs that an answer is thought about: who waits for it takes silence for a loss."""

Prepare = Callable[[], Awaitable[Pieces | None]]
"""Finds out what is to be said, once the reply has begun; None when nothing is."""


class ReplyListeners(Protocol):
    """Whom the replies are for."""

    @property
    def players(self) -> Collection[object]:
        """Those who play speech."""
        ...

    @property
    def is_played(self) -> bool:
        """Whether anybody plays speech."""
        ...

    def tell(self, message: WireMessage) -> None: ...

    def thought(self, text: str) -> None:
        """Tell the inspectors what a character thinks."""
        ...

    def trouble(self, problem: str, *, service: str, retry: bool = False) -> None:
        """Tell everybody of a failure that the chat survives."""
        ...


class Course(Protocol):
    """What is told how a reply goes."""

    def begins(self) -> None:
        """A reply is made; nothing of it is out yet."""
        ...

    def speech_began(self, message_id: str) -> None:
        """The first of a reply is heard, or read where nothing is spoken."""
        ...

    def said(self, message: Message, *, is_news: bool) -> None:
        """A character has said something whole; it may still be heard."""
        ...

    def turn_is_over(self) -> None:
        """The last of a reply was heard, or read where nothing is spoken."""
        ...

    def advance(self) -> None:
        """Let happen what may happen now."""
        ...


class CompanionReplies:
    """What the characters say in one session of a chat, one reply at a time."""

    def __init__(
        self, chat: Chat, session_id: str, audience: ReplyListeners, course: Course, setup: Setup, spawn: Spawn
    ) -> None:
        self._chat = chat
        self._setup = setup
        self._spawn = spawn
        self._audience = audience
        self._course = course
        self._news = ReplyNews(session_id, audience.tell)
        self._reply: CompanionReply | None = None
        self.came_to_nothing = False
        """Whether the newest reply, narration aside, ended before any of it was said."""
        self._playback = PlaybackTracker(self._heard, setup.grace)
        self.early = EarlyAnswers(setup.brain, setup.speech, spawn)

    @property
    def current(self) -> CompanionReply | None:
        """The reply in progress."""
        return self._reply

    @property
    def is_free(self) -> bool:
        """Whether nothing is being said and nothing of it is still heard."""
        return self._reply is None and not self._playback.is_heard

    # Stopping

    def stop(self) -> None:
        """Stop the reply in progress; speech that is out may still be heard."""
        if self._reply is not None:
            if self._reply.task is not None:
                self._reply.task.cancel()
            self._cancelled(self._reply)

    def cut_off(self) -> None:
        """Stop the reply in progress, and the speech of an earlier one that is still heard."""
        self._fall_silent(is_told=False)

    def interrupt(self) -> None:
        """The same, told in any case."""
        self._fall_silent(is_told=True)

    def _fall_silent(self, *, is_told: bool) -> None:
        message_id = self._playback.message
        self.stop()
        if self._playback.stop() or is_told:
            self._news.is_silenced(message_id)

    # Speech

    def speech_started(self, player: object, started: server.SpeechPlaybackStarted, message_id: str) -> None:
        """A client plays speech."""
        self._playback.started(player, message_id, started.start_index, started.duration)
        self._audience.tell(started)
        if started.start_index == 0:
            self._course.speech_began(message_id)

    def speech_completed(self, message_id: str) -> None:
        """A client says that the speech of a message was heard to its end."""
        if self._playback.completed(message_id):
            self._heard(message_id)
        elif self.is_free:
            self._news.was_heard(message_id)

    def left(self, player: object) -> None:
        """A client went; speech that it played ends with it."""
        self._playback.left(player)

    def _heard(self, message_id: str) -> None:
        self._news.was_heard(message_id)
        self._course.turn_is_over()

    # Saying

    def start(self, speaker: Participant, prepare: Prepare, limits: AnswerLimits = NO_LIMITS) -> None:
        """Let a character say what `prepare` finds, in place of what is being said."""
        self._begin(CompanionReply(str(uuid.uuid4()), speaker), prepare, limits)

    def say(self, speaker: Participant, text: str, *, is_news: bool = True) -> None:
        """Let a character say exactly this."""
        self._begin(CompanionReply(str(uuid.uuid4()), speaker, is_news=is_news), partial(_verbatim, text), NO_LIMITS)

    def narrate(self, narrator: Participant, message: Message) -> None:
        """Let the narrator read aloud a message of the chat."""
        self._begin(CompanionReply(message.id, narrator, narrates=True), partial(_verbatim, message.text), NO_LIMITS)

    def _begin(self, reply: CompanionReply, prepare: Prepare, limits: AnswerLimits) -> None:
        self.cut_off()
        self._reply = reply
        self.came_to_nothing &= reply.narrates
        self._playback.begin(reply.id)
        self._course.begins()
        self._news.is_made(reply)
        reply.task = self._spawn(self._speak(reply, prepare, limits))

    async def _think(self, reply: CompanionReply) -> None:
        """Tell that a reply is on its way until it begins, however long the brain takes for that."""
        await asyncio.sleep(THINKS_EVERY)
        while self._reply is reply and not reply.text:
            self._news.is_thought_about(reply)
            await asyncio.sleep(THINKS_EVERY)

    async def _speak(self, reply: CompanionReply, prepare: Prepare, limits: AnswerLimits) -> None:
        thinking = self._spawn(self._think(reply))
        try:
            pieces = await prepare()
            if pieces is None:
                self._cancelled(reply)
                self._course.turn_is_over()
                return
            heard = said(pieces, self._audience.thought)
            await deliver(sentences(heard, limits), partial(self._voice, reply), partial(self._say, reply))
            if not reply.text:
                raise BrainError("the character had nothing to say")
        except BrainError as error:
            self._fail(reply, str(error))
        except Exception:
            log.exception("A reply failed")
            self._fail(reply, "the reply failed; see the companion's log")
        else:
            self._finish(reply)
        finally:
            thinking.cancel()

    async def _voice(self, reply: CompanionReply, sentence: str) -> ServedClip | None:
        """The speech of a sentence, if anybody plays it. A failure is told once a reply."""
        if reply.silent or not self._audience.is_played:
            return None
        try:
            return await self.early.clip(sentence)
        except VoiceError as error:
            if not reply.silent:
                self._audience.trouble(f"The reply goes on without speech: {error}", service=services.VOICE)
            reply.silent = True
            return None

    async def _say(self, reply: CompanionReply, sentence: str, clip: ServedClip | None) -> None:
        if not reply.text:
            self._news.starts(reply, self._chat.time)
        elif self._setup.pace:
            await asyncio.sleep(self._setup.pace)
        start = len(reply.text)
        reply.text += sentence
        self._playback.goes_to(self._audience.players)
        if clip is not None:
            self._playback.expect(start, clip.duration)
        elif start == 0:
            self._course.speech_began(reply.id)
        self._news.goes_on(reply, sentence, clip)

    def _finish(self, reply: CompanionReply) -> None:
        self._reply = None
        message = self._kept(reply)
        self._news.ends(reply, message)
        if message is not None:
            self._news.is_kept(message)
            self._course.said(message, is_news=reply.is_news)
        self._playback.text_is_over()
        self._course.advance()

    def _kept(self, reply: CompanionReply) -> Message | None:
        """What was said, as a message of the chat; None when it is one already."""
        if reply.narrates:
            return None
        return self._chat.add(MessageRole.ASSISTANT, reply.text.rstrip(), reply.speaker, reply.id)

    def _fail(self, reply: CompanionReply, problem: str) -> None:
        self._audience.trouble(problem, service=services.MODEL, retry=True)
        self._cancelled(reply)
        if self.is_free:
            self._course.turn_is_over()

    def _cancelled(self, reply: CompanionReply) -> None:
        self._reply = None
        self._playback.cut()
        self._news.is_cancelled(reply)
        self.came_to_nothing |= not reply.narrates and not reply.text
        if reply.text and (kept := self._kept(reply)) is not None:
            self._news.is_kept(kept)


async def _verbatim(text: str) -> Pieces:
    async def pieces() -> Pieces:
        yield text

    return pieces()
