"""One account of a platform for several companions, each in places of its own."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from relay.platforms.base import ViewerCommands
from relay.platforms.voice import VoiceChannels

IsOurs = Callable[[Sequence[str]], bool]
"""Whether what is in these places is of whoever asks: as the platform names them, the closest first."""


def everywhere(_: Sequence[str]) -> bool:
    """What a whole account has is."""
    return True


@dataclass(frozen=True)
class Share:
    """What one companion has of an account."""

    name: str
    """The companion's."""
    channels: Collection[str]
    """Where it is, as settings name that: the channels it hears, and those it comes to by itself to speak."""
    commands: ViewerCommands
    """What its viewers can do."""
    voice: VoiceChannels | None = None
    """What the platform's own `voice` has built; None while it neither speaks nor listens."""


@runtime_checkable
class Shareable(Protocol):
    """Optional: each companion's commands and voice are in that one's places, and nowhere else."""

    async def share(self, companions: Sequence[Share]) -> None:
        """These there are from now on, and no others. Called before it runs, and while it does; never raises."""
        ...


@runtime_checkable
class Divisible(Protocol):
    """What is Acting, Streaming or Redeeming has to be this too: one companion acts in its own channels alone."""

    def within(self, is_ours: IsOurs, /) -> object:
        """The same, as far as it is Acting, Streaming and Redeeming, where no other channels are than ours."""
        ...
