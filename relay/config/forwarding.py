"""What becomes of a message on its way to Voxta, and of the answer."""

import string
from collections.abc import Mapping
from functools import cache
from typing import Annotated, Any, Final, Literal, Self

from pydantic import AfterValidator, Field, field_validator, model_validator

from relay.config.base import Seconds, Section, written
from relay.model import Kind, MessageOptions, Role, SendAs
from relay.text.for_pages import for_pages
from relay.text.patterns import compiled
from relay.text.unicode import one_line

MAX_PATTERN: Final = 200
"""Characters a rule's regular expression may have."""
TEMPLATE_FIELDS = frozenset({"author", "platform", "text", "quote", "answering", "amount", "count", "detail", "other"})


def fields_in(template: str) -> frozenset[str]:
    """The names of the fields a template uses. Raises ValueError when it cannot be one."""
    try:
        parts = [part for part in string.Formatter().parse(template) if part[1] is not None]
    except ValueError as error:
        raise ValueError(f"{template!r} is no template: {error}; write {{{{ for a brace") from error
    if any(spec or conversion for _, _, spec, conversion in parts):
        raise ValueError(f"{template!r} uses a format such as {{text:>9}}; only plain fields are known")
    return frozenset(name or "" for _, name, _, _ in parts)


def check_fields(template: str, known: frozenset[str]) -> str:
    """Raises ValueError when the template uses other fields than these."""
    if unknown := fields_in(template) - known:
        raise ValueError(
            for_pages(f"{template!r} uses {', '.join(sorted(unknown))}; known fields are {', '.join(sorted(known))}")
        )
    return template


def _check_beginning(template: str) -> str:
    if not template.strip() or template.lstrip()[0] in "/[*":
        raise ValueError(f"{template!r} must not be empty nor begin with /, [ or *: Voxta reads those as commands")
    return template


def _check_template(template: str) -> str:
    return _check_beginning(check_fields(template, TEMPLATE_FIELDS))


Template = Annotated[str, AfterValidator(_check_template)]


def _check_nickname(name: str) -> str:
    if not one_line(name):
        raise ValueError(f"{name!r} is no nickname: write what people call the companion")
    return name


Nickname = Annotated[str, Field(max_length=64), AfterValidator(_check_nickname)]


class Telling(Section):
    """How something is told to the companion, in templates that may have fields of their own."""

    enabled: bool = True
    send_as: SendAs
    template: Annotated[str, AfterValidator(_check_beginning)]
    moments: dict[str, Annotated[str, AfterValidator(_check_beginning)]] = Field(default_factory=dict)
    interruptible: bool = True
    message: MessageOptions = MessageOptions()
    script: Annotated[str, written(r"(\w+\.)?[\w-]{0,64}", "the name of a listener, of letters, digits, _ and -")] = ""
    arguments: dict[str, str] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        if self.send_as is SendAs.SCRIPT and not self.script:
            raise ValueError('send_as = "script" needs script: the name of the listener, without `app:`')
        return self

    def words(self, moment: str | None) -> str:
        """The template for this moment of something that has several."""
        return self.moments.get(moment, self.template) if moment is not None else self.template

    @property
    def templates(self) -> tuple[str, ...]:
        return (self.template, *self.moments.values(), *self.arguments.values())


class KindRule(Telling):
    """How messages of one kind are told."""

    template: Template
    moments: dict[str, Template] = Field(default_factory=dict)
    arguments: dict[str, Template] = Field(default_factory=dict)


