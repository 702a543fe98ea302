"""What every platform adapter is: it brings audience messages in and posts text back. It owns no policy."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from relay.acts import Act
from relay.config import OfferSection
from relay.model import AudienceMessage, Caller, CommandInfo, ControlInfo, Held, Incoming, Settlement, Suggestion
from relay.replies.outlet import Outlet


class Receive(Protocol):
    """Takes what the audience did, in order. Returns when it is stored, so awaiting it is back-pressure."""

    async def __call__(self, *incoming: Incoming) -> None:
        """Raises InboxError when the store cannot take it; the adapter keeps everything and tries again.

        What had been stored already is recognised by its id then.
        """
        ...


class Notes(Protocol):
    """Small named values that outlive a restart, kept beside the messages. Both raise InboxError."""

    async def get_note(self, name: str) -> str | None:
        """None when there is none."""
        ...

    async def set_note(self, name: str, value: str) -> None: ...


class Platform(Outlet, Protocol):
    """A connection to one platform, built with its settings and a `receive` callable: an outlet that also listens."""

    listening: asyncio.Event
    """Set for as long as it hears its channels."""

    async def run(self) -> None:
        """Connect, receive and reconnect until cancelled.

        Raises AuthError or ConfigError when a person has to act; everything else is retried inside. It may be run
        again after that: nothing it had accepted is lost meanwhile.
        """
        ...

    def health(self) -> str:
        """One line for people: `connected`, or what is wrong. Never holds a secret."""
        ...


@runtime_checkable
class Mendable(Protocol):
    """Optional: the platform notices that a person has mended what stopped it."""

    async def mended(self) -> None:
        """Return when running again is worth a try. Called while it does not run, after it raised."""
        ...


@runtime_checkable
class Acting(Protocol):
    """Optional: scenarios may bring things about on the platform."""

    def acts(self) -> Sequence[Act]:
        """All there are; which of them are allowed is not the platform's business."""
        ...


@runtime_checkable
class Whispering(Protocol):
    """Optional: it can tell a viewer something that nobody else reads, without being asked in private."""

    async def whisper(self, message: AudienceMessage, text: str) -> bool:
        """Tell it to the author of the message, once and without a second try. Whether that was done; never raises.

        The platform itself says why not, to who looks after it.
        """
        ...


@runtime_checkable
class Withholding(Protocol):
    """Optional: the platform keeps messages from its chat until a moderator decides, and takes our decision."""

    async def decide(self, message: AudienceMessage, *, approve: bool) -> None:
        """Let it into the chat, or not. Raises PlatformError, also where it was decided otherwise already."""
        ...


@runtime_checkable
class Unread(Protocol):
    """Optional: the platform counts events that it or its library could not make sense of."""

    def unread(self) -> Mapping[str, int]:
        """How many there were since the start, by the platform's own name of the event."""
        ...


@runtime_checkable
class Named(Protocol):
    """Optional: the companion has an account of its own there."""

    def names(self) -> Sequence[str]:
        """What people may call the account; empty when it has no name that is only its own."""
        ...


@runtime_checkable
class Tunable(Protocol):
    """Optional: which channels it hears may change while it runs."""

    async def set_channels(self, channels: Sequence[str], /) -> None:
        """Hear these, named as its settings do, and no others; only what differs changes.

        Raises ConfigError for one that is not there, and PlatformError; then all stays as it was.
        """
        ...

    def channel_name(self, channel: str, /) -> str:
        """How its settings name the channel with this id; the id itself where they do not."""
        ...


@runtime_checkable
class Selective(Protocol):
    """Optional: it can be set to hear nothing but what is said to the companion."""

    addressed_only: bool


@dataclass(frozen=True)
class Stream:
    """How a stream is doing."""

    is_live: bool
    title: str = ""
    game: str = ""
    viewers: int = 0
    channel: str = ""
    """Whose it is."""
    began: float = 0.0
    """When, in seconds since the epoch; 0 where there is none."""


@runtime_checkable
class Streaming(Protocol):
    """Optional: the platform knows the state of a stream."""

    async def stream(self) -> Stream:
        """How it is now, as far as that may be believed (OnAir). Raises PlatformError."""
        ...


@dataclass(frozen=True)
class ChannelReward:
    """Something viewers may spend the platform's points on."""

    id: str
    title: str
    cost: int
    is_ours: bool
    """The relay created it; of all others it can neither fulfil nor refund nor pause anything."""
    is_paused: bool = False
    is_enabled: bool = True


class ChannelRewards(Protocol):
    """The rewards of the streamer's channel. Everything raises PlatformError, and AuthError when a scope is missing."""

    async def check(self) -> None:
        """Whether the login may do all of this."""
        ...

    async def list(self) -> Sequence[ChannelReward]: ...

    async def stream(self) -> Stream:
        """The stream of that channel, as Streaming tells it."""
        ...

    async def create(self, title: str, offer: OfferSection, *, takes_text: bool) -> ChannelReward:
        """Offer one more, which is ours from then on. `takes_text`: viewers write something when they redeem it."""
        ...

    async def pause(self, reward_id: str, *, is_paused: bool) -> None:
        """Whether viewers cannot redeem it. Only one of ours."""
        ...

    async def settle(self, reward_id: str, redemption_id: str, *, is_fulfilled: bool) -> None:
        """Fulfil or pay back. One that is settled already stays as it is, so this may be repeated. Only one of ours."""
        ...


@runtime_checkable
class Redeeming(Protocol):
    """Optional: viewers spend points on rewards there."""

    rewards: ChannelRewards


class ViewerCommands(Protocol):
    """What viewers can do, for platforms that offer commands in a way of their own besides chat."""

    @property
    def revision(self) -> int:
        """Another one whenever other commands are offered."""
        ...

    async def changed(self, revision: int) -> None:
        """Return when the revision is another one."""
        ...

    def offered(self) -> Sequence[CommandInfo] | None:
        """All there are now; None while nobody has told yet, so that what was offered before stays."""
        ...

    def written(self, name: str, arguments: Mapping[str, str]) -> str:
        """A use as the text of the chat message that would mean the same."""
        ...

    def explained(self, settlement: Settlement) -> str:
        """What became of a use, in words for who it was; they say nothing that only moderators may know."""
        ...


@runtime_checkable
class Offering(Protocol):
    """Optional: it offers the viewers' commands in a way of its own.

    A use is an audience message like any other, and what the relay answers to it is a post that names its use.
    """

    def offer(self, commands: ViewerCommands) -> None:
        """Called once, before it runs."""
        ...

    def settled(self, settlements: Sequence[Settlement]) -> None:
        """Messages, of any platform, have their outcomes. Returns at once."""
        ...


class PlatformControls(Protocol):
    """The moderators' controls, as a platform's commands reach them. Platforms say who asks and where; controls decide.

    Where one account serves several companions, `Caller.places` says whose controls are meant.
    """

    def commands(self) -> Sequence[ControlInfo]:
        """All there are, for a platform to offer."""
        ...

    async def complete(self, name: str, typed: str, by: Caller) -> Sequence[Suggestion]:
        """What the argument of a control may become, best first. Never raises."""
        ...

    async def held(self, by: Caller) -> Sequence[Held]:
        """What waits for a decision; its ids go to `approve` and `reject`. Never raises."""
        ...

    async def run(self, words: str, by: Caller) -> str:
        """Do what the words say, and answer in a few lines. Never raises for anything in the words."""
        ...
