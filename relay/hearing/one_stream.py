"""Everybody's turns in the one stream that Voxta's speech recognition takes: whole turns, one after the other.

Who talks while nobody else does is passed on as they speak. Who talks beside them waits for the end of that turn, and
for Voxta to end it too; so each text belongs to the person whose turn it was, and overlapping talk is two texts.
"""

import asyncio
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from relay.hearing.base import HEARING_RATE, Hearer, SpokenText, VoiceListener
from relay.hearing.partial_text import PartialText
from relay.text.for_pages import for_pages

log = logging.getLogger(__name__)

STREAM_BLOCK: Final = 0.03
"""Seconds of one block of the stream."""
BLOCK_BYTES: Final = 2 * round(HEARING_RATE * STREAM_BLOCK)
QUIET: Final = bytes(BLOCK_BYTES)
"""A block in which nobody talks."""
HOLD: Final = 8.0
"""Seconds that anything may wait for others to be done; what is older would be answered too late."""
IN_HAND: Final = 2 * BLOCK_BYTES
"""Bytes kept back of who talks now, so that sound that comes unevenly still joins up."""
SETTLED: Final = 0.3
"""Seconds of silence after a turn that Voxta has ended, in which it may still notice more of it."""
UNNOTICED: Final = 1.2
"""Seconds of silence after which Voxta would have noticed a turn. Recognisers end one after about 0.8."""
UNENDED: Final = 3.0
"""Seconds of silence after which the next turn goes all the same."""
UNASKED: Final = for_pages("people talk, and Voxta asks for no sound")
LAG: Final = 10.0
"""Seconds after our last sound in which Voxta's news are of it."""


@dataclass(slots=True, eq=False)
class _WaitingTurn:
    who: str
    began: float
    over: bool = False
    """They began while the companion was speaking."""
    sound: bytearray = field(default_factory=bytearray)
    ended: float | None = None
    is_lost: bool = False
    partial: PartialText = field(default_factory=PartialText)
    """What Voxta understands of what it has not ended."""


