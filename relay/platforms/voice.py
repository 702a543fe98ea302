"""Voice channels: an ability that a platform may have."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from relay.model import Talker
from relay.speech.base import Sink, Speakers


@dataclass(frozen=True)
class Listener:
    """Who wants to know what is said in voice channels."""

    speakers: Speakers
    """Told who talks, as `voice:<the person's id>`."""
    feed: Callable[[int, int, bytes], None]
    """Given speech in any thread: whose, the timestamp of its first sample at 48 kHz, mono samples of signed 16 bit."""
    may_pause: Callable[[], bool]
    """Whether who begins to talk silences the companion at once. Asked in any thread."""


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
