"""What Voxta was asked before the connection to it was lost, or by a relay that was killed: the chat has the answers.

Each question is noted until its answer is posted, or on its way to the process that posts. Once the chat is joined
again, or by the relay that comes next, those questions are looked up there: what was answered meanwhile is posted as it
would have been, and what is still being answered is told apart from what nobody asked for. An answer given twice is
posted once, by its nonce.
"""

import asyncio
import time
from collections import deque
from typing import TYPE_CHECKING, Final

from pydantic import TypeAdapter

from relay.forwarding.recovery import place_of
from relay.inbox.retry import with_retries
from relay.model import Forward, ReplyText, Retraction
from relay.replies.replies import Step
from relay.system import clock
from relay.system.cancellation import checkpoint
from relay.voxta.chat import JoinedChat
from relay.wire.messages import ChatMessage

if TYPE_CHECKING:
    from relay.application.composition import Relay

NOTE: Final = "questions"
"""The note that holds them."""
KEPT: Final = 8
"""The newest questions; some are never answered."""
NOTED: Final = 2 * KEPT
"""The newest in the note, with those whose answers are being posted: these are kept as posts, too."""
FRESH: Final = 120.0
"""Seconds after which an answer that nobody handed on is too old to be worth it."""
REMEMBERED: Final = 256
"""Questions of which this relay knows that they are its own."""

_PAGE: Final = TypeAdapter(list[Forward])


