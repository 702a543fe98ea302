"""When what rests goes on, by the loop's clock, without waiting for it."""

import asyncio
from collections.abc import Awaitable
from contextlib import suppress

import pytest


async def goes_on_at(work: Awaitable[object], now: float, monkeypatch: pytest.MonkeyPatch) -> float:
    """The moment until which `work` sleeps first, if it begins to at `now`."""
    until: list[float] = []

    async def sleep(seconds: float) -> None:
        until.append(now + seconds)
        raise asyncio.CancelledError

    with monkeypatch.context() as patch, suppress(asyncio.CancelledError):
        patch.setattr(asyncio.get_running_loop(), "time", lambda: now)
        patch.setattr(asyncio, "sleep", sleep)
        await work
    return until[0]
