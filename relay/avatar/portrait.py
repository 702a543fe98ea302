"""Which picture of the companion fits: whether it is silent, listens, thinks or speaks, its mood, and its mouth."""

import asyncio
import re
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Final, Literal

from relay.avatar.mouth import Mouth
from relay.replies.reply import Reply, Sentence
from relay.speech.floor import Floor, FloorState
from relay.speech.playback import Playback

FRAME: Final = 1 / 15
"""Seconds between two looks at the mouth; pictures that change more often flicker."""
OPEN: Final = 0.3
"""How far a mouth has to be open to be drawn so."""
LINGER: Final = 2.0
"""Seconds a mood stays after the last word."""

PortraitState = Literal["silent", "listening", "thinking", "speaking"]
Show = Callable[[PortraitState, str, bool], None]
"""Takes the state, the mood in small letters ("" for none), and whether the mouth is open."""


class Portrait:
    """Hears of the speech as a PlaybackListener. Call `changed` whenever the floor or the speech may have changed."""

    def __init__(
        self,
        playback: Playback,
        floor: Floor,
        show: Show,
        *,
        loudness: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`show` is told of each change; `loudness` in LUFS is that of all clips."""
        self._playback = playback
        self._floor = floor
        self._show = show
        self._clock = clock
        self._mouth = Mouth(playback, loudness)
        self._mood = ""
        self._spoke_at = float("-inf")
        self._shown: tuple[PortraitState, str, bool] | None = None
        self._news = asyncio.Event()
        playback.listen(self)

    def sentence_began(self, sentence: Sentence, duration: float) -> None:
        """See PlaybackListener."""
        if duration and sentence.affect:
            self._mood = re.sub(r"[^\w-]+", "-", sentence.affect.casefold())
        self._news.set()

    def reply_heard(self, reply: Reply) -> None:
        """See PlaybackListener."""

    def changed(self) -> None:
        """Look at once."""
        self._news.set()

    async def run(self) -> None:
        """Show what fits until cancelled."""
        while True:
            self._news.clear()
            self._look()
            with suppress(TimeoutError):
                async with asyncio.timeout(self._rest()):
                    await self._news.wait()

    def _rest(self) -> float | None:
        """Seconds until the next look, unless something happens before."""
        if self._playback.sounding is not None:
            return FRAME
        return LINGER if self._mood else None

    def _look(self) -> None:
        now = self._clock()
        if self._playback.is_busy:
            self._spoke_at = now
        elif now - self._spoke_at >= LINGER:
            self._mood = ""
        state, is_open = self._pose(now)
        if (wanted := (state, self._mood, is_open)) != self._shown:
            self._shown = wanted
            self._show(*wanted)

    def _pose(self, now: float) -> tuple[PortraitState, bool]:
        if self._playback.sounding is not None:
            return "speaking", self._mouth.shape(now).opening >= OPEN
        if self._floor.speakers(now):
            return "listening", False
        match self._floor.state(now):
            case FloorState.SPEAKING:
                return "speaking", not self._playback.is_busy  # heard elsewhere, where nobody sees the sound
            case FloorState.AWAITING | FloorState.THINKING:
                return "thinking", False
        return "silent", False
