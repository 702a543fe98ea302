"""Who has much to do lets others have their turn."""

import asyncio

import pytest

from relay.system import fairness
from relay.system.fairness import give_way


class Thread:
    """Works in each turn of `work` for longer than any turn takes."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.worked = 0.0
        monkeypatch.setattr("relay.system.fairness.time.thread_time", lambda: 1_000_000 * self.worked)

    async def work(self, turns: float) -> None:
        while self.worked < turns:
            self.worked += 1.0
            await asyncio.sleep(fairness.LOOK_EVERY / 2)


async def test_who_gives_way_goes_on_when_the_others_are_done(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fairness, "AT_MOST", 600.0)
    thread = Thread(monkeypatch)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(thread.work(10))
        await give_way()
        assert thread.worked == 10


async def test_who_gives_way_to_somebody_who_is_never_done_goes_on_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(fairness, "AT_MOST", 0.02)
    async with asyncio.TaskGroup() as tasks:
        endless = tasks.create_task(Thread(monkeypatch).work(float("inf")))
        await give_way()
        assert not endless.done()
        endless.cancel()
