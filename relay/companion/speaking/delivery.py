"""Reading ahead: while one sentence is spoken about, the next ones are already on their way, and order is kept."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import aclosing
from typing import Any, Final, TypeVar

from relay.companion.brains.base import Pieces

AHEAD: Final = 2
"""How many sentences may wait, with their speech, behind the one that goes out."""

T = TypeVar("T")


async def deliver(
    sentences: Pieces,
    prepare: Callable[[str], Coroutine[Any, Any, T]],
    say: Callable[[str, T], Awaitable[None]],
) -> None:
    """Hand each sentence and what was prepared for it to `say`, in order.

    Raises what the sentences raise, once all that came before has been said.
    """
    queue: asyncio.Queue[tuple[str, asyncio.Task[T]] | None] = asyncio.Queue(AHEAD)
    failure: Exception | None = None

    async def read() -> None:
        nonlocal failure
        try:
            async with aclosing(sentences):
                async for sentence in sentences:
                    await queue.put((sentence, tasks.create_task(prepare(sentence))))
        except Exception as error:
            failure = error
        await queue.put(None)

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(read())
        while (item := await queue.get()) is not None:
            sentence, prepared = item
            await say(sentence, await prepared)
    if failure is not None:
        raise failure
