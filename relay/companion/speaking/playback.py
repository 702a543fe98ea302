"""What of the character's speech is still to be heard. Every wait ends, also when a player dies."""

import asyncio
import logging
from collections.abc import Callable, Collection
from typing import Final

log = logging.getLogger(__name__)

GRACE: Final = 10.0
"""Seconds a player may take beyond the length of what it plays: fetching, a short pause for somebody who talks."""
SOUNDLESS: Final = 2.0
"""The same for a reply without sound, of which a player has only to say that it took it."""
LONGEST: Final = 120.0
"""Seconds for which speech that is not ours is believed to be heard when its player says nothing more."""


class PlaybackTracker:
    """Follows one reply from its first sentence to the end of its speech. `over` is called with its id at the end.

    A player is whoever said that it plays. It may also play speech of its own, for any message.
    """

    def __init__(self, over: Callable[[str], None], grace: float) -> None:
        self._over = over
        self._grace = grace
        self._timer: asyncio.TimerHandle | None = None
        self._clear()

    def _clear(self) -> None:
        self._message: str | None = None
        self._growing = False
        """Whether the reply may still get sentences."""
        self._is_ours = False
        """Whether it is a reply, and not some player's own speech."""
        self._awaited = False
        """Whether a player has yet to say that it is over, though there is nothing to hear."""
        self._acknowledged = False
        """Whether a player has said so before the reply had all its sentences; what comes then is heard, too."""
        self._clips: dict[int, float] = {}
        """Seconds of each clip that is not known to be heard, by where its text starts."""
        self._players: set[object] = set()
        """Those whom the reply went out to, and who are still there."""
        self._player: object | None = None
        """The one that plays."""
        self._disarm()

    @property
    def message(self) -> str | None:
        """The id of what is made or heard."""
        return self._message

    @property
    def is_heard(self) -> bool:
        """Whether a player has yet to say that it is over."""
        return self._awaited or self._player is not None or bool(self._clips)

    def begin(self, message_id: str) -> None:
        """A reply begins, in place of whatever was heard."""
        self._clear()
        self._message, self._growing, self._is_ours = message_id, True, True

    def goes_to(self, players: Collection[object]) -> None:
        """Something of the reply goes out to these."""
        self._players |= set(players)

    def expect(self, start_index: int, seconds: float) -> None:
        """It has a clip, for those who are there to play it."""
        if self._players:
            self._acknowledged = False
            self._clips[start_index] = seconds

    def text_is_over(self) -> None:
        """The reply has all its sentences. It is over at once where no player is there to say so."""
        self._growing, self._awaited = False, bool(self._players) and not self._acknowledged
        if self.is_heard:
            self._arm_for_clips()
        else:
            self._end()

    def cut(self) -> None:
        """The reply gets no more sentences; without speech nothing is over, since it never was whole."""
        self._growing = False
        if self.is_heard:
            self._arm_for_clips()
        else:
            self._clear()

    def started(self, player: object, message_id: str, start_index: int, seconds: float) -> None:
        """A client plays a part of a message; what came before it was heard."""
        if self._message is None:
            self._message = message_id
        if message_id != self._message:
            return
        self._player = player
        self._clips = {start: length for start, length in self._clips.items() if start >= start_index}
        if self._growing:
            return
        if self._is_ours:
            self._arm_for_clips()
        else:
            self._arm(min(max(0.0, seconds) or LONGEST, LONGEST) + self._grace)

    def completed(self, message_id: str) -> bool:
        """A client says that a message was heard; whether nothing of it is to come."""
        if message_id != self._message:
            return False
        if self._growing:
            self._clips, self._player, self._acknowledged = {}, None, True
            return False
        self._clear()
        return True

    def left(self, player: object) -> None:
        """A client went. Who came later, the same client on its way back among them, plays nothing of what went out."""
        self._players.discard(player)
        if player is self._player or (self._is_ours and self.is_heard and not self._players):
            self._clips, self._player, self._awaited = {}, None, False
            if not self._growing:
                self._end()

    def stop(self) -> bool:
        """Forget all of it; whether there was something to be heard."""
        heard = self.is_heard
        self._clear()
        return heard

    def _end(self) -> None:
        message = self._message
        self._clear()
        if message is not None:
            self._over(message)

    def _arm_for_clips(self) -> None:
        seconds = sum(self._clips.values())
        self._arm(seconds + self._grace if seconds else min(SOUNDLESS, self._grace))

    def _arm(self, seconds: float) -> None:
        self._disarm()
        self._timer = asyncio.get_running_loop().call_later(seconds, self._expire)

    def _disarm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _expire(self) -> None:
        log.info("Nobody said that the speech of a reply was heard; it is taken as over")
        self._end()
