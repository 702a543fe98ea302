"""Which reply answers whom, as long as it is thought of or spoken, so that moderation reaches it."""

from collections import OrderedDict
from typing import Final

from relay.model import Forward, Retraction

MAX_OPEN: Final = 16
"""Replies remembered; one that never ends must not fill the memory."""


class Answering:
    """Follows forwards and replies. Pure."""

    def __init__(self) -> None:
        self._asked: Forward | None = None
        self._replies: OrderedDict[str, Forward] = OrderedDict()

    def asked(self, forward: Forward) -> None:
        """The next reply to begin answers this."""
        self._asked = forward

    def began(self, message_id: str) -> None:
        if message_id not in self._replies and self._asked is not None:
            self._replies[message_id], self._asked = self._asked, None
            if len(self._replies) > MAX_OPEN:
                self._replies.popitem(last=False)

    def over(self, message_id: str) -> None:
        """It was heard, or given up."""
        self._replies.pop(message_id, None)

    def forget(self) -> None:
        """The chat is gone."""
        self._asked = None
        self._replies.clear()

    def retracted(self, retraction: Retraction) -> list[str | None]:
        """The ids of the replies that answer what was taken back; None stands for one that has not begun."""
        found: list[str | None] = [key for key, forward in self._replies.items() if _concerns(retraction, forward)]
        if self._asked is not None and _concerns(retraction, self._asked):
            self._asked = None
            found.append(None)
        return found


def _concerns(retraction: Retraction, forward: Forward) -> bool:
    """Whether a forward carries something of what was taken back."""
    if retraction.id is not None:
        return f"{retraction.platform}:{retraction.id}" in forward.keys
    if retraction.author_id is not None:
        return f"{retraction.platform}:{retraction.author_id}" in forward.authors
    places = {(origin.platform, origin.channel) for origin in forward.origins}
    return (retraction.platform, retraction.channel) in places
