"""How a platform describes itself, so that nothing else has to know it by name.

Cheap to import: what a platform needs to work is loaded by the functions that use it.
"""

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Generic, Self, TypeVar

from relay.config import VoiceSection
from relay.config.base import PlatformSection
from relay.config.loading import Config
from relay.guide import Changes, Guide
from relay.model import Kind
from relay.platforms.base import ChannelRewards, Notes, Platform, PlatformControls, Receive
from relay.platforms.voice import Listener, VoiceChannels

S = TypeVar("S", bound=PlatformSection)
Say = Callable[[str], None]
"""Tells the person at the terminal a line."""
REMEMBERED_FOR: Final = 86_400.0
"""Seconds that the store knows for what was told, where the settings are not asked."""


@dataclass(frozen=True)
class PlatformWishes:
    """What the rest of the settings want of a platform: it asks for no more than that."""

    kinds: frozenset[Kind] = frozenset(Kind)
    """What may be told to the companion."""
    acts: tuple[str, ...] = ()
    """What scenarios, commands and rewards may do."""
    rewards: bool = False
    """Whether rewards are created, paused, fulfilled and refunded."""
    voice: VoiceSection = field(default_factory=VoiceSection)
    """Where it speaks and listens, if it has voice channels."""

    @classmethod
    def of(cls, config: Config) -> Self:
        entries = (*config.commands.own, *config.rewards)
        acts = [*config.scenario.allow, *(entry.act.name for entry in entries if entry.act is not None)]
        redeemed = {Kind.REDEMPTION} if config.rewards else frozenset()
        kinds = config.forwarding.wanted | redeemed
        return cls(kinds, tuple(dict.fromkeys(acts)), bool(config.rewards), config.voice)

    def __or__(self, other: Self) -> Self:
        """What either of two wants that share an account; voice channels are not shared."""
        acts = tuple(dict.fromkeys([*self.acts, *other.acts]))
        return type(self)(self.kinds | other.kinds, acts, self.rewards or other.rewards)


@dataclass(frozen=True)
class Surroundings:
    """What a platform is built with besides its own settings."""

    receive: Receive
    controls: PlatformControls
    notes: Notes
    data_dir: Path
    look_back: float = 120.0
    """Seconds; what is older is not worth looking up."""
    remembered: float = REMEMBERED_FOR
    """Seconds for which what was told is not taken for new if it is told again."""
    wishes: PlatformWishes = PlatformWishes()
    voice: VoiceChannels | None = None
    """What its own `voice` has built, where the settings want it."""

    @classmethod
    def of(
        cls,
        config: Config,
        receive: Receive,
        controls: PlatformControls,
        notes: Notes,
        voice: VoiceChannels | None = None,
    ) -> Self:
        """With what these settings say of it."""
        return cls(
            receive,
            controls,
            notes,
            data_dir=config.relay.data_dir,
            look_back=max(config.selection.addressed_ttl, config.selection.quiet_ttl),
            remembered=config.inbox.keep,
            wishes=PlatformWishes.of(config),
            voice=voice,
        )


@dataclass(frozen=True)
class DemoCrowd:
    """What the demo invents of a platform."""

    per_minute: float
    """Messages; more than the companion answers in all, so that the forwarder has to choose."""
    has_events: bool = False
    """Follows, cheers and raids besides chat."""


@dataclass(frozen=True, eq=False)
class PlatformInfo(Generic[S]):
    """All the relay knows of a platform before it is connected."""

    name: str
    """Of the settings section, of its messages (`name:id`) and of `relay auth`; small letters."""
    label: str
    """As people and the companion read it."""
    section: type[S]
    text_limit: int
    """Characters of a post."""
    build: Callable[[S, Surroundings], Platform]
    check: Callable[[S, Path, PlatformWishes], Awaitable[str]]
    """For `relay check`, with the folder of the relay's data: one line when all is well, else it raises RelayError."""
    advice: str
    """What to do when it cannot be reached."""
    log_in: Callable[[S, Path, Say, PlatformWishes], Awaitable[str]] | None = None
    """For `relay auth`, which shows its docstring: with the folder of the relay's data, and a way to tell people what
    to do. Returns the closing line."""
    set_up: Callable[[S, Path, PlatformWishes, Guide], Awaitable[Changes]] | None = None
    """Sets it up with somebody who answers, and returns what its settings, and those of its voice channels, are to be.
    Raises RelayError for what a person has to act on elsewhere."""
    rewards: Callable[[S, Path], AbstractAsyncContextManager[ChannelRewards]] | None = None
    """The rewards of the streamer's channel, with the folder of the relay's data; for `relay rewards` and `check`."""
    voice: Callable[[VoiceSection, Listener | None], VoiceChannels] | None = None
    """Its voice channels, for the whole run. Without a listener nobody is heard there."""
    to_tell_one_alone: Callable[[S], str] = lambda _: ""
    """What to set so that a viewer can be answered where nobody else reads it; "" where that is so, or cannot be."""
    loggers: tuple[str, ...] = ()
    """Of its libraries: only their warnings are shown."""
    crowd: DemoCrowd | None = None
    login_notes: tuple[str, ...] = ()
    """Names of notes that are true of a login whatever else is set."""

    def settings(self, config: Config) -> S:
        """Its section; the defaults where the configuration has none."""
        section = getattr(config, self.name, None)
        return section if isinstance(section, self.section) else self.section()
