"""What Voxta is told about the speech, one thing after the other: what is heard, what is over, what was cut off.

Voxta waits for a start of each chunk and for one completion of each reply, whatever became of them.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Final, Protocol

from relay.errors import VoxtaError
from relay.replies.replies import Replies
from relay.replies.reply import Reply, Sentence

log = logging.getLogger(__name__)

OWN_CUT_WAIT: Final = 1.0
"""Seconds Voxta has to end a message by itself where its speech was cut off; then it is told to."""

Job = Callable[[], Awaitable[None]]


class Voxta(Protocol):
    """What is told to Voxta about speech. Each raises VoxtaError."""

    async def interrupt(self) -> None: ...
    async def speech_started(self, message_id: str, start: int, end: int, duration: float) -> None: ...
    async def speech_completed(self, message_id: str) -> None: ...
    async def rewrite(self, message_id: str, text: str) -> None: ...
    async def ask_for_reply(self) -> None: ...
    async def have_said(self, text: str) -> None: ...


class Reports:
    """`run` tells until cancelled; all other methods return at once."""

    def __init__(self, voxta: Voxta, replies: Replies, clock: Callable[[], float], *, plays: bool) -> None:
        """`plays`: Voxta takes us for a player, and waits for what we hear; else it waits for others."""
        self._voxta = voxta
        self._replies = replies
        self._plays = plays
        self._clock = clock
        self._jobs: asyncio.Queue[Job] = asyncio.Queue()

    async def run(self) -> None:
        """One thing after the other, so that Voxta hears of them in order."""
        while True:
            job = await self._jobs.get()
            try:
                await job()
            except VoxtaError as error:
                log.info("Voxta was not told about speech: %s", error)

    def add(self, job: Job) -> None:
        """Do this when Voxta knows all that came before."""
        self._jobs.put_nowait(job)

    def forget(self) -> None:
        """The chat is gone."""
        for reply in self._replies:
            reply.is_owed, reply.cut_due = False, None
        while not self._jobs.empty():
            self._jobs.get_nowait()

    def is_ours(self, message_id: str | None) -> bool:
        """Whether the speech of a reply is ours to play; Voxta tells all clients again what one of them plays."""
        reply = self._replies.get(message_id)
        return reply is not None and (reply.is_owed or reply.is_reported)

    def came(self, reply: Reply) -> None:
        """A reply has begun to come, so that Voxta waits for its end unless that was told."""
        reply.is_owed = self._plays and not reply.is_reported

    def started(self, sentence: Sentence, duration: float) -> None:
        """A sentence is heard now, for so many seconds; 0 when there is nothing to hear."""
        start, end = sentence.start_index, sentence.end_index
        if self._plays:
            self.add(partial(self._voxta.speech_started, sentence.message_id, start, end, duration))

    def completed(self, reply: Reply) -> None:
        """Nothing more of a reply will be heard. Told once, and only when it has begun to come."""
        if reply.is_owed:
            reply.is_owed, reply.is_reported = False, True
            self.add(partial(self._voxta.speech_completed, reply.id))

    def interrupted(self) -> None:
        """What is said or thought of is given up."""
        self.add(self._voxta.interrupt)

    # Texts that end where the voice did

    def cut(self, reply: Reply) -> None:
        """A reply was given up. Its text has to end where the voice did; servers may see to that by themselves."""
        self.completed(reply)
        if reply.unheard:
            reply.cut_due = self._clock() + OWN_CUT_WAIT

    def text_changed(self, message_id: str, text: str) -> bool:
        """Voxta tells the text of a message. Whether it was cut off by that, and we need not."""
        reply = self._replies.get(message_id)
        if reply is None or reply.cut_due is None or len(text) >= reply.said_length:
            return False
        reply.cut_due = None
        return True

    @property
    def has_uncut(self) -> bool:
        """Whether a text is still whole that was not heard whole."""
        return self.next_at() is not None

    def next_at(self) -> float | None:
        """When `cut_overdue` has something to do."""
        return min((reply.cut_due for reply in self._replies if reply.cut_due is not None), default=None)

    def cut_overdue(self) -> bool:
        """Have the messages end where the voice did that Voxta has left whole. Whether there were any."""
        now = self._clock()
        overdue = [reply for reply in self._replies if reply.cut_due is not None and reply.cut_due <= now]
        for reply in overdue:
            reply.cut_due = None
            self.add(partial(self._voxta.rewrite, reply.id, reply.heard))
        return bool(overdue)
