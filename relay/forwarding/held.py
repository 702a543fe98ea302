"""Messages that wait for a moderator's decision. They keep their place in the inbox and have no outcome yet."""

from collections import OrderedDict
from collections.abc import Callable, Sequence

from relay.model import AudienceMessage, Held, short_id
from relay.text.obfuscation import Span

CAPACITY = 200
"""Held at once; a flood of held messages must not bury the ones a person can still look at."""


class HeldMessages:
    """Decisions are made by short ids, each of a message as it was written; what nobody decides on is for `expired`."""

    def __init__(self) -> None:
        self._entries: OrderedDict[str, tuple[Held, AudienceMessage]] = OrderedDict()

    def add(
        self, message: AudienceMessage, reason: str, until: float, spans: Sequence[Span] = ()
    ) -> AudienceMessage | None:
        """Hold a message. The oldest one, when there is no more room."""
        held = Held(
            id=short_id("h", f"{message.key} {message.text}", self._entries),
            who=message.author.name,
            platform=message.platform,
            text=message.text,
            reason=reason,
            at=message.at,
            until=until,
            spans=tuple(spans),
            key=message.key,
            viewer=message.viewer,
            is_withheld=message.withheld is not None,
            pretended=message.pretended,
        )
        self._entries[held.id] = (held, message)
        return self._entries.popitem(last=False)[1][1] if len(self._entries) > CAPACITY else None

    def list(self) -> Sequence[Held]:
        return [held for held, _ in self._entries.values()]

    def __contains__(self, key: str) -> bool:
        return any(message.key == key for _, message in self._entries.values())

    def of(self, viewer: str) -> Sequence[str]:
        """The keys of what is held of a viewer."""
        return [message.key for _, message in self._entries.values() if message.viewer == viewer]

    def get(self, held_id: str) -> AudienceMessage | None:
        """One that waits; None when it is not there (any more)."""
        entry = self._entries.get(held_id)
        return entry[1] if entry else None

    def id_of(self, key: str) -> str | None:
        """The short id of a message by its key."""
        return next((held.id for held, message in self._entries.values() if message.key == key), None)

    def pop(self, held_id: str) -> AudienceMessage | None:
        """Take one out for a decision; None when it is not there (any more)."""
        entry = self._entries.pop(held_id, None)
        return entry[1] if entry else None

    def take(self, concerns: Callable[[AudienceMessage], bool]) -> Sequence[AudienceMessage]:
        """Take out all of these."""
        concerned = [held.id for held, message in self._entries.values() if concerns(message)]
        return [self._entries.pop(held_id)[1] for held_id in concerned]

    def expired(self, limit: float) -> Sequence[AudienceMessage]:
        """Take out those from before `limit`, in seconds since the epoch."""
        return self.take(lambda message: message.at <= limit)

    def oldest(self) -> float | None:
        """When the first of them came, in seconds since the epoch."""
        return min((message.at for _, message in self._entries.values()), default=None)

    def clear(self) -> Sequence[AudienceMessage]:
        """Take everything out."""
        return self.expired(float("inf"))