class OneStream:
    """A VoiceListener for all people, and the source of the stream, read in real time. All on the event loop.

    What is said while Voxta does not listen is forgotten at once. `run` hands over what Voxta understood.
    """

    hearer: Hearer
    """Is told what people say; set before anybody is heard."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._is_wanted = False
        self._over: dict[str, bool] = {}
        """Whether the companion was speaking when they made the sound of which it is not known yet what it is."""
        self._turns: dict[str, _WaitingTurn] = {}
        """Of those who talk now."""
        self._line: list[_WaitingTurn] = []
        """Those that wait for the one before them."""
        self._current: _WaitingTurn | None = None
        self._quiet = 0
        """Blocks of silence since the current turn was passed on."""
        self._ahead = 0
        """Bytes of silence within the current turn that were passed on before the turn itself tells of them."""
        self._is_answered = False
        """Voxta has ended something since then."""
        self._sounded_at = float("-inf")
        self._latest: _WaitingTurn | None = None
        """Whose sound was passed on last."""
        self._recognised: _WaitingTurn | None = None
        """Whose words Voxta is recognising."""
        self._texts: asyncio.Queue[SpokenText] = asyncio.Queue()
        self._was_wanted = False
        self._is_unasked = False
        """Somebody spoke although Voxta has never asked for sound."""
        self.unreachable: str | None = None
        """Why Voxta, which asks for sound, does not get it, in one line; for who sends the stream to say."""
        self.lost = 0
        """Turns that waited too long."""

    def so_far(self, who: str) -> str:
        """What Voxta has understood of what they are saying; "" where nothing is, or its engine does not tell."""
        turn = self._turns.get(who)
        return turn.partial.text if turn is not None else ""

    @property
    def problem(self) -> str | None:
        """Why nobody is understood, in one line; None when nothing is known to be wrong."""
        return self.unreachable or (UNASKED if self._is_unasked else None)

    async def run(self) -> None:
        """Hand over what was said until cancelled."""
        while True:
            await self.hearer.said(await self._texts.get())

    # Voxta's stream

    def open(self) -> None:
        """Voxta listens from now on."""
        self._is_wanted = self._was_wanted = True
        self._is_unasked = False

    def close(self) -> None:
        """Voxta does not listen any more; what waits is forgotten."""
        self._is_wanted = False
        self._turns.clear()
        self._line.clear()
        self._current = None
        if (turn := self._recognised) is not None and not turn.partial.is_settled:
            turn.partial = PartialText()  # its end may still come, but words that wait for it are no order later

    @property
    def is_behind(self) -> bool:
        """Whether the next block need not wait for its time, as sound was held up."""
        return self._current is not None and len(self._current.sound) >= IN_HAND + BLOCK_BYTES

    def read(self) -> bytes:
        """The next 30 ms, mono, signed 16 bit little-endian, 16 kHz; zeros when nobody's turn it is."""
        self._let_go()
        self._look_at_partial()
        if self._current is None or self._is_over(self._current):
            self._current = self._next()
            self._quiet, self._ahead, self._is_answered = 0, 0, False
        turn = self._current
        if turn is not None and self._ahead:
            self._catch_up(turn)
        if turn is None or not self._has_block(turn):
            self._quiet += 1
            self._ahead += BLOCK_BYTES
            return QUIET
        self._quiet, self._ahead, self._is_answered = 0, 0, False
        self._latest, self._sounded_at = turn, self._clock()
        block = bytes(turn.sound[:BLOCK_BYTES])
        del turn.sound[:BLOCK_BYTES]
        return block.ljust(BLOCK_BYTES, b"\0")

    @property
    def is_recognised(self) -> bool:
        """Whether what Voxta recognises now is what we passed on."""
        return self._recognised is not None

    def recognition_began(self) -> None:
        """Voxta hears somebody."""
        is_ours = self._clock() - self._sounded_at <= LAG
        self._recognised = self._latest if is_ours else None

    def recognition_partial(self, text: str) -> None:
        """Voxta has understood this so far of whom it hears."""
        turn = self._recognised
        if turn is not None and turn.partial.becomes(text.strip()) and turn.over and not turn.partial.is_settled:
            self.hearer.so_far(turn.who, turn.partial.text)

    def recognition_ended(self, text: str) -> None:
        """Voxta has understood this, or nothing. What we did not pass on is somebody else's to tell."""
        turn, self._recognised = self._recognised, None
        if turn is None:
            return
        self._is_answered = True
        partial, turn.partial = turn.partial, PartialText()
        if text.strip() and not partial.is_settled:
            self._texts.put_nowait(SpokenText(turn.who, text.strip(), turn.ended or self._clock(), turn.over))
        elif not self._line:
            self.hearer.expect(is_expected=False)

    # See VoiceListener

    def sound_began(self, who: str) -> None:
        self._over[who] = self.hearer.is_spoken_over()

    def was_noise(self, who: str) -> None:
        self._over.pop(who, None)

    def speech_began(self, who: str) -> None:
        self.turn_ended(who)
        self._begin(who)

    def speech(self, who: str, pcm: bytes) -> None:
        turn = self._turns.get(who) or self._begin(who)
        if turn is not None and not turn.is_lost:
            turn.sound += pcm

    def speech_paused(self, who: str) -> None:
        pass

    def speech_resumed(self, who: str) -> None:
        pass

    def turn_ended(self, who: str) -> None:
        turn = self._turns.pop(who, None)
        if turn is not None:
            turn.ended = self._clock()
            if not turn.is_lost:
                self.hearer.expect(is_expected=True)

    # Inside

    def _begin(self, who: str) -> _WaitingTurn | None:
        over = self._over.pop(who, False)
        if not self._is_wanted:
            self._is_unasked = not self._was_wanted
            return None
        turn = self._turns[who] = _WaitingTurn(who, self._clock(), over)
        self._line.append(turn)
        return turn

    def _look_at_partial(self) -> None:
        turn = self._recognised
        if turn is not None and turn.partial.stays(BLOCK_BYTES) and self.hearer.is_all(turn.who, turn.partial.text):
            turn.partial.is_settled = True
            self._texts.put_nowait(SpokenText(turn.who, turn.partial.text, self._clock(), turn.over))

    def _catch_up(self, turn: _WaitingTurn) -> None:
        """Leave out the silence that Voxta has heard already, as it was read while nothing came."""
        silence = len(turn.sound) - len(turn.sound.lstrip(b"\0"))
        known = min(self._ahead, silence - silence % 2)
        del turn.sound[:known]
        self._ahead -= known

    def _has_block(self, turn: _WaitingTurn) -> bool:
        return len(turn.sound) >= BLOCK_BYTES or (turn.ended is not None and bool(turn.sound))

    def _is_over(self, turn: _WaitingTurn) -> bool:
        """Whether it was passed on, and Voxta has ended it as far as can be known."""
        if turn.ended is None or turn.sound:
            return False
        silence = self._quiet * STREAM_BLOCK
        if self._recognised is not None:
            return silence >= UNENDED
        return silence >= (SETTLED if self._is_answered else UNNOTICED)

    def _next(self) -> _WaitingTurn | None:
        """Who was done first; where nobody is, who began first."""
        if not self._line:
            return None
        turn = min(self._line, key=lambda each: (each.ended is None, each.ended or each.began))
        self._line.remove(turn)
        return turn

    def _let_go(self) -> None:
        too_old = self._clock() - HOLD
        for turn in [each for each in self._line if each.began < too_old]:
            self._line.remove(turn)
            turn.is_lost = True
            turn.sound.clear()
            self.lost += 1
            log.warning("Somebody talked beside others for too long: Voxta hears one at a time (%d so far)", self.lost)


_: type[VoiceListener] = OneStream
