"""In which order the companions of a process start."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from relay.application.fleet import starts
from relay.application.fleet.starts import Starts, StartTurn


class Line:
    """Companions that come to start, by their names, with how much each has to do."""

    def __init__(self) -> None:
        self._starts = Starts()
        self.turns: dict[str, StartTurn] = {}
        """Of those that may start, in that order."""
        self.tasks: dict[str, asyncio.Task[None]] = {}

    async def comes(self, name: str, waiting: int) -> None:
        self.tasks[name] = asyncio.create_task(self._wait(name, waiting))
        await passing()

    async def _wait(self, name: str, waiting: int) -> None:
        self.turns[name] = await self._starts.turn(waiting)

    async def end(self, name: str) -> None:
        self.turns[name].end()
        await passing()


async def passing() -> None:
    """All that can happen at once has happened."""
    for _ in range(5):
        await asyncio.sleep(0)


@asynccontextmanager
async def line(monkeypatch: pytest.MonkeyPatch, at_once: int, within: float = 1e6) -> AsyncIterator[Line]:
    monkeypatch.setattr(starts, "AT_ONCE", at_once)
    monkeypatch.setattr(starts, "WITHIN", within)
    found = Line()
    yield found
    for task in found.tasks.values():
        task.cancel()
    for turn in found.turns.values():
        turn.end()


async def test_so_many_start_at_once_and_whom_most_waits_for_is_next(monkeypatch: pytest.MonkeyPatch) -> None:
    async with line(monkeypatch, 2) as found:
        for name, waiting in (("a", 0), ("b", 0), ("quiet", 0), ("loud", 9), ("louder", 10), ("as quiet", 0)):
            await found.comes(name, waiting)
        assert list(found.turns) == ["a", "b"]

        for name in ("b", "a", "louder", "loud"):
            await found.end(name)
        assert list(found.turns) == ["a", "b", "louder", "loud", "quiet", "as quiet"]


async def test_who_ends_twice_lets_one_start(monkeypatch: pytest.MonkeyPatch) -> None:
    async with line(monkeypatch, 1) as found:
        for name in ("a", "b", "c"):
            await found.comes(name, 0)
        await found.end("a")
        await found.end("a")
        assert list(found.turns) == ["a", "b"]


async def test_who_is_ended_while_it_waits_keeps_nobody_else_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    async with line(monkeypatch, 1) as found:
        for name in ("a", "b", "c", "d"):
            await found.comes(name, 0)
        found.tasks["b"].cancel()
        await passing()
        found.turns["a"].end()
        found.tasks["c"].cancel()  # in the moment in which it may start
        await passing()
        assert list(found.turns) == ["a", "d"]


async def test_what_never_comes_up_keeps_the_others_waiting_for_a_while_only(monkeypatch: pytest.MonkeyPatch) -> None:
    async with line(monkeypatch, 1, within=0.0) as found:
        await found.comes("stuck", 0)
        await found.comes("next", 0)
        await found.tasks["next"]
        assert list(found.turns) == ["stuck", "next"]
