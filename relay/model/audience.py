"""What people say and do on the platforms, what becomes of it, and what is posted there."""

from collections.abc import Collection
from enum import StrEnum
from typing import ClassVar, Final, Self

from relay.model.base import Value

DESK: Final = "desk"
"""The platform of what is pretended from the desk. Nobody is there, and nothing of it is counted or remembered."""


class Role(StrEnum):
    """What an author is in the channel the message comes from."""

    VIEWER = "viewer"
    SUBSCRIBER = "subscriber"
    VIP = "vip"
    MODERATOR = "moderator"
    STREAMER = "streamer"
    BOT = "bot"


class Kind(StrEnum):
    """What happened in the audience."""

    CHAT = "chat"
    ASK = "ask"
    """A question put to the companion by a command such as `/ask`."""
    VOICE = "voice"
    """Words that somebody said aloud in the companion's voice channel."""
    FOLLOW = "follow"
    SUBSCRIBE = "subscribe"
    RESUBSCRIBE = "resubscribe"
    GIFT = "gift"
    CHEER = "cheer"
    RAID = "raid"
    REDEMPTION = "redemption"
    """A channel-points reward."""
    UPGRADE = "upgrade"
    """A gifted or Prime subscription becomes a paid one."""
    PAY_IT_FORWARD = "pay_it_forward"
    """Somebody who was gifted a subscription gifts one."""
    CHARITY = "charity"
    """A donation to the channel's charity."""
    WATCH_STREAK = "watch_streak"
    """Somebody shares how many streams in a row they have watched."""
    BITS_BADGE_TIER = "bits_badge_tier"
    MODIVERSARY = "modiversary"
    """How long somebody has been a moderator."""
    ANNOUNCEMENT = "announcement"
    """Chat that a moderator makes stand out."""
    NOTICE = "notice"
    """What the platform itself tells in chat, and is no other kind."""
    ONLINE = "online"
    OFFLINE = "offline"
    HYPE_TRAIN = "hype_train"
    POLL = "poll"
    PREDICTION = "prediction"
    AD_BREAK = "ad_break"
    SHOUTOUT = "shoutout"
    GOAL = "goal"
    CHANNEL_UPDATE = "channel_update"
    """The title of the stream or its category has changed."""
    SUSPICIOUS = "suspicious"
    """The moderators or the platform mistrust somebody, or do no more."""
    REACTION = "reaction"
    """An emoji below a message."""
    MEMBER = "member"
    """Somebody has joined the server."""
    BOOST = "boost"
    SCHEDULED_EVENT = "scheduled_event"
    STAGE = "stage"
    """A stage opens, is about something else, or closes."""

    @property
    def is_said(self) -> bool:
        """It is only said. All other kinds tell of something that happened."""
        return self in (Kind.CHAT, Kind.ASK, Kind.VOICE, Kind.ANNOUNCEMENT)


class Author(Value):
    """Who wrote a message or caused an event. Never called a user: that is Voxta's word for the streamer."""

    id: str
    """The platform's own id, stable when the name changes."""
    name: str
    """The name shown in the channel; hostile text."""
    roles: frozenset[Role] = frozenset()
    is_nobody: bool = False
    """The platform does not say who it was, as of an anonymous gift: it may be another person each time."""


class Quoted(Value):
    """What a message replies to."""

    author: Author | None
    """Who wrote it; None for the companion's own account."""
    text: str
    """As written, at most `LONGEST` characters; hostile text of another person's."""

    LONGEST: ClassVar[int] = 200
    ROOM: ClassVar[int] = 300
    """Characters it takes at most to show it, with who wrote it."""

    @classmethod
    def of(cls, author: Author | None, text: str) -> Self:
        """With its text shortened."""
        line = " ".join(text.split())
        return cls(author=author, text=line if len(line) <= cls.LONGEST else f"{line[: cls.LONGEST - 1]}…")


class Reward(Value):
    """What somebody spent the platform's points on."""

    id: str
    """The platform's own id of the reward, or the type of one that every channel has."""
    title: str = ""
    """As viewers see it; empty where the platform tells nothing but the id."""
    cost: int | None = None
    """In the platform's points, or in bits."""
    is_automatic: bool = False
    """Every channel has it, and the platform does at once what it promises."""
    awaits_outcome: bool = False
    """The platform waits to be told whether it was done, or is to be paid back."""


class Withheld(Value):
    """A platform keeps a message from its own chat."""

    reason: str
    """Such as `AutoMod: swearing`."""
    is_decided_here: bool = False
    """The platform waits for a moderator's decision, and takes ours."""


