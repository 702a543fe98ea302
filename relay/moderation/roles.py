"""How much a role is trusted."""

from collections.abc import Iterable
from typing import Final

from relay.model import Role

_RANKS: Final = (Role.VIEWER, Role.SUBSCRIBER, Role.VIP, Role.MODERATOR, Role.STREAMER)


def rank(roles: Iterable[Role]) -> int:
    """The highest of these roles, as a number; 0 for a viewer, and for who has none."""
    return max((_RANKS.index(role) for role in roles if role in _RANKS), default=0)
