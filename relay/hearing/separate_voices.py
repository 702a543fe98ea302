"""Everybody's turns, each recognised apart: people who talk at the same time are two texts, not one muddle."""

import asyncio
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from relay.hearing.base import (
    Hearer,
    Recogniser,
    Recognition,
    RecognitionError,
    SpokenText,
    VoiceListener,
)
from relay.hearing.partial_text import PartialText

log = logging.getLogger(__name__)

PENDING: Final = 16
"""Turns that may be on their way to text at a time; a recogniser that is so far behind would never catch up."""
WITHIN: Final = 30.0
"""Seconds in which the end of a turn has to be known as text, as those behind it wait for it; after that nobody wants
an answer any more."""


@dataclass(slots=True, eq=False)
class _OpenTurn:
    who: str
    recognition: Recognition
    over: bool = False
    """They began while the companion was speaking."""
    partial: PartialText = field(default_factory=PartialText)
    is_paused: bool = False
    """They are silent, and it is not certain yet that they are done."""


class SeparateVoices:
    """A VoiceListener for all people. `run` hands over what they said, in the order in which they were done."""

    hearer: Hearer
    """Is told what people say; set before anybody is heard."""

    def __init__(
        self,
        recogniser: Recogniser,
        *,
        language: str = "",
        within: float = WITHIN,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._recogniser = recogniser
        self._language = language
        self._within = within
        self._clock = clock
        self._over: dict[str, bool] = {}
        """Whether the companion was speaking when they made the sound of which it is not known yet what it is."""
        self._turns: dict[str, _OpenTurn] = {}
        self._ended: asyncio.Queue[tuple[_OpenTurn, float]] = asyncio.Queue()
        self._settled: asyncio.Queue[SpokenText] = asyncio.Queue()
        """What need not wait for what others say."""
        self._pending = 0
        self.problem: str | None = None
        """Why nobody is understood, in one line; None when nothing is known to be wrong."""

    def so_far(self, who: str) -> str:
        """What is understood of what they are saying; "" where nothing is, or the engine does not tell."""
        turn = self._turns.get(who)
        return turn.recognition.text if turn is not None else ""

    async def run(self) -> None:
        """Turn speech into text until cancelled."""
        order: asyncio.Queue[tuple[_OpenTurn, float, asyncio.Task[str]]] = asyncio.Queue()
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._deliver(order), name="spoken texts")
                tasks.create_task(self._deliver_settled(), name="spoken orders")
                while True:
                    turn, ended = await self._ended.get()
                    understanding = tasks.create_task(self._understand(turn), name=f"what {turn.who} says")
                    order.put_nowait((turn, ended, understanding))
        finally:
            for turn in self._turns.values():
                turn.recognition.abandon()
            self._turns.clear()
            self._pending = self._ended.qsize()  # what was under way is lost with this run

    async def _deliver(self, order: "asyncio.Queue[tuple[_OpenTurn, float, asyncio.Task[str]]]") -> None:
        while True:
            turn, ended, understanding = await order.get()
            text = await understanding
            self._pending -= 1
            if not text and not self._pending:
                self.hearer.expect(is_expected=False)
            if text:
                await self.hearer.said(SpokenText(turn.who, text, ended, turn.over))

    async def _deliver_settled(self) -> None:
        while True:
            await self.hearer.said(await self._settled.get())

    async def _understand(self, turn: _OpenTurn) -> str:
        """What they said; "" when it is nothing, or fails, which is told once until it works again."""
        try:
            async with asyncio.timeout(self._within):
                text = await turn.recognition.finish()
        except RecognitionError as error:
            return self._fail(turn, str(error))
        except TimeoutError:
            return self._fail(turn, f"the recogniser took longer than {self._within:g} s for a turn")
        self.problem = None
        return text.strip()

    def _fail(self, turn: _OpenTurn, problem: str) -> str:
        turn.recognition.abandon()
        if self.problem is None:
            log.warning("What people say is not understood: %s", problem)
        self.problem = problem
        return ""

    # See VoiceListener

    def sound_began(self, who: str) -> None:
        self._over[who] = self.hearer.is_spoken_over()

    def was_noise(self, who: str) -> None:
        self._over.pop(who, None)

    def speech_began(self, who: str) -> None:
        self._drop(who)
        self._turns[who] = _OpenTurn(who, self._recogniser.begin(self._language), self._over.pop(who, False))

    def speech(self, who: str, pcm: bytes) -> None:
        turn = self._turns.get(who)
        if turn is None or turn.partial.is_settled:
            return
        turn.recognition.feed(pcm)
        text = turn.recognition.text
        if turn.partial.becomes(text):
            if turn.over:
                self.hearer.so_far(who, text)
            if turn.is_paused:
                self.hearer.may_be_done(who, text)
        elif turn.partial.stays(len(pcm)) and self.hearer.is_all(who, text):
            turn.partial.is_settled = True
            turn.recognition.abandon()
            self._settled.put_nowait(SpokenText(who, text, self._clock(), turn.over))

    def speech_paused(self, who: str) -> None:
        turn = self._turns.get(who)
        if turn is not None and not turn.partial.is_settled:
            turn.is_paused = True
            if turn.partial.text:
                self.hearer.may_be_done(who, turn.partial.text)

    def speech_resumed(self, who: str) -> None:
        turn = self._turns.get(who)
        if turn is not None and turn.is_paused:
            turn.is_paused = False
            self.hearer.goes_on(who)

    def turn_ended(self, who: str) -> None:
        turn = self._turns.pop(who, None)
        if turn is None or turn.partial.is_settled:
            return
        if self._pending >= PENDING:
            log.warning("What was said aloud is not understood: %d turns wait for the recogniser already", PENDING)
            turn.recognition.abandon()
            return
        self._pending += 1
        self.hearer.expect(is_expected=True)
        self._ended.put_nowait((turn, self._clock()))

    def _drop(self, who: str) -> None:
        if (turn := self._turns.pop(who, None)) is not None:
            turn.recognition.abandon()


_: type[VoiceListener] = SeparateVoices
