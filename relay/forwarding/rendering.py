"""The only place where text for Voxta is made. Every character of a viewer's message and name passes through it."""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import repeat
from typing import Self

from pydantic import ValidationError

from relay.config import Telling
from relay.errors import RenderingError
from relay.forwarding.policy import Policy
from relay.model import AudienceMessage, Author, Forward, Kind, Origin, Quoted, Role, ScriptCall, SendAs
from relay.text.sanitise import label_of, sanitise, sanitise_name, without_roles
from relay.voxta.chat import JoinedChat

TEXT_LIMIT = 500
"""Characters of a viewer's text that reach the companion; the longest message of a stream's chat."""
QUOTED_LIMIT = 100
"""Characters of what a message replies to that reach the companion; enough to know what is meant."""
MARK_LIMIT = 48
"""Characters of a mark: a few words and the name of a channel."""
DETAIL_LIMIT = 200
"""Characters of a detail; the five choices of a poll have 25 each, and what a platform tells is a sentence."""
ASKED = 3
"""Questions at most that are posted again with their answer."""
Fields = Mapping[str, str]
"""What templates may name, harmless, by those names."""
BETWEEN = " | "
"""Between messages that share one forward; viewers cannot write it."""
_UNITS = {
    Kind.CHEER: "bit",
    Kind.BITS_BADGE_TIER: "bit",
    Kind.RAID: "viewer",
    Kind.GIFT: "subscription",
    Kind.RESUBSCRIBE: "month",
    Kind.MODIVERSARY: "month",
    Kind.WATCH_STREAK: "stream",
}
"""What the amount of each kind counts."""
STREAMERS = "streamer"
"""The moment of what the streamer said aloud: it is the user's own message in Voxta."""
_NOBODY = {Kind.GIFT: "the community"}
"""Whom a kind concerns where nobody is named."""


@dataclass(frozen=True, slots=True)
class Pick:
    """A message as it will be told: its text after filters, and how many other viewers said the same."""

    message: AudienceMessage
    text: str
    others: int = 0


@dataclass(frozen=True, slots=True)
class Place:
    """Where a forward goes: the chat, what it has so far, and the names viewers must not appear under."""

    chat_id: str
    after_index: int | None
    reserved: frozenset[str] = frozenset()

    @classmethod
    def of(cls, chat: JoinedChat) -> Self:
        """Right now, in this chat."""
        return cls(chat.chat_id, chat.newest_index, chat.reserved)


class Renderer:
    """Turns audience messages into forwards by the rules of the policy."""

    def __init__(self, policy: Policy, length: int, labels: Mapping[str, str] | None = None) -> None:
        """`length` is the most characters a forward of several messages may have; `labels` name the platforms."""
        self._labels = labels or {}
        self._policy = policy
        self._length = length

    def render(
        self, picks: Sequence[Pick], place: Place, digest: Sequence[tuple[str, int]] = ()
    ) -> tuple[Forward, Sequence[Pick]]:
        """As many picks as fit, as one forward, and the picks left over. All have to be alike.

        Raises RenderingError when the first one leaves nothing fit to send.
        """
        fields = [self._fields(picks[0], place)]
        parts = [self._part(picks[0], fields[0])]
        for pick in picks[1:]:
            of_pick = self._fields(pick, place)
            part = self._part(pick, of_pick)
            if len(BETWEEN.join([*parts, part])) > self._length:
                break
            fields.append(of_pick)
            parts.append(part)
        body = BETWEEN.join([*parts, *self._digest(digest, len(BETWEEN.join(parts)))])
        return self._forward(picks[: len(parts)], fields, body, place), picks[len(parts) :]

    def _forward(self, told: Sequence[Pick], fields: Sequence[Fields], body: str, place: Place) -> Forward:
        first = told[0].message
        rule = self._policy.rule(first)
        try:
            return Forward(
                id=secrets.token_hex(16),
                keys=tuple(pick.message.key for pick in told),
                heard_at=tuple(pick.message.at for pick in told),
                send_as=rule.send_as,
                body=body,
                options=rule.message,
                script=self._script(rule, fields[0]),
                events=() if rule.send_as is SendAs.SCRIPT else tuple(map(self._event, told, fields, repeat(place))),
                origins=_origins(told),
                authors=tuple(dict.fromkeys(p.message.viewer for p in told if not p.message.author.is_nobody)),
                names=tuple(dict.fromkeys(self._name(pick.message.author, place) for pick in told)),
                interruptible=rule.interruptible,
                is_streamers=first.kind is Kind.VOICE and first.moment == STREAMERS,
                chat_id=place.chat_id,
                after_index=place.after_index,
            )
        except ValidationError as error:
            raise RenderingError(f"unsafe: {error.errors()[0]['msg']}") from None

    def _part(self, pick: Pick, fields: Fields) -> str:
        if not fields["text"] and pick.message.kind.is_said and not self._policy.call(pick.message):
            raise RenderingError("empty: no visible text remains")
        template = self._policy.rule(pick.message).words(pick.message.moment)
        told = without_roles(" ".join(template.format_map(fields).split()))
        return f"{pick.others + 1} viewers, such as {told}" if pick.others else told

    def _script(self, rule: Telling, fields: Fields) -> ScriptCall | None:
        if not rule.script:
            return None
        arguments = {name: template.format_map(fields) for name, template in rule.arguments.items()}
        return ScriptCall(name=rule.script, arguments=arguments)

    def _event(self, pick: Pick, fields: Fields, place: Place) -> ScriptCall:
        """What scripts that listen for `app:<kind>` are told."""
        arguments = {name: fields[name] for name in ("author", "text")}
        message = pick.message
        arguments["platform"] = label_of(message.platform, self._labels)
        if message.mark:
            arguments["mark"] = sanitise_name(message.mark, None, MARK_LIMIT)
        arguments["id"] = sanitise(f"{message.platform}:{message.channel}/{message.id}", 120)
        arguments["amount"] = str(message.amount or 0)
        arguments["detail"] = fields["detail"] if pick.message.detail else ""
        if message.moment:
            arguments["moment"] = message.moment
        if message.other:
            arguments["other"] = fields["other"]
        if quoted := message.replies_to:
            arguments["answering"] = self._name(quoted.author, place) if quoted.author else ""
            arguments["quoted"] = sanitise(quoted.text, QUOTED_LIMIT)
        if message.reward is not None:
            arguments["reward"] = sanitise(message.reward.id, 64)
            arguments["cost"] = str(message.reward.cost or 0)
        return ScriptCall(name=pick.message.kind.value, arguments=arguments)

    def _digest(self, digest: Sequence[tuple[str, int]], used: int) -> list[str]:
        shouts = "; ".join(f'{count} viewers: "{sanitise(text, 40)}"' for text, count in digest if count)
        line = f"Also in chat: {shouts}"
        return [line] if shouts and used + len(BETWEEN) + len(line) <= self._length else []

    def _answering(self, quoted: Quoted | None, place: Place) -> str:
        if quoted is None:
            return ""
        whom = self._name(quoted.author, place) if quoted.author else "you"
        text = sanitise(quoted.text, QUOTED_LIMIT)
        whose = f"{whom}'s" if quoted.author else "your"
        return f', answering {whose} "{text}"' if text else f", answering {whom}"

    def _name(self, author: Author, place: Place) -> str:
        return sanitise_name(author.name, None if Role.STREAMER in author.roles else place.reserved)

    def _place_of(self, message: AudienceMessage) -> str:
        """Where it comes from, with what should be known besides."""
        mark = f", {sanitise_name(message.mark, None, MARK_LIMIT)}" if message.mark else ""
        return f"{label_of(message.platform, self._labels)}{mark}"

    def _fields(self, pick: Pick, place: Place) -> Fields:
        message = pick.message
        text = sanitise(pick.text, TEXT_LIMIT)
        arguments = self._policy.arguments(message, pick.text)
        return {name: sanitise(value, TEXT_LIMIT) for name, value in arguments.items()} | {
            "author": self._name(message.author, place),
            "platform": self._place_of(message),
            "text": text,
            "quote": _quote(text, is_action=message.is_action),
            "answering": self._answering(message.replies_to, place),
            "amount": str(message.amount) if message.amount is not None else "some",
            "count": _count(message),
            "detail": sanitise(message.detail, DETAIL_LIMIT) if message.detail else "a reward",
            "other": self._name(message.other, place) if message.other else _NOBODY.get(message.kind, "somebody"),
        }


