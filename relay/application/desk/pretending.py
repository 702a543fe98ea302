"""Pretends that somebody in the audience did something, to see and hear what comes of it."""

import uuid
from collections.abc import Iterator
from typing import Any, Final, Literal

from pydantic import Field

from relay.application.composition import Relay
from relay.model import DESK, AudienceMessage, Author, Caller, Kind, Reward, Role
from relay.system import clock
from relay.web.desk.actions import DeskAction, DeskError, Fields

What = Literal["chat", "question", "follow", "sub", "resub", "gift", "cheer", "raid", "reward"]

_KINDS: Final[dict[What, Kind]] = {
    "chat": Kind.CHAT,
    "question": Kind.ASK,
    "follow": Kind.FOLLOW,
    "sub": Kind.SUBSCRIBE,
    "resub": Kind.RESUBSCRIBE,
    "gift": Kind.GIFT,
    "cheer": Kind.CHEER,
    "raid": Kind.RAID,
    "reward": Kind.REDEMPTION,
}
_USUAL: Final = {Kind.RESUBSCRIBE: 3, Kind.GIFT: 5, Kind.CHEER: 100, Kind.RAID: 12}
"""Amounts where none is given."""
_SAID: Final = frozenset({Kind.CHAT, Kind.ASK})


class Pretence(Fields):
    what: What = Field(description="what somebody does")
    name: str = Field("Alex", min_length=1, max_length=50, description="who does it; the same name is the same viewer")
    text: str = Field("", max_length=500, description="what they write, on its own or with it")
    amount: int | None = Field(
        None, ge=1, le=1_000_000, description="viewers of a raid, bits, gifts, months, or what a reward costs"
    )
    title: str = Field("", max_length=100, description="of the reward, as in the settings to try what it does")
    role: Literal["viewer", "subscriber", "vip"] = Field("viewer", description="what they are in the channel")


def pretence_actions(relay: Relay) -> Iterator[DeskAction[Any]]:
    """Nothing that is pretended is posted to a real channel, counted or remembered."""

    async def pretend(given: Pretence, by: Caller) -> dict[str, str]:
        message = pretended(given, uuid.uuid4().hex[:12], clock.now())
        who, what = message.author.name, f"pretend {given.what}"
        await relay.controls.note(by, f"{what} by {who}: {given.text}" if given.text else f"{what} by {who}")
        await relay.receive(message)
        return {"key": message.key}

    yield DeskAction("pretend", "Pretend that somebody writes, raids, cheers, subscribes …", Pretence, pretend)


def pretended(given: Pretence, message_id: str, at: float) -> AudienceMessage:
    """The message that a platform would bring of it. Raises DeskError for what nobody could do."""
    kind, name = _KINDS[given.what], " ".join(given.name.split())
    if not name:
        raise DeskError("invalid", "name: has to hold something visible", "name")
    if kind in _SAID and not given.text.strip():
        raise DeskError("invalid", "text: has to say something", "text")
    if kind is Kind.REDEMPTION and not given.title.strip():
        raise DeskError("invalid", "title: has to name the reward", "title")
    is_reward, amount = kind is Kind.REDEMPTION, given.amount or _USUAL.get(kind)
    return AudienceMessage(
        platform=DESK,
        id=message_id,
        channel=DESK,
        kind=kind,
        author=author_of(name, {Role(given.role)}),
        text=given.text.strip(),
        at=at,
        amount=None if is_reward else amount,
        detail=given.title.strip() if is_reward else None,
        reward=Reward(id=DESK, title=given.title.strip(), cost=amount) if is_reward else None,
        addressed=kind is Kind.ASK,
    )


def author_of(name: str, roles: set[Role]) -> Author:
    """Somebody who is not there."""
    return Author(id=name.casefold(), name=name, roles=frozenset({Role.VIEWER, *roles}))
