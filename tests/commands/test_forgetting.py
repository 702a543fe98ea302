"""Deleting what viewers wrote, in a real store."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from relay.commands import forgetting as module
from relay.commands.forgetting import NOTE, PASSES, Forgetting
from relay.inbox.sqlite import SqliteInbox
from tests.commands.surroundings import opened
from tests.contracts.samples import NOON, messages, settlements
from tests.support import eventually


@asynccontextmanager
async def running(forgetting: Forgetting) -> AsyncIterator[None]:
    task = asyncio.create_task(forgetting.run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def kept(inbox: SqliteInbox) -> list[str]:
    return [each.id for each in await inbox.newest(9)]


async def test_what_is_settled_goes_at_once_and_what_waited_at_a_later_pass(tmp_path: Path) -> None:
    now = [NOON + 1]
    async with opened(tmp_path) as inbox:
        forgetting = Forgetting(inbox, lambda: now[0])
        await inbox.append(messages(1, 2))
        await inbox.settle(settlements(messages(1)))
        async with running(forgetting):
            assert await forgetting.wish("twitch:ann")
            await eventually(lambda: forgetting._wishes["twitch:ann"].passes == 1)
        assert await kept(inbox) == ["m2"]

        await inbox.settle(settlements(messages(2)))
        restarted = Forgetting(inbox, lambda: now[0])
        await restarted.restore()
        for seconds in PASSES[1:]:
            now[0] = NOON + 1 + seconds
            await restarted._pass()
        assert await kept(inbox) == []
        assert await inbox.get_note(NOTE) == "{}"


async def test_who_says_so_again_during_a_pass_is_forgotten_up_to_then(tmp_path: Path) -> None:
    now = [NOON + 1]
    async with opened(tmp_path) as inbox:
        forgetting = Forgetting(inbox, lambda: now[0])
        await forgetting.wish("twitch:ann")

        async def again() -> None:
            now[0] += 5
            await forgetting.wish("twitch:ann")

        await asyncio.gather(forgetting._pass(), again())

        assert forgetting._wishes["twitch:ann"] == (NOON + 6, 0)


async def test_too_many_at_once_are_told_to_come_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST", 2)
    monkeypatch.setattr(module, "AT_ONCE", 1)
    async with opened(tmp_path) as inbox:
        forgetting = Forgetting(inbox, lambda: NOON)
        assert [await forgetting.wish(f"twitch:{number}") for number in (1, 2, 3, 1)] == [True, True, False, True]
        async with running(forgetting):
            await eventually(lambda: all(wish.passes == 1 for wish in forgetting._wishes.values()))