@cache
def _default_kinds() -> Mapping[Kind, KindRule]:
    def rule(send_as: SendAs, template: str, *, enabled: bool = True, **moments: str) -> KindRule:
        return KindRule(send_as=send_as, template=template, moments=moments, enabled=enabled)

    user, event, noreply = SendAs.USER, SendAs.EVENT, SendAs.NOREPLY
    return {
        Kind.CHAT: rule(user, "{author} ({platform}){answering}{quote}"),
        Kind.ASK: rule(user, "{author} ({platform}) asks{quote}"),
        Kind.VOICE: rule(user, "{author} (voice){quote}", streamer="{text}"),
        Kind.SUBSCRIBE: rule(event, "{author} just subscribed on {platform}{quote}"),
        Kind.RESUBSCRIBE: rule(event, "{author} has been subscribed for {count}{quote}"),
        Kind.GIFT: rule(event, "{author} gifted {count} to {other}{quote}"),
        Kind.UPGRADE: rule(
            event,
            "{author} goes on with a paid subscription{quote}",
            gift="{author} goes on paying for the subscription that {other} gifted{quote}",
            prime="{author} goes on with a paid subscription instead of Prime{quote}",
        ),
        Kind.PAY_IT_FORWARD: rule(event, "{author} passes on the gift of a subscription from {other}{quote}"),
        Kind.CHEER: rule(event, "{author} cheered {count}{quote}"),
        Kind.CHARITY: rule(event, "{author} donated {detail}{quote}"),
        Kind.RAID: rule(event, "{author} is raiding the stream with {count}{quote}"),
        Kind.REDEMPTION: rule(event, "{author} redeemed '{detail}'{quote}"),
        Kind.ANNOUNCEMENT: rule(user, "{author} ({platform}) announces{quote}"),
        Kind.FOLLOW: rule(noreply, "{author} just followed on {platform}{quote}"),
        Kind.WATCH_STREAK: rule(noreply, "{author} has watched {count} in a row{quote}"),
        Kind.BITS_BADGE_TIER: rule(noreply, "{author} has earned the badge for {count}{quote}"),
        Kind.MODIVERSARY: rule(noreply, "{author} has been a moderator for {count}{quote}"),
        Kind.NOTICE: rule(noreply, '{platform} tells: "{detail}"'),
        Kind.ONLINE: rule(noreply, "The stream on {platform} just went live{quote}"),
        Kind.OFFLINE: rule(noreply, "The stream on {platform} just ended{quote}"),
        Kind.HYPE_TRAIN: rule(
            event,
            "A {detail} is at level {amount}{quote}",
            begin="A {detail} has started{quote}",
            level="The {detail} has reached level {amount}{quote}",
            end="The {detail} has ended at level {amount}{quote}",
        ),
        Kind.POLL: rule(
            event,
            'There is news of the poll "{text}".',
            begin='A poll has begun: "{text}" The choices are {detail}.',
            end='The poll "{text}" has ended: {detail} won with {amount}% of the votes.',
            tie='The poll "{text}" has ended in a tie: {detail} have {amount}% of the votes each.',
            void='The poll "{text}" has ended, and nobody voted.',
            cancel='The poll "{text}" was withdrawn.',
        ),
        Kind.PREDICTION: rule(
            event,
            'There is news of the prediction "{text}".',
            begin='A prediction has begun: "{text}" The outcomes are {detail}.',
            lock='Nobody can join the prediction "{text}" any more.',
            end='The prediction "{text}" is decided: {detail}.',
            cancel='The prediction "{text}" was called off, and everybody gets their points back.',
        ),
        Kind.AD_BREAK: rule(noreply, "An ad break of {amount} seconds begins{quote}"),
        Kind.SHOUTOUT: rule(
            event,
            "There was a shoutout for {detail}{quote}",
            received="{author} has just given this channel a shoutout, before an audience of {amount}{quote}",
            given="{detail} has just got a shoutout from this channel{quote}",
        ),
        Kind.GOAL: rule(
            event,
            "There is news of the goal of {amount} {detail}{quote}",
            begin="The stream has a new goal of {amount} {detail}{quote}",
            reached="The goal of {amount} {detail} has been reached{quote}",
            end="The goal of {amount} {detail} has ended without being reached{quote}",
        ),
        Kind.CHANNEL_UPDATE: rule(noreply, 'The stream is now called "{text}", in the category {detail}.'),
        Kind.SUSPICIOUS: rule(
            noreply,
            "The moderators have looked at {author}{quote}",
            enabled=False,
            monitor="The moderators keep an eye on {author} from now on{quote}",
            restrict="What {author} writes is shown to the moderators alone from now on{quote}",
            trust="The moderators trust {author} again{quote}",
        ),
        Kind.REACTION: rule(noreply, "{author} reacted with {detail}{answering}{quote}", enabled=False),
        Kind.MEMBER: rule(noreply, "{author} has just joined {detail} on {platform}{quote}", enabled=False),
        Kind.BOOST: rule(
            event,
            "{author} has just boosted {detail} on {platform}{quote}",
            enabled=False,
            level="{author} has just boosted {detail} on {platform}, which is at level {amount} now{quote}",
        ),
        Kind.SCHEDULED_EVENT: rule(
            noreply,
            'There is news of the event "{text}".',
            enabled=False,
            planned='{author} has planned the event "{text}" for {detail}.',
            begin='The event "{text}" begins.',
            end='The event "{text}" is over.',
            cancel='The event "{text}" was cancelled.',
        ),
        Kind.STAGE: rule(
            noreply,
            'There is news of the stage {detail}, which is about "{text}".',
            enabled=False,
            begin='The stage {detail} has opened, and is about "{text}".',
            topic='The stage {detail} is about "{text}" from now on.',
            end='The stage {detail} has closed. It was about "{text}".',
        ),
    }


