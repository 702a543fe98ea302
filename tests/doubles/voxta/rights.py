"""Which scope a client needs for what it asks, where rights are enforced.

The sources show `role:app` starting chats and talking in them, and wider scopes talking in chats of others; that
`role:app` alone is refused there is the strict reading of them.
"""

from collections.abc import Collection, Mapping
from typing import Final

ALL_SCOPES: Final = frozenset({"role:app", "role:user", "role:inspector", "role:admin"})

_ANYBODY: Final = frozenset({"subscribeToChat", "unsubscribeFromChat"})
"""What may be asked of any chat."""
_ELSEWHERE: Final[Mapping[str, str]] = {"inspect": "role:inspector", "deleteChat": "role:admin"}
"""The scope for what is asked of a chat that somebody else opened, where it is not `role:user`."""


def missing_scope(type: str, scopes: Collection[str], *, owner: bool) -> str | None:
    """The scope without which this may not be asked; None when it may."""
    if owner or type in _ANYBODY or "role:admin" in scopes:
        return None
    needed = _ELSEWHERE.get(type, "role:user")
    return None if needed in scopes else needed
