"""Calls that Voxta may refuse. It answers when it has queued one, so that a refusal may come later than the answer."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
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


@dataclass(slots=True, eq=False)
class _OpenCall:
    fate: asyncio.Future[None]
    shows: Shows | None


class Calls:
    """Makes them in order. It is told of every message that comes.

    Errors do not say what they refuse. So a call is made alone, unless Voxta has taken others of its kind before; of
    those that are under way together the oldest is meant, as Voxta does one after the other.
    """

    def __init__(self) -> None:
        self._turn = asyncio.Lock()
        self._in_line = 0
        """How many have the turn or wait for it."""
        self._open: dict[_OpenCall, None] = {}
        """Under way, oldest first."""
        self._none_open = asyncio.Event()
        self._none_open.set()
        self._taken: Counter[str] = Counter()
        """How many calls of a kind were taken since the last that was refused."""

    def on_message(self, message: WireMessage) -> None:
        refusal = refusal_in(message) if self._open else None
        passed: list[_OpenCall] = []
        for call in self._open:
            if call.fate.done():
                continue
            if refusal is not None:
                call.fate.set_exception(refusal)
                return
            passed.append(call)
            if call.shows is not None and call.shows(message):
                for each in passed:
                    each.fate.set_result(None)
                return

    def cut_off(self, error: VoxtaError | None = None) -> None:
        """Nothing more will be heard of what becomes of the calls: of each this `error` where that is known.

        What was taken in this chat says nothing of the next one.
        """
        self._taken.clear()
        for call in self._open:
            if not call.fate.done():
                lost = VoxtaUnavailable("the connection was lost before Voxta showed what it took")
                call.fate.set_exception(type(error)(str(error)) if error else lost)

    async def make(
        self, kind: str, call: Callable[[], Awaitable[None]], shows: Shows | None = None, *, together: bool = False
    ) -> None:
        """Make a call, and wait for a moment for what becomes of it, unless others of its kind were taken before.

        `together`: it may be under way beside others that may, once calls of its kind were taken. Raises VoxtaError
        when it was refused, VoxtaForbidden for lack of rights, VoxtaUnavailable when that cannot be known any more, and
        whatever `call` raises.
        """
        if self._in_line or not together or self._taken[kind] < TRUST:
            self._in_line += 1
            try:
                async with self._turn:
                    if not together or self._taken[kind] < TRUST:
                        await self._none_open.wait()
                        await self._make(kind, call, shows)
                        return
            finally:
                self._in_line -= 1
        await self._make(kind, call, shows)

    def begin(
        self, kind: str, call: Callable[[], asyncio.Future[None]], shows: Shows | None = None
    ) -> asyncio.Future[None] | None:
        """Make a call beside others that are under way, which ends as `make` does; None when it has to go alone."""
        if self._in_line or self._taken[kind] < TRUST:
            return None
        loop = asyncio.get_running_loop()
        over: asyncio.Future[None] = loop.create_future()
        mine = _OpenCall(loop.create_future(), shows)
        self._open[mine] = None
        self._none_open.clear()

        def end(error: BaseException | None = None) -> None:
            self._close(mine)
            self._taken[kind] = 0 if error else self._taken[kind] + 1
            if over.done():
                return
            if error is None:
                over.set_result(None)
            else:
                over.set_exception(error)
                over.exception()  # who began it may be gone

        def answered(answer: asyncio.Future[None]) -> None:
            if (error := answer.exception()) is not None:
                end(error)
            elif mine.fate.done():
                end(mine.fate.exception())
            elif shows is None:
                end()
            else:
                silence = loop.call_later(PATIENCE, _decide, mine.fate)
                mine.fate.add_done_callback(lambda _: silence.cancel())
                mine.fate.add_done_callback(lambda fate: end(fate.exception()))

        call().add_done_callback(answered)
        return over

    def _close(self, call: _OpenCall) -> None:
        del self._open[call]
        if not self._open:
            self._none_open.set()
        if call.fate.done() and not call.fate.cancelled():
            call.fate.exception()

    async def _make(self, kind: str, call: Callable[[], Awaitable[None]], shows: Shows | None) -> None:
        fate = asyncio.get_running_loop().create_future()
        mine = _OpenCall(fate, shows)
        self._open[mine] = None
        self._none_open.clear()
        try:
            await call()
            if not fate.done() and (shows is not None or self._taken[kind] < TRUST):
                await asyncio.wait({fate}, timeout=SHORT_PATIENCE if shows is None else PATIENCE)
            if fate.done():
                fate.result()
            self._taken[kind] += 1
        except VoxtaError:
            self._taken[kind] = 0
            raise
        finally:
            self._close(mine)


def _decide(fate: asyncio.Future[None]) -> None:
    """Nothing more is to be expected."""
    if not fate.done():
        fate.set_result(None)
