"""What controls may ask of a running relay, and who asks."""

from collections.abc import Sequence
from typing import Protocol

from relay.model import Role, Value
from relay.moderation.switches import Switches


class Caller(Value):
    """Who gives a command."""

    source: str
    """`twitch`, `discord`, `terminal`, `web`."""
    name: str
    roles: frozenset[Role] = frozenset()

    @property
    def may_control(self) -> bool:
        return bool(self.roles & {Role.STREAMER, Role.MODERATOR})


class Held(Value):
    """Something that waits for a person's decision."""

    id: str
    """Short, for people to type: `h1`, `h2`, … (heard from the audience) or `r1` (said by the companion)."""
    who: str
    """The author and platform, or the character's name."""
    text: str
    """The original text."""
    reason: str
    at: float
    """Seconds since the epoch."""


class Actions(Protocol):
    """The running relay as controls see it. None of these raises for an id that is not there: they answer False."""

    async def status(self) -> str:
        """What is connected, what waits, which switches are set; a few lines."""
        ...

    def switches(self) -> Switches: ...

    async def switch(self, switches: Switches) -> None:
        """Apply new switches now, and keep them in the store."""
        ...

    def held(self) -> Sequence[Held]:
        """What waits for a decision, oldest first."""
        ...

    async def approve(self, held_id: str) -> bool: ...

    async def reject(self, held_id: str) -> bool: ...

    async def skip(self) -> bool:
        """Stop the answer under way and go on with the next message. False when there is none."""
        ...

    async def interrupt(self) -> bool:
        """Silence the companion now. False when it is silent already."""
        ...

    async def clear(self) -> int:
        """Drop everything that waits. How many messages that were."""
        ...

    async def why(self, key: str) -> str:
        """What happened to a message, in one line; `key` is `platform:id`, or an id on any platform."""
        ...

    def viewers(self, prefix: str) -> Sequence[tuple[str, str]]:
        """Recently heard viewers whose name begins so, as (name, `platform:id`), newest first, for completion."""
        ...