def _quote(text: str, *, is_action: bool) -> str:
    """What they said or did, so that it is told apart from what we say of it."""
    if not text:
        return "."
    return f" *{text.replace('*', '').strip()}*" if is_action else f': "{text}"'


def _count(message: AudienceMessage) -> str:
    """The amount, with what it counts."""
    amount, unit = message.amount, _UNITS.get(message.kind, "")
    return f"{'some' if amount is None else amount} {unit}{'s' if unit and amount != 1 else ''}".strip()


def spoken_line(text: str, chat: JoinedChat, who: str | None, where: str) -> str:
    """What somebody says outside the queue, with who they are and where; their name is not one of the chat's own."""
    name = sanitise_name(who, chat.reserved) if who else where
    return f'{name} ({where}): "{sanitise(text, TEXT_LIMIT)}"'


def at_once(body: str, chat: JoinedChat, *, send_as: SendAs = SendAs.USER, is_streamers: bool = False) -> Forward:
    """What goes to Voxta beside the queue: it carries no audience message. Raises RenderingError."""
    try:
        return Forward(
            id=secrets.token_hex(16),
            keys=(),
            send_as=send_as,
            body=body,
            origins=(),
            is_streamers=is_streamers,
            chat_id=chat.chat_id,
            after_index=chat.newest_index,
        )
    except ValidationError:
        raise RenderingError("text: nothing is left of it that Voxta could be told") from None


def _origins(told: Sequence[Pick]) -> tuple[Origin, ...]:
    """One for each channel; an answer to several is a reply to none of them. What is said aloud is answered aloud."""
    told = [pick for pick in told if pick.message.kind is not Kind.VOICE]
    if len(told) == 1:
        return (Origin.of(told[0].message, _shown(told[0])),)
    places: dict[tuple[str, str], list[Quoted]] = {}
    for pick in told:
        places.setdefault((pick.message.platform, pick.message.channel), []).extend(_unseen(pick))
    return tuple(
        Origin(platform=platform, channel=channel, asked=tuple(asked[:ASKED]))
        for (platform, channel), asked in places.items()
    )


def _unseen(pick: Pick) -> tuple[Quoted, ...]:
    return Origin.of(pick.message, _shown(pick)).asked


def _shown(pick: Pick) -> str:
    """What was said as the filters left it; of a command with its name, which is not part of what is told."""
    name = pick.message.text.split(maxsplit=1)[0] if pick.message.text.strip() else ""
    return pick.text if pick.message.kind is Kind.ASK else f"{name} {pick.text}".strip()
