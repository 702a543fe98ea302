"""Voice channels: an ability that a platform may have."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from relay.config import HearingSection
from relay.hearing.base import VoiceListener
from relay.model import Talker
from relay.speech.base import Sink, Speakers

if TYPE_CHECKING:
    from relay.hearing.echo import Echoes


@dataclass(frozen=True)
class Listener:
    """Who wants to know what is said in voice channels."""

    speakers: Speakers
    """Told who talks, as `voice:<the person's id>`."""
    voices: VoiceListener
    """Told how each voice goes, and given what they say."""
    may_pause: Callable[[], bool]
    """Whether who begins to talk silences the companion at once. Asked in any thread."""
    settings: HearingSection
    ends_after: Callable[[str], float]
    """How much silence ends the turn of somebody who pauses, in seconds, by what they have said so far."""
    echoes: "Echoes | None" = None
    """Tells the companion's own voice in what people send; None where nobody asks."""
    muted: Callable[[], Collection[str]] = frozenset
    """Whom moderators have muted, as `platform:id` or by a folded name: they are not heard. Asked in any thread."""


class VoiceChannels(Protocol):
    """The companion in a platform's voice channels."""

    @property
    def sink(self) -> Sink:
        """Where it is heard."""
        ...

    def people(self) -> list[str]:
        """The names of those who hear it."""
        ...

    def talker(self, who: str) -> Talker:
        """Who it is that talks, by their id."""
        ...

    def trouble(self) -> str | None:
        """What keeps people from being heard, in one line; None when nothing does."""
        ...

    async def run(self) -> None:
        """Listen until cancelled."""
        ...
