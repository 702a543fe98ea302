"""Appends to Redis: what is asked at the same time travels together, and many messages share one page."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

from redis.exceptions import RedisError

from relay.errors import RelayError
from relay.inbox import scripts
from relay.inbox.pages import Pages

PAGE_MESSAGES = 256
PAGE_BYTES = 1_000_000
FLUSH_MESSAGES = 1_024
FLUSHES = 2
"""How many may be under way at once: while the server works on one, the next is put together."""

Entry = tuple[str, bytes]
"""A message's key and its line."""


@dataclass(slots=True, eq=False)
class _Call:
    entries: Sequence[Entry]
    stored: asyncio.Future[list[bool]]


class Appending:
    """Runs between `start` and `stop`."""

    def __init__(self, pages: Pages, clock: Callable[[], float]) -> None:
        self._pages = pages
        self._clock = clock
        self._calls: asyncio.Queue[_Call] = asyncio.Queue()
        self._flushers: list[asyncio.Task[None]] = []

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

    async def append(self, entries: Sequence[Entry]) -> list[bool]:
        """Whether each was new. Raises InboxError."""
        call = _Call(entries, asyncio.get_running_loop().create_future())
        self._calls.put_nowait(call)
        return await call.stored

    async def _flush_forever(self) -> None:
        while True:
            calls = [await self._calls.get()]
            size = len(calls[0].entries)
            while size < FLUSH_MESSAGES and not self._calls.empty():
                calls.append(self._calls.get_nowait())
                size += len(calls[-1].entries)
            await self._flush(calls, size)
            for _ in calls:
                self._calls.task_done()

    async def _flush(self, calls: Sequence[_Call], size: int) -> None:
        entries = dict(chain.from_iterable(call.entries for call in calls))
        try:
            known = await self._store(list(entries.items()))
        except RelayError as error:
            for call in calls:
                if not call.stored.done():
                    call.stored.set_exception(type(error)(str(error)))
            return
        all_new = not known and len(entries) == size
        for call in calls:
            stored = [True] * len(call.entries) if all_new else [_is_first(key, known) for key, _ in call.entries]
            if not call.stored.done():
                call.stored.set_result(stored)

    async def _store(self, entries: Sequence[Entry]) -> set[str]:
        """The keys that were there already."""
        pages = [(b"\n".join([line for _, line in page]), [key for key, _ in page]) for page in _split(entries)]
        milliseconds = int(self._clock() * 1000)

        async def send() -> list[Any]:
            async with self._pages.redis.pipeline(transaction=False) as pipe:
                for lines, keys in pages:
                    self._pages.call(pipe, scripts.APPEND, milliseconds, lines, *keys)
                return [_checked(answer) for answer in await pipe.execute(raise_on_error=False)]

        return {key.decode() for known in await self._pages.connection.ask(send) for key in known}


def _is_first(key: str, known: set[str]) -> bool:
    if key in known:
        return False
    known.add(key)
    return True


def _checked(answer: Any) -> Any:
    # Not left to the pipeline: its errors quote the command, which is what people wrote.
    if isinstance(answer, RedisError):
        raise answer
    return answer


def _split(entries: Sequence[Entry]) -> Iterator[Sequence[Entry]]:
    for start in range(0, len(entries), PAGE_MESSAGES):
        yield from _halved(entries[start : start + PAGE_MESSAGES])


def _halved(entries: Sequence[Entry]) -> Iterator[Sequence[Entry]]:
    if len(entries) > 1 and sum(len(line) for _, line in entries) > PAGE_BYTES:
        half = len(entries) // 2
        yield from _halved(entries[:half])
        yield from _halved(entries[half:])
    else:
        yield entries
