import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import pytest

from relay.errors import InboxError
from relay.model import Edit, Incoming
from relay.platforms.intake import BATCH, Intake, Seen
from tests.support import PATIENCE, eventually


class Store:
    """Takes what it is given, unless it fails or is busy."""

    def __init__(self) -> None:
        self.calls: list[list[str]] = []
        self.failures = 0
        self.open = asyncio.Event()
        self.open.set()

    async def __call__(self, *incoming: Incoming) -> None:
        await self.open.wait()
        if self.failures:
            self.failures -= 1
            raise InboxError("no answer")
        self.calls.append([each.id or "" for each in incoming])

    @property
    def taken(self) -> list[str]:
        return [id for call in self.calls for id in call]


def thing(number: int) -> Edit:
    return Edit(platform="test", id=str(number), text="")


@asynccontextmanager
async def running(intake: Intake) -> AsyncIterator[None]:
    task = asyncio.create_task(intake.run())
    try:
        yield
    finally:
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task


async def test_a_flood_is_handed_over_in_order_and_in_few_steps() -> None:
    store = Store()
    intake = Intake("test", store)
    for number in range(2_000):
        intake.put(thing(number))

    async with running(intake):
        await eventually(lambda: len(intake) == 0)

    assert store.taken == [str(number) for number in range(2_000)]
    assert len(store.calls) == 2_000 / BATCH


async def test_an_inbox_that_does_not_answer_is_asked_again_and_nothing_overtakes() -> None:
    store = Store()
    store.failures = 3
    intake = Intake("test", store)
    stored = [intake.put(thing(number)) for number in range(3)]

    async with running(intake):
        await eventually(lambda: intake.stuck)
        await asyncio.wait(stored, timeout=PATIENCE)

    assert store.taken == ["0", "1", "2"]
    assert not intake.stuck


async def test_what_a_search_finds_takes_the_place_of_the_search() -> None:
    store, found = Store(), asyncio.get_running_loop().create_future()

    async def search() -> list[Incoming]:
        await found
        return [thing(1), thing(2)]

    intake = Intake("test", store)
    intake.put(thing(0))
    intake.put(asyncio.create_task(search()))
    intake.put(thing(3))
    async with running(intake):
        await eventually(lambda: store.taken == ["0"])
        found.set_result(None)
        await eventually(lambda: len(intake) == 0)

    assert store.taken == ["0", "1", "2", "3"]


async def test_what_was_accepted_before_a_stop_is_still_handed_over_and_a_search_is_given_up() -> None:
    store = Store()
    store.open.clear()
    intake = Intake("test", store)
    intake.put(thing(0))
    async with running(intake):
        await asyncio.sleep(0)
        intake.put(asyncio.create_task(asyncio.Event().wait()))  # type: ignore[arg-type]
        intake.put(thing(1))
        store.open.set()

    assert store.taken == ["0", "1"]


async def search_that_has_something_in_any_case() -> list[Incoming]:
    with suppress(asyncio.CancelledError):
        await asyncio.Event().wait()
    return [thing(1)]


async def test_an_inbox_that_is_away_at_a_stop_gets_the_grace_and_no_more_also_for_a_search(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("relay.platforms.intake.GRACE", 0.05)
    store = Store()
    store.failures = 1_000_000
    intake = Intake("test", store)
    intake.put(asyncio.create_task(search_that_has_something_in_any_case()))
    task = asyncio.create_task(intake.run())
    await asyncio.sleep(0)
    task.cancel()

    await asyncio.wait({task}, timeout=PATIENCE)
    assert task.cancelled()


async def test_what_a_search_has_in_any_case_is_stored_also_when_it_comes_in_at_the_very_end() -> None:
    taken: list[str | None] = []
    at_the_end = asyncio.Event()

    async def receive(*incoming: Incoming) -> None:
        await at_the_end.wait()
        taken.extend(each.id for each in incoming)
        if taken == ["0"]:
            intake.put(asyncio.create_task(search_that_has_something_in_any_case()))

    intake = Intake("test", receive)
    intake.put(thing(0))
    async with running(intake):
        await asyncio.sleep(0)
        at_the_end.set()

    assert taken == ["0", "1"]


def test_an_id_is_new_once_and_the_oldest_is_forgotten() -> None:
    seen = Seen(limit=2)

    assert [seen.add(id) for id in ("a", "a", "b", "c", "a")] == [True, False, True, True, True]
