"""Appends to Redis: what is asked at the same time travels together, and many messages share one page."""

import asyncio
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic_core import PydanticSerializationError

from relay.errors import ConfigError, InboxError, another
from relay.inbox import ledger, scripts
from relay.inbox.at_hand import AtHand
from relay.inbox.lost_answers import LostAnswers
from relay.inbox.pages import Pages, arrived_at
from relay.model import AudienceMessage
from relay.system.cancellation import checkpoint

PAGE_MESSAGES = 256
PAGE_BYTES = 1_000_000
FLUSHES = 3
"""How many may be under way at once: while the server works on one, the next is put together."""


@dataclass(slots=True, eq=False)
class _Call:
    messages: Sequence[AudienceMessage]
    stored: asyncio.Future[list[bool]]


class Appending:
    """Runs between `start` and `stop`. `on_arrival` hears that something may have been stored."""

    def __init__(
        self, pages: Pages, at_hand: AtHand, clock: Callable[[], float], on_arrival: Callable[[], object]
    ) -> None:
        self._pages = pages
        self._at_hand = at_hand
        self._clock = clock
        self._on_arrival = on_arrival
        self._calls: asyncio.Queue[_Call] = asyncio.Queue()
        self._flushers: list[asyncio.Task[None]] = []
        self._lost = LostAnswers[str]()

    def start(self) -> None:
        self._flushers = [asyncio.create_task(self._flush_forever(), name="inbox-append") for _ in range(FLUSHES)]

    async def stop(self) -> None:
        """Finish what was accepted."""
        if self._flushers:
            await self._calls.join()
        for flusher in self._flushers:
            flusher.cancel()
        await asyncio.gather(*self._flushers, return_exceptions=True)
        self._flushers = []

    async def append(self, messages: Sequence[AudienceMessage]) -> list[bool]:
        """Whether each was new. Raises InboxError."""
        if not self._flushers:
            raise InboxError(f"the inbox {self._pages.connection.name} is not open")
        call = _Call(messages, asyncio.get_running_loop().create_future())
        self._calls.put_nowait(call)
        with self._lost.on_failure([message.key for message in messages], self._milliseconds()):
            return await call.stored

    async def _flush_forever(self) -> None:
        while True:
            checkpoint()
            calls = [await self._calls.get()]
            size = len(calls[0].messages)
            while size < PAGE_MESSAGES and not self._calls.empty():
                calls.append(self._calls.get_nowait())
                size += len(calls[-1].messages)
            await self._flush(calls)
            for _ in calls:
                self._calls.task_done()

    async def _flush(self, calls: Sequence[_Call]) -> None:
        messages = [message for call in calls for message in call.messages]
        try:
            stored = await self._store(messages)
        except Exception as error:
            self._on_arrival()  # only the answer may have been lost
            known = error if isinstance(error, InboxError | ConfigError) else InboxError(repr(error))
            for call in calls:
                if not call.stored.done():
                    call.stored.set_exception(another(known))
            return
        if messages:  # what is known already may have been stored by another process, unheard by this one
            self._on_arrival()
        start = 0
        for call in calls:
            end = start + len(call.messages)
            if not call.stored.done():
                call.stored.set_result(stored[start:end])
            start = end

    async def _store(self, messages: list[AudienceMessage]) -> list[bool]:
        """For each message whether it is new."""
        try:
            return await self._store_well_formed(messages)
        except PydanticSerializationError:
            return await self._store_well_formed([ledger.mended(message) for message in messages])

    async def _store_well_formed(self, messages: list[AudienceMessage]) -> list[bool]:
        changes = self._at_hand.changes
        keys = [message.key for message in messages]
        first: dict[str, AudienceMessage] = {}
        for key, message in zip(keys, messages, strict=True):
            first.setdefault(key, message)
        known = await self._send(list(first), list(first.values()))
        if changes == self._at_hand.changes:  # what was known may have been claimed already
            self._at_hand.stored(message for key, message in first.items() if key not in known)
        told = known - await self._taken_unnoticed(list(first))
        return [_is_first(key, told) for key in keys]

    async def _send(self, keys: list[str], messages: list[AudienceMessage]) -> set[str]:
        """Store messages with different keys. The keys that were there already."""
        pages = list(_paged(keys, messages))
        milliseconds = self._milliseconds()

        async def send() -> list[Any]:
            with self._lost.on_failure(keys, milliseconds):
                return [await self._pages.run_once(scripts.APPEND, milliseconds, *page) for page in pages]

        return {key.decode() for known in await self._pages.connection.ask(send) for key in known}

    async def _taken_unnoticed(self, keys: list[str]) -> set[str]:
        """Those whose answer was lost, and which the store has only since they were first sent."""
        lost = self._lost.among(keys)
        pages = [standing.page for standing in await self._pages.standing(lost)]
        ours = {key for key, page in zip(lost, pages, strict=True) if page and arrived_at(page) >= lost[key]}
        return {key for key in lost if self._lost.take(key) and key in ours}

    def _milliseconds(self) -> int:
        return int(self._clock() * 1000)


def _is_first(key: str, seen: set[str]) -> bool:
    if key in seen:
        return False
    seen.add(key)
    return True


def _paged(keys: list[str], messages: list[AudienceMessage]) -> Iterator[tuple[bytes, str]]:
    """Pages and their keys, in order; none so long that reading it would hold the others up."""
    if not messages:
        return
    if len(messages) <= 2 * PAGE_MESSAGES:
        page = ledger.encode_page(messages)
        if len(messages) == 1 or len(page) <= PAGE_BYTES:
            # Two long arguments cost less than two for each message, here and on the server.
            yield page, json.dumps(keys)
            return
    half = len(messages) // 2
    yield from _paged(keys[:half], messages[:half])
    yield from _paged(keys[half:], messages[half:])
