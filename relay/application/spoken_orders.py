"""What may be ordered aloud: the streamer, and who else may steer the relay, say it instead of writing it."""

from collections.abc import Callable, Sequence
from typing import Final, Protocol

from relay.hearing.spoken_controls import SpokenControl, spoken_control
from relay.model import Caller, Talker
from relay.moderation.controls import Controls
from relay.moderation.switches import Switches
from relay.speech.voice import Voice

STEP: Final = 0.2
"""How much louder or quieter it gets at once, as a share of the sound as it is."""
LOUDEST: Final = 2.0
SOURCE: Final = "voice"
"""Where such an order comes from, in the audit log."""
_SILENT: Final = frozenset({SpokenControl.INTERRUPT, SpokenControl.SKIP, SpokenControl.PAUSE})
"""Who says one of these wants to hear nothing now."""


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

    def found(self, talker: Talker, text: str) -> SpokenControl | None:
        """The order that these words of somebody are. To go on is one only where they have paused it before."""
        if not _caller(talker).may_control:
            return None
        control = spoken_control(text, self._names())
        return None if control is SpokenControl.RESUME and not self._switches().paused else control

    async def carry_out(self, control: SpokenControl, talker: Talker) -> None:
        """Do it, and let it be heard that it was understood."""
        if control in _SILENT:
            self._voice.answered_otherwise()
        await self._controls.run(self._words(control), _caller(talker))
        self._confirm()

    def _words(self, control: SpokenControl) -> str:
        match control:
            case SpokenControl.LOUDER:
                return f"volume {self._percent(STEP)}"
            case SpokenControl.QUIETER:
                return f"volume {self._percent(-STEP)}"
            case _:
                return control.value

    def _percent(self, step: float) -> int:
        return round(100 * min(LOUDEST, max(STEP, self._loudness.volume + step)))


def _caller(talker: Talker) -> Caller:
    return Caller(source=SOURCE, name=talker.name, id=talker.id, roles=talker.roles)