class Questions:
    """`run` notes those of this relay, and answers what nobody heard the answer to, until cancelled."""

    def __init__(self, relay: "Relay") -> None:
        self._relay = relay
        self._open: dict[str, Forward] = {}
        """By their ids, the oldest first."""
        self._left: dict[str, Forward] = {}
        """Those of an earlier relay, or of a chat that was lost, that wait for the chat."""
        self._has_asked = False
        """Whether this relay has asked anything since the chat was joined."""
        self._answers: dict[str, str] = {}
        """The ids of questions, by those of the replies that answer them."""
        self._own: deque[str] = deque(maxlen=REMEMBERED)
        self._noted: dict[str, Forward] = {}
        """What the note holds, or is about to."""
        self._changed = asyncio.Event()
        self._done = asyncio.Event()
        self._writing = asyncio.Lock()
        events = relay.events
        events.asking.subscribe(self._asked)
        events.retracted.subscribe(self._retracted)
        events.given_up.subscribe(lambda forward: self._is_answered(forward.id))
        events.forwarded.subscribe(self._forwarded)
        events.replied.subscribe(self._replied)
        events.released.subscribe(self._released)
        events.chat_changed.subscribe(self._chat_changed)

    async def run(self) -> None:
        found = await with_retries(self._relay.inbox.get_note, NOTE)
        self._left |= {forward.id: forward for forward in _PAGE.validate_json(found or "[]") if _is_fresh(forward)}
        self._noted = dict(self._left)
        self._changed.set()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._note())
            tasks.create_task(self._let_go())

    async def _note(self) -> None:
        """A question at once: until it is noted its answer would end with this relay."""
        while True:
            checkpoint()
            await self._changed.wait()
            self._changed.clear()
            self._look()
            kept = self._kept
            if kept.keys() - self._noted.keys():
                newest = [*(self._noted | kept).items()][-NOTED:]
                self._noted = dict(newest)
                await self._write()
            if self._noted.keys() - kept.keys():
                self._done.set()

    async def _let_go(self) -> None:
        """A question that is answered once the answer is posted."""
        while True:
            checkpoint()
            await self._done.wait()
            self._done.clear()
            done = self._noted.keys() - self._kept.keys()
            await self._relay.poster.drain()
            self._noted = {key: forward for key, forward in self._noted.items() if key not in done}
            await self._write()

    async def _write(self) -> None:
        async with self._writing:
            note = _PAGE.dump_json(list(self._noted.values())).decode()
            await with_retries(self._relay.inbox.set_note, NOTE, note)

    @property
    def _kept(self) -> dict[str, Forward]:
        return self._left | self._open

    def _chat_changed(self) -> None:
        """What is answered while nobody listens is looked up before anything else is asked or heard."""
        if self._relay.session.chat is None:
            self._leave()
        else:
            self._look()
        self._changed.set()

    def _leave(self) -> None:
        """The chat is gone. What was heard of an answer is on its way by now; the rest is for the next chat to tell."""
        replies = self._relay.dialogue.replies
        heard = {question for answer, question in self._answers.items() if replies.get(answer) is not None}
        lost = [forward for key, forward in self._open.items() if key not in heard]
        self._open = {key: forward for key, forward in self._open.items() if key in heard}
        self._left |= {forward.id: forward for forward in lost if _is_fresh(forward)}
        self._forget_answers()
        self._has_asked = False

    def _asked(self, forward: Forward) -> None:
        self._has_asked = True
        begun = set(self._answers.values())  # what is asked now is answered next: of the others no answer begins
        self._open = {key: each for key, each in self._open.items() if key in begun}
        self._own.append(forward.id)
        self._open[forward.id] = forward
        while len(self._open) > KEPT:
            del self._open[next(iter(self._open))]
        self._forget_answers()
        self._changed.set()

    def _retracted(self, retraction: Retraction) -> None:
        """What answers it is not to be posted."""
        for questions in (self._open, self._left):
            for forward in [each for each in questions.values() if each.is_named_by(retraction)]:
                del questions[forward.id]
        self._forget_answers()
        self._changed.set()

    def _forget_answers(self) -> None:
        """Those to questions that are not looked up any more may never be released."""
        self._answers = {answer: question for answer, question in self._answers.items() if question in self._open}

    def _forwarded(self, forward: Forward) -> None:
        """Also one of the relay before, which was found in the chat."""
        if forward.expects_reply and forward.id not in self._own:
            self._left[forward.id] = forward
            self._changed.set()

    def _replied(self, step: Step) -> None:
        reply = step.reply
        if reply.forward is None or reply.forward.id not in self._open:
            return
        if reply.is_open or reply.public is not None:
            self._answers[reply.id] = reply.forward.id
        else:
            self._is_answered(reply.forward.id)

    def _released(self, reply: ReplyText) -> None:
        if (question := self._answers.pop(reply.message_id, None)) is not None:
            self._is_answered(question)

    def _is_answered(self, question: str) -> None:
        self._open.pop(question, None)
        self._changed.set()

    def _look(self) -> None:
        """What the chat tells of the questions that were left, but for those from before it was away for long."""
        chat = self._relay.session.chat
        if chat is None:
            return
        left, self._left = self._left, {}
        for forward in filter(_is_fresh, left.values()):
            answers = answers_to(forward, chat)
            if answers is None:
                continue
            for answer in answers:
                self._answer(forward, answer)
            if not answers and not self._has_asked:
                self._await(forward)

    def _await(self, forward: Forward) -> None:
        """Its answer may be under way. What a relay before has asked is no reason to wait: that may have ended it."""
        self._open[forward.id] = forward
        if forward.id in self._own:
            self._relay.floor.asked(time.monotonic(), interruptible=forward.interruptible)
        self._relay.dialogue.router.asked(forward)

    def _answer(self, forward: Forward, answer: ChatMessage) -> None:
        name = self._relay.dialogue.name_of(answer.sender_id)
        self._relay.dialogue.screening.screen(
            ReplyText(
                message_id=answer.message_id,
                character=name,
                text=answer.text,
                origins=forward.origins,
                keys=forward.keys,
                authors=forward.authors,
            )
        )


def _is_fresh(forward: Forward) -> bool:
    return max(forward.heard_at, default=0.0) > clock.now() - FRESH


def answers_to(forward: Forward, chat: JoinedChat) -> list[ChatMessage] | None:
    """What characters said to it before anybody said something else; None when it is not surely there."""
    place = place_of(forward, chat)
    if place is None or chat.history is None or forward.after_index is None:
        return None
    answers: list[ChatMessage] = []
    for message in list(chat.history)[place + 1 :]:
        if message.role.casefold() == "assistant":
            answers.append(message)
        elif message.role.casefold() in ("user", "event"):
            break
    return [answer for answer in answers if answer.text.strip()]
