"""What Voxta is told about the speech, one thing after the other: what is heard, what is over, what was cut off.

Voxta waits for a start of each chunk and for one completion of each reply, whatever became of them.
"""

import asyncio
import logging
from collections import OrderedDict, deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from typing import Final, Protocol

from relay.errors import VoxtaError
from relay.speech.base import Cut, Sentence

log = logging.getLogger(__name__)

OWN_CUT_WAIT: Final = 1.0
"""Seconds Voxta has to end a message by itself where its speech was cut off; then it is told to."""
REMEMBERED: Final = 64
"""Replies whose end Voxta waits for, and as many whose end it was told."""

Job = Callable[[], Awaitable[None]]


class Voxta(Protocol):
    """What is told to Voxta about speech. Each raises VoxtaError."""

    async def interrupt(self) -> None: ...
    async def speech_started(self, message_id: str, start: int, end: int, duration: float) -> None: ...
    async def speech_completed(self, message_id: str) -> None: ...
    async def rewrite(self, message_id: str, text: str) -> None: ...
    async def ask_for_reply(self) -> None: ...
    async def have_said(self, text: str) -> None: ...


@dataclass(frozen=True)
class _Uncut:
    """A message whose speech was cut off, and whose text may still be whole."""

    heard: str
    length: int
    """Characters of the whole text, at least."""
    until: float
    """When Voxta is told to cut it."""


class Reports:
    """`run` tells until cancelled; all other methods return at once."""

    def __init__(self, voxta: Voxta, clock: Callable[[], float], *, plays: bool) -> None:
        """`plays`: Voxta takes us for a player, and waits for what we hear; else it waits for others."""
        self._voxta = voxta
        self._plays = plays
        self._clock = clock
        self._jobs: asyncio.Queue[Job] = asyncio.Queue()
        self._owed: OrderedDict[str, None] = OrderedDict()
        self._completed: deque[str] = deque(maxlen=REMEMBERED)
        self._uncut: dict[str, _Uncut] = {}

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
        self._owed.clear()
        self._uncut.clear()
        while not self._jobs.empty():
            self._jobs.get_nowait()

    def is_ours(self, message_id: str | None) -> bool:
        """Whether the speech of a reply is ours to play; Voxta tells all clients again what one of them plays."""
        return message_id in self._owed or message_id in self._completed

    def came(self, message_id: str) -> None:
        """Something of a reply has come, so that Voxta waits for its end."""
        if not self._plays:
            return
        self._owed[message_id] = None
        if len(self._owed) > REMEMBERED:
            self._owed.popitem(last=False)

    def started(self, sentence: Sentence, duration: float) -> None:
        """A sentence is heard now, for so many seconds; 0 when there is nothing to hear."""
        start, end = sentence.start_index, sentence.end_index
        if self._plays:
            self.add(partial(self._voxta.speech_started, sentence.message_id, start, end, duration))

    def completed(self, message_id: str) -> None:
        """Nothing more of a reply will be heard. Told once, and only when something of it came."""
        if message_id in self._owed:
            del self._owed[message_id]
            self._completed.append(message_id)
            self.add(partial(self._voxta.speech_completed, message_id))

    def interrupted(self) -> None:
        """What is said or thought of is given up."""
        self.add(self._voxta.interrupt)

    # Texts that end where the voice did

    def cut(self, cut: Cut) -> None:
        """A reply was given up. Its text has to end where the voice did; servers may see to that by themselves."""
        self.completed(cut.message_id)
        if cut.rest:
            length = len(f"{cut.heard}{cut.rest}")
            self._uncut[cut.message_id] = _Uncut(cut.heard, length, self._clock() + OWN_CUT_WAIT)

    def text_changed(self, message_id: str, text: str) -> bool:
        """Voxta tells the text of a message. Whether it was cut off by that, and we need not."""
        uncut = self._uncut.get(message_id)
        if uncut is None or len(text) >= uncut.length:
            return False
        del self._uncut[message_id]
        return True

    @property
    def has_uncut(self) -> bool:
        """Whether a text is still whole that was not heard whole."""
        return bool(self._uncut)

    def next_at(self) -> float | None:
        """When `cut_overdue` has something to do."""
        return min((uncut.until for uncut in self._uncut.values()), default=None)

    def cut_overdue(self) -> bool:
        """Have the messages end where the voice did that Voxta has left whole. Whether there were any."""
        now = self._clock()
        overdue = [each for each in self._uncut.items() if each[1].until <= now]
        for message_id, uncut in overdue:
            del self._uncut[message_id]
            self.add(partial(self._voxta.rewrite, message_id, uncut.heard))
        return bool(overdue)