class AudienceMessage(Value):
    """One thing a person said or did on a platform."""

    platform: str
    """The name of its adapter, in small letters."""
    id: str
    """The platform's own id of the message or event; unique within the platform."""
    channel: str
    """The platform's id of the channel or thread, where an answer belongs."""
    within: str | None = None
    """The channel that a thread is in."""
    kind: Kind
    author: Author
    text: str = ""
    """As written, without what the platform adds to it; hostile text."""
    is_action: bool = False
    """The text is what they do, not what they say; it goes on from their name: `waves`, `sent a picture`."""
    emotes: tuple[str, ...] = ()
    """Words of the text that are pictures."""
    at: float
    """When the relay heard of it, by its own clock, in seconds since the epoch."""
    amount: int | None = None
    """Bits of a cheer or badge, viewers of a raid, gifts, months, streams in a row, the level of a hype train, or whole
    units of a donation's currency."""
    detail: str | None = None
    """The title of a redeemed reward, the tier of a subscription, the winner of a poll, how much is donated to whom, or
    the platform's own words."""
    other: Author | None = None
    """Whom it concerns besides its author: who is gifted, or who had gifted what is continued or passed on."""
    moment: str | None = None
    """Which moment of something that has several, such as the `begin` and the `end` of a poll."""
    reward: Reward | None = None
    """What was spent with it."""
    addressed: bool = False
    """It mentions the companion's account, replies to it, or names it or a character."""
    reply_to: str | None = None
    """The id an answer should reply to, where the platform can thread answers."""
    replies_to: Quoted | None = None
    """What it replies to itself."""
    withheld: Withheld | None = None
    """It waits for a moderator before anybody is told."""
    mark: str | None = None
    """What should be known of it besides, in a few words, such as `from Ben's chat`; hostile text."""
    is_unseen: bool = False
    """It was given as a command that leaves no message for others to see; its id is that of the use."""

    told_again: bool = False
    """A moderator has it told once more; it happened before."""

    @property
    def key(self) -> str:
        """Unique over all platforms."""
        return f"{self.platform}:{self.id}"

    @property
    def places(self) -> tuple[str, ...]:
        """Where, by the platform's ids, the closest first."""
        return (self.channel,) if self.within is None else (self.channel, self.within)

    @property
    def viewer(self) -> str:
        """Who wrote or caused it, unique over all platforms."""
        return f"{self.platform}:{self.author.id}"

    @property
    def pretended(self) -> bool:
        """Nobody did it: the streamer tries what would come of it."""
        return self.platform == DESK


class Edit(Value):
    """A message was rewritten on its platform; counts only until it is forwarded."""

    platform: str
    id: str
    text: str
    is_action: bool = False
    """The new text is what they do, as in a message."""
    places: tuple[str, ...] = ()
    """Where, by the platform's ids, the closest first: a thread, and the channel that it is in."""

    @property
    def key(self) -> str:
        return f"{self.platform}:{self.id}"


class PlatformDecision(Value):
    """A moderator has decided on the platform about a message that it withholds, or nobody has in time."""

    platform: str
    id: str
    is_approved: bool | None
    """None: nobody has decided, and nobody can any more."""
    reason: str
    """Such as `denied by Ann`."""

    @property
    def key(self) -> str:
        return f"{self.platform}:{self.id}"


class Retraction(Value):
    """Messages were taken back on their platform. Either one message, or all that wait from an author or channel."""

    platform: str
    reason: str
    """Such as `message deleted`, `author timed out`, `chat cleared`."""
    id: str | None = None
    author_id: str | None = None
    channel: str | None = None
    places: tuple[str, ...] = ()
    """The channels it concerns of those that are heard; empty where that is not known."""

    def concerns(self, keys: Collection[str], authors: Collection[str], places: Collection[tuple[str, str]]) -> bool:
        """Whether it takes back something of what has these keys, these authors, and comes from these channels.

        Authors are `platform:id`, and channels have their platforms.
        """
        if self.id is not None:
            return f"{self.platform}:{self.id}" in keys
        if self.author_id is not None and f"{self.platform}:{self.author_id}" not in authors:
            return False
        if self.channel is None:
            return self.author_id is not None
        return (self.platform, self.channel) in places


Incoming = AudienceMessage | Edit | Retraction | PlatformDecision


class Outcome(StrEnum):
    """How an audience message ended. Each has exactly one."""

    FORWARDED = "forwarded"
    MERGED = "merged"
    """Forwarded together with others as one."""
    ANSWERED = "answered"
    """A command: the relay did itself what was asked for."""
    HELD = "held"
    REJECTED = "rejected"
    """Policy said no."""
    EXPIRED = "expired"
    """It waited longer than it was worth."""
    DROPPED = "dropped"
    """Taken back by its platform, or the run ended."""


class Settlement(Value):
    """The outcome of one message."""

    key: str
    outcome: Outcome
    reason: str
    at: float
    """Seconds since the epoch."""

    @property
    def pretended(self) -> bool:
        """Of a message that nobody wrote."""
        return self.key.startswith(f"{DESK}:")


class Origin(Value):
    """Where a forward came from, and so where its answer belongs."""

    platform: str
    channel: str
    reply_to: str | None = None
    use: str | None = None
    """The platform's id of the use of a command that nobody else sees."""
    asked: tuple[Quoted, ...] = ()
    """What nobody there sees of what was asked; it is posted together with the answer."""

    @property
    def place(self) -> tuple[str, str]:
        """The channel, with its platform."""
        return self.platform, self.channel

    @classmethod
    def of(cls, message: AudienceMessage, said: str | None = None) -> Self:
        """`said` is what may be shown of the message, where that is needed."""
        use = message.id if message.is_unseen else None
        asked = (Quoted.of(message.author, said),) if message.is_unseen and said else ()
        return cls(platform=message.platform, channel=message.channel, reply_to=message.reply_to, use=use, asked=asked)
