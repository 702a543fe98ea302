"""`!quiet`, `!listen` and `!forget me`: what viewers decide about themselves."""

from collections.abc import Awaitable, Callable, Collection, Iterable
from typing import Protocol

from relay.commands.definition import Command, Use
from relay.commands.forgetting import Forgetting
from relay.commands.latest import LatestMessages
from relay.commands.table import CommandTable
from relay.config import ParameterSection
from relay.model import Retraction
from relay.moderation.quiet import LEFT_OUT, QuietViewers

FULL = "Too many have said so already; ask a moderator to mute you."
SELDOM = 10.0
"""Seconds until a viewer may change it again."""
LATER = "Too many want that at once. Try again in a few minutes."


class Remembering(Protocol):
    """What else is remembered of viewers."""

    async def forget(self, viewer: str) -> object:
        """Delete all there is of `platform:id`. Raises RelayError."""
        ...


class Memories(Remembering, Protocol):
    """What is remembered of people, who may have several accounts."""

    async def accounts(self, viewer: str) -> frozenset[str]:
        """All of the person's, this one included. Raises RelayError."""
        ...


class ViewerWishes:
    """`waiting_of` has the keys of what waits of a viewer, which `take_back` ends; `name` is the companion's.

    `noted`: what the notes hold of viewers, such as who was told of as a follower.
    """

    def __init__(
        self,
        table: CommandTable,
        quiet: QuietViewers,
        forgetting: Forgetting,
        latest: LatestMessages,
        *,
        waiting_of: Callable[[str], Collection[str]],
        take_back: Callable[[Retraction], Awaitable[None]],
        name: Callable[[], str],
        noted: Remembering,
    ) -> None:
        self._table = table
        self._quiet = quiet
        self._forgetting = forgetting
        self._latest = latest
        self._waiting_of = waiting_of
        self._take_back = take_back
        self._name = name
        self._noted = noted
        self.memory: Memories | None = None
        """None where nothing is remembered."""
        self.forgotten: Callable[[str], object] = lambda _: None
        """Hears at once of each account that is forgotten."""

    def commands(self) -> Iterable[Command]:
        me = ParameterSection(name="whom", type="choice", choices=("me",))
        yield Command(
            name="quiet", summary="Keep what you write from the companion", do=self._be_quiet, viewer_cooldown=SELDOM
        )
        yield Command(
            name="listen", aliases=("unquiet",), summary="Undo !quiet", do=self._listen, viewer_cooldown=SELDOM
        )
        yield Command(
            name="forget",
            summary="Forget what is known of you, and delete what you wrote",
            do=self._forget,
            parameters=(me,),
            viewer_cooldown=60.0,
        )

    async def _be_quiet(self, use: Use) -> str:
        if not await self._quiet.leave_out(use.viewer):
            return FULL
        await self._withdraw(use.viewer, LEFT_OUT)
        return (
            f"From now on {self._name()} is not told what you write or do here. {self._table.prefix}listen undoes it."
        )

    async def _listen(self, use: Use) -> str:
        if use.viewer not in self._quiet:
            return f"{self._name()} may hear you already. {self._table.prefix}quiet changes that."
        await self._quiet.listen_to(use.viewer)
        return f"{self._name()} may hear you again."

    async def _forget(self, use: Use) -> str:
        if not await self._erase(use.viewer):
            return LATER
        if self.memory is not None:
            for other in await self.memory.accounts(use.viewer) - {use.viewer}:
                if not await self._erase(other):
                    return LATER
            await self.memory.forget(use.viewer)  # the last: it knows the others
        kept = f" That {self._name()} is not to hear you stays noted." if use.viewer in self._quiet else ""
        told = f"What {self._name()} was told already is part of its chat."
        return f"What is known of you is deleted, and so is what you wrote. {told}{kept}"

    async def _erase(self, viewer: str) -> bool:
        """What this account did, wherever that is. False when too many want that at once."""
        if not await self._forgetting.wish(viewer):
            return False
        self._latest.forget(viewer)
        await self._withdraw(viewer, "the viewer asked to be forgotten")
        await self._noted.forget(viewer)
        self.forgotten(viewer)
        return True

    async def _withdraw(self, viewer: str, reason: str) -> None:
        """What the viewer wrote before, and nobody was told."""
        platform = viewer.partition(":")[0]
        for key in self._waiting_of(viewer):
            retraction = Retraction(platform=platform, id=key.removeprefix(f"{platform}:"), reason=reason)
            await self._take_back(retraction)
