"""Uses of slash commands that wait to hear what became of them: an answer of the relay's, an outcome, or both."""

import asyncio
from collections.abc import Callable, Iterable
from typing import Final

from relay.model import Outcome, Settlement
from relay.platforms.discord.settings import PLATFORM

OTHER_HALF: Final = 1.0
"""Seconds between an answer and the outcome, whichever comes first; a refusal may have no answer at all."""

Explain = Callable[[Settlement], str]
"""Says what became of a use, in words for who it was."""
_HEARD: Final = (Outcome.FORWARDED, Outcome.MERGED)


class OpenUse:
    """One use. Complete when both the answer and the outcome are there, or long enough one of them alone."""

    def __init__(self) -> None:
        self.answers: list[str] = []
        self.settlement: Settlement | None = None
        self._answered = asyncio.Event()
        self._settled = asyncio.Event()

    def answer(self, text: str) -> None:
        self.answers.append(text)
        self._answered.set()

    def settle(self, settlement: Settlement) -> None:
        self.settlement = settlement
        self._settled.set()

    @property
    def is_refused(self) -> bool:
        """Nothing was or will be done."""
        return self.settlement is not None and self.settlement.outcome not in (*_HEARD, Outcome.ANSWERED)

    @property
    def is_heard(self) -> bool:
        """The companion was told."""
        return self.settlement is not None and self.settlement.outcome in _HEARD

    async def ended(self) -> None:
        """Return when it is known what became of it."""
        waiting = [asyncio.create_task(event.wait()) for event in (self._answered, self._settled)]
        try:
            await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            if not self.is_heard:  # who the companion answers is answered in the channel
                await asyncio.wait(waiting, timeout=OTHER_HALF)
        finally:
            for task in waiting:
                task.cancel()
            await asyncio.gather(*waiting, return_exceptions=True)

    async def settled(self) -> None:
        """Return when it has its outcome."""
        await self._settled.wait()

    def words(self, explained: Explain) -> str:
        """What to show who used the command."""
        if self.answers:
            return "\n".join(self.answers)
        if self.is_refused and self.settlement is not None:
            return explained(self.settlement)
        return "Done."


class Uses:
    """Those that are open, by the ids of their messages."""

    def __init__(self) -> None:
        self._open: dict[str, OpenUse] = {}

    def begin(self, id: str) -> OpenUse:
        self._open[id] = use = OpenUse()
        return use

    def end(self, id: str) -> None:
        """Nobody waits for it any more."""
        self._open.pop(id, None)

    def answer(self, id: str, text: str) -> bool:
        """The relay answers a use; False when nobody waits for that."""
        if (use := self._open.get(id)) is None:
            return False
        use.answer(text)
        return True

    def settled(self, settlements: Iterable[Settlement]) -> None:
        for settlement in settlements:
            platform, _, id = settlement.key.partition(":")
            if platform == PLATFORM and (use := self._open.get(id)) is not None:
                use.settle(settlement)
