"""What controls may ask of a running relay."""

from collections.abc import Sequence
from typing import Protocol

from relay.model import AudienceMessage, Held
from relay.moderation.switches import Switches


class Runtime(Protocol):
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

    async def approve(self, held_id: str, text: str | None = None) -> bool:
        """Let it through, in other words where some are given. Raises WordsRefused when the filters refuse those."""
        ...

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

    async def put_first(self, key: str) -> bool:
        """Tell what waits under this key before all else."""
        ...

    async def drop(self, key: str) -> bool:
        """End what waits under this key."""
        ...

    def queue(self) -> Sequence[AudienceMessage]:
        """What is told next, for completion."""
        ...

    async def why(self, key: str) -> str:
        """What happened to a message, in one line; `key` is `platform:id`, or an id on any platform."""
        ...

    def viewers(self, prefix: str) -> Sequence[tuple[str, str]]:
        """Recently heard viewers whose name begins so, as (name, `platform:id`), newest first, for completion."""
        ...
