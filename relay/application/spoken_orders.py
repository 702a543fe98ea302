"""What may be ordered aloud: the streamer, and who else may steer the relay, say it instead of writing it."""

import logging
import time
from collections.abc import Callable, Sequence
from typing import Final, Protocol

from relay.errors import RelayError
from relay.hearing.spoken_controls import SpokenControl, spoken_control
from relay.model import Caller, Talker
from relay.moderation.controls import Controls
from relay.moderation.switches import Switches
from relay.speech.voice import Voice

log = logging.getLogger(__name__)

STEP: Final = 0.2
"""How much louder or quieter it gets at once, as a share of the sound as it is; nobody makes it quieter than that
aloud, as it could not be heard then that they were understood."""
LOUDEST: Final = 2.0
SOURCE: Final = "voice"
"""Where such an order comes from, in the audit log."""
_SILENT: Final = frozenset({SpokenControl.INTERRUPT, SpokenControl.SKIP, SpokenControl.PAUSE})
"""Who says one of these wants to hear nothing now."""
BOTH_EARS: Final = 5.0
"""Seconds within which the same words are understood in a call and at Voxta's own microphone."""


class HasVolume(Protocol):
    """Knows how loud the companion speaks."""

    volume: float
    """From 0 over 1 (as it is) to 2."""


class SpokenOrders:
    """Finds orders in what people say, and has them carried out the way moderators' are."""

    def __init__(
        self,
        controls: Controls,
        voice: Voice,
        *,
        names: Callable[[], Sequence[str]],
        switches: Callable[[], Switches],
        loudness: HasVolume,
        confirm: Callable[[], None],
    ) -> None:
        """`names` are what people call the companion; `confirm` lets it be heard that an order was understood."""
        self._controls = controls
        self._voice = voice
        self._names = names
        self._switches = switches
        self._loudness = loudness
        self._confirm = confirm
        self._heard_once: list[tuple[SpokenControl, str, float]] = []
        """What the streamer has just ordered, by which ear (the id that they have there), and when."""

    def found(self, talker: Talker, text: str) -> SpokenControl | None:
        """The order that these words of somebody are. To go on is one only where they have paused it before."""
        if not _caller(talker).may_control:
            return None
        control = spoken_control(text, self._names())
        return None if control is SpokenControl.RESUME and not self._switches().paused else control

    async def carry_out(self, control: SpokenControl, talker: Talker) -> None:
        """Do it, and let it be heard that it was understood; what cannot be done is told in the log alone."""
        if control in _SILENT:
            self._voice.answered_otherwise()
        if talker.is_streamer and self._is_heard_twice(control, talker.id):
            return
        try:
            await self._controls.carry_out(self._words(control), _caller(talker))
        except RelayError as error:
            log.warning("what %s ordered aloud (%s) did not work: %s", talker.name, control, error)
        else:
            self._confirm()

    def _is_heard_twice(self, control: SpokenControl, ear: str) -> bool:
        """Whether the other ear has told it already: a streamer in a call may have Voxta's microphone open too."""
        now = time.monotonic()
        self._heard_once = [each for each in self._heard_once if now - each[2] < BOTH_EARS]
        for each in self._heard_once:
            if each[0] is control and each[1] != ear:
                self._heard_once.remove(each)
                return True
        self._heard_once.append((control, ear, now))
        return False

    def _words(self, control: SpokenControl) -> str:
        match control:
            case SpokenControl.LOUDER:
                return _volume(min(LOUDEST, self._loudness.volume + STEP))
            case SpokenControl.QUIETER:
                now = self._loudness.volume
                return _volume(max(min(STEP, now), now - STEP))
            case _:
                return control.value


def _volume(share: float) -> str:
    return f"volume {round(100 * share)}"


def _caller(talker: Talker) -> Caller:
    return Caller(source=SOURCE, name=talker.name, id=talker.id, roles=talker.roles)
