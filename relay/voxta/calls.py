"""Calls that Voxta may refuse. It answers when it has queued one, so that a refusal may come later than the answer."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Final

from relay.errors import VoxtaError, VoxtaUnavailable
from relay.voxta.refusals import refusal_in
from relay.wire.messages import WireMessage

PATIENCE: Final = 1.0
"""Seconds after the answer in which a refusal may come, where something else shows sooner that the call was taken."""
SHORT_PATIENCE: Final = 0.1
"""The same, where nothing else does."""

TRUST: Final = 3
"""Calls of a kind that were taken, after which no later refusal of that kind is waited for."""

Shows = Callable[[WireMessage], bool]
"""Whether a message shows that a call was taken."""


class Calls:
    """Makes them one by one, since errors do not say what they refuse. It is told of every message that comes."""

    def __init__(self) -> None:
        self._turn = asyncio.Lock()
        self._fate: asyncio.Future[None] | None = None
        self._shows: Shows | None = None
        self._taken: Counter[str] = Counter()
        """How many calls of a kind were taken since the last that was refused."""

    def on_message(self, message: WireMessage) -> None:
        if self._fate is None or self._fate.done():
            return
        if (refusal := refusal_in(message)) is not None:
            self._fate.set_exception(refusal)
        elif self._shows is not None and self._shows(message):
            self._fate.set_result(None)

    def cut_off(self) -> None:
        """Nothing more will be heard of what becomes of a call."""
        if self._fate is not None and not self._fate.done():
            self._fate.set_exception(VoxtaUnavailable("the connection was lost before Voxta showed what it took"))

    async def make(self, kind: str, call: Callable[[], Awaitable[None]], shows: Shows | None = None) -> None:
        """Make a call, and wait for a moment for what becomes of it, unless others of its kind were taken before.

        Raises VoxtaError when it was refused, VoxtaForbidden for lack of rights, VoxtaUnavailable when that cannot be
        known any more, and whatever `call` raises.
        """
        async with self._turn:
            fate = self._fate = asyncio.get_running_loop().create_future()
            self._shows = shows
            try:
                await call()
                if shows is not None or self._taken[kind] < TRUST:
                    await asyncio.wait({fate}, timeout=SHORT_PATIENCE if shows is None else PATIENCE)
                if fate.done():
                    fate.result()
                self._taken[kind] += 1
            except VoxtaError:
                self._taken[kind] = 0
                raise
            finally:
                self._fate = None
                if fate.done() and not fate.cancelled():
                    fate.exception()