class RuleSection(KindRule):
    """A rule that goes before those of the kinds. What is empty matches everything."""

    kinds: tuple[Kind, ...] = ()
    roles: tuple[Role, ...] = ()
    platforms: tuple[str, ...] = ()
    addressed: bool | None = None
    at: tuple[str, ...] = ()
    pattern: str | None = None

    @field_validator("pattern")
    @classmethod
    def _compiles(cls, pattern: str | None) -> str | None:
        compiled(pattern or "", longest=MAX_PATTERN)
        return pattern


class ForwardingSection(Section):
    reply_timeout: Seconds = 30.0
    command_prefix: str = Field("!", min_length=1, max_length=3)
    nicknames: tuple[Nickname, ...] = Field((), max_length=50)
    kinds: dict[Kind, KindRule] = Field(default_factory=lambda: dict(_default_kinds()))
    rules: tuple[RuleSection, ...] = ()

    @property
    def wanted(self) -> frozenset[Kind]:
        """The kinds that are not turned off. Nobody needs to be asked for the others."""
        return frozenset(kind for kind, rule in self.kinds.items() if rule.enabled)

    @model_validator(mode="before")
    @classmethod
    def _over_defaults(cls, data: Any) -> Any:
        if isinstance(data, dict) and isinstance(data.get("kinds"), dict):
            merged: dict[str, Any] = {kind.value: rule for kind, rule in _default_kinds().items()}
            for kind, rule in data["kinds"].items():
                name = getattr(kind, "value", kind)
                default = merged[name].model_dump() if name in merged and isinstance(rule, dict) else {}
                merged[name] = _over(default, rule) if isinstance(rule, dict) else rule
            return {**data, "kinds": merged}
        return data

    @model_validator(mode="after")
    def _knows_the_moments(self) -> Self:
        for kind, default in _default_kinds().items():
            if unknown := self.kinds[kind].moments.keys() - default.moments.keys():
                known = ", ".join(default.moments) or "none"
                raise ValueError(f"kinds.{kind}.moments knows no {', '.join(sorted(unknown))}; there are: {known}")
        return self


def _over(default: dict[str, Any], rule: dict[str, Any]) -> dict[str, Any]:
    """A kind's rule over its default. A template of one's own is for all its moments that are not named."""
    moments = rule.get("moments", {})
    if "template" not in rule and isinstance(moments, dict):
        moments = default.get("moments", {}) | moments
    return default | rule | {"moments": moments}


class SelectionSection(Section):
    seed: int | None = None
    loud_per_minute: float = Field(20.0, gt=0)
    gap: float = Field(8.0, ge=0)
    gap_from: Literal["forward", "speech"] = "forward"
    picks: int = Field(8, ge=1, le=20)
    events: int = Field(10, ge=1, le=50)
    events_in_a_row: int = Field(4, ge=1)
    length: int = Field(800, ge=100, le=4000)
    pool: int = Field(512, ge=16, le=100_000)
    chat_ttl: Seconds = 25.0
    quiet_ttl: Seconds = 120.0
    addressed_ttl: Seconds = 60.0
    event_ttl: Seconds = 600.0
    rest: Seconds = 120.0
    patience: Seconds = 600.0
    recent: int = Field(500, ge=0, le=10_000)
    shout: int = Field(3, ge=2)
    temperature: float = Field(0.7, gt=0)
    mention: float = 1.0
    question: float = 0.6
    supporter: float = 0.3
    echo: float = 0.25
    waited: float = 0.8
    platform: float = 0.3
    heard: float = 2.0
    chatty: float = 1.0
    age: float = 0.7


class RepliesSection(Section):
    post_to: Literal["origin", "everywhere", "nowhere"] = "origin"
    as_reply: bool = True
