"""What a shape is: an event as Twitch documents it, every key there, null or empty until it is filled in."""

from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from tests.doubles.twitch.state import User

Shape = dict[str, Any]
OWNER, MODERATOR = "owner", "moderator"


def person(prefix: str) -> Shape:
    """The three keys that name somebody."""
    return {f"{prefix}_id": None, f"{prefix}_login": None, f"{prefix}_name": None}


@dataclass(frozen=True)
class EventType:
    """One type that can be subscribed."""

    version: str
    scope: str | None
    rank: str | None
    """What the account has to be in the channel."""
    page: str
    """Where its event is documented, below the reference's address."""
    shape: Shape


def fill(shape: Shape, /, *, people: dict[str, User | None] | None = None, **values: Any) -> Shape:
    """The shape with people, by the prefix of their keys, and values put in. No key that is not documented."""
    filled = deepcopy(shape)
    for prefix, user in (people or {}).items():
        values |= user.named(prefix) if user is not None else {}
    if unknown := values.keys() - filled.keys():
        raise KeyError(f"not in the documentation: {', '.join(sorted(unknown))}")
    return filled | values
