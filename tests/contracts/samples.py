"""Audience messages, forwards and settlements for the contract of the inbox."""

from collections.abc import Iterable
from typing import Any

from relay.model import AudienceMessage, Author, Forward, Kind, Origin, Outcome, SendAs, Settlement

NOON = 1_700_000_000.0


def message(number: int | str = 1, *, author: str = "ann", **over: Any) -> AudienceMessage:
    fields = {
        "platform": "twitch",
        "id": f"m{number}",
        "channel": "home",
        "kind": Kind.CHAT,
        "author": Author(id=author, name=author.title()),
        "text": f"text {number}",
        "at": NOON,
    }
    return AudienceMessage.model_validate(fields | over)


def messages(*numbers: int) -> list[AudienceMessage]:
    return [message(number) for number in numbers]


def forward(*of: AudienceMessage, id: str = "f1") -> Forward:
    return Forward(
        id=id,
        keys=tuple(each.key for each in of),
        heard_at=tuple(each.at for each in of),
        send_as=SendAs.USER,
        body="Ann says hello",
        origins=(Origin.of(of[0]),),
        chat_id="chat",
        after_index=3,
    )


def settlement(of: AudienceMessage, outcome: Outcome = Outcome.FORWARDED, reason: str = "sent") -> Settlement:
    return Settlement(key=of.key, outcome=outcome, reason=reason, at=NOON + 1)


def settlements(of: Iterable[AudienceMessage], outcome: Outcome = Outcome.FORWARDED) -> list[Settlement]:
    return [settlement(each, outcome) for each in of]
