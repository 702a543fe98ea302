"""What the character has in mind of people, and when."""

import asyncio
from pathlib import Path

import pytest

from relay.memory.base import MemoryStore
from relay.memory.context import LATELY, PeopleContext
from relay.memory.records import linked
from relay.voxta.chat import JoinedChat
from tests.contracts.remembering import known, put
from tests.memory.stage import DAY, NOW, Clock, Voxta, context_of, forward, stored
from tests.support import alongside, eventually


class Looks(Clock):
    """Counts how often somebody looks at it."""

    count = 0

    def __call__(self) -> float:
        self.count += 1
        return super().__call__()


async def test_only_who_is_heard_is_told_of_and_is_taken_back_for_the_next(tmp_path: Path) -> None:
    async with stored(tmp_path) as store:
        voxta = Voxta()
        context = context_of(store, voxta, Clock())
        await put(store, known("twitch:1", "likes chess", name="Ann"), known("twitch:2", "has a cat", name="Bob"))

        await context.brief(forward("twitch:1", names=["viewer Ann"]))
        assert [line.partition(" is known")[0] for line in voxta.knows] == ["viewer Ann (Twitch)"]
        assert "likes chess" in voxta.knows[0]

        await context.brief(forward("twitch:2"))
        assert "likes chess" not in str(voxta.knows)
        assert "has a cat" in str(voxta.knows)

        await context.brief(forward("twitch:3"))
        assert voxta.knows == []


async def test_several_in_one_message_share_the_room(tmp_path: Path) -> None:
    async with stored(tmp_path) as store:
        voxta = Voxta()
        await put(store, *(known(f"twitch:{number}", "x" * 199) for number in range(9)))

        await context_of(store, voxta, Clock(), length=900).brief(forward(*(f"twitch:{n}" for n in range(9))))

        assert len(voxta.knows) == 9
        assert sum(map(len, voxta.knows)) <= 900


async def test_what_is_known_of_a_linked_account_counts_here_too(tmp_path: Path) -> None:
    async with stored(tmp_path) as store:
        voxta = Voxta()
        await put(store, *linked([known("twitch:1", "likes chess"), known("discord:2", "has a cat")]).values())

        await context_of(store, voxta, Clock()).brief(forward("discord:2", "twitch:1"))

        [line] = voxta.knows
        assert "likes chess" in line
        assert "has a cat" in line


@pytest.mark.parametrize(("days", "visits", "is_told"), [(0, 1, False), (1, 1, True), (0, 2, True)])
async def test_who_is_new_is_not_told_of(tmp_path: Path, days: float, visits: int, is_told: bool) -> None:
    async with stored(tmp_path) as store:
        voxta = Voxta()
        await put(store, known("twitch:1", last_seen=NOW - days * DAY, visits=visits))

        await context_of(store, voxta, Clock()).brief(forward("twitch:1"))

        assert bool(voxta.knows) is is_told


async def test_after_a_while_it_is_out_of_mind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("relay.memory.context.LOOK_EVERY", 0.001)
    async with stored(tmp_path) as store:
        voxta, clock = Voxta(), Clock()
        context = context_of(store, voxta, clock)
        await put(store, known("twitch:1", "likes chess"))
        await context.brief(forward("twitch:1"))

        async with alongside(context.run()):
            calls = voxta.calls
            clock.now += LATELY - 1
            await asyncio.sleep(0.01)
            assert voxta.calls == calls
            clock.now += 1
            await eventually(lambda: voxta.knows == [])


async def test_an_account_that_is_known_no_more_takes_no_linked_one_out_of_mind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("relay.memory.context.LOOK_EVERY", 0.001)
    async with stored(tmp_path) as store:
        voxta, clock = Voxta(), Looks()
        context = context_of(store, voxta, clock)
        await put(store, known("twitch:1", "likes chess", linked=("discord:2",)))
        await context.brief(forward("twitch:1"))

        async with alongside(context.run()):
            await eventually(lambda: clock.count > 5 or not voxta.knows)
            assert "likes chess" in str(voxta.knows)


async def test_what_an_earlier_run_left_in_the_chat_is_taken_out(tmp_path: Path) -> None:
    async with stored(tmp_path) as store:
        voxta = Voxta()
        voxta.knows = ["Ann is known."]

        async with alongside(context_of(store, voxta, Clock()).run()):
            await eventually(lambda: voxta.knows == [])


async def test_who_is_erased_by_another_process_is_out_of_mind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("relay.memory.context.LOOK_EVERY", 0.001)
    async with stored(tmp_path) as store, stored(tmp_path) as other:
        voxta = Voxta()
        context = context_of(store, voxta, Clock())
        await put(store, known("twitch:1", "likes chess"))
        await context.brief(forward("twitch:1"))

        async with alongside(context.run()):
            await other.change(["twitch:1"], lambda _: {"twitch:1": None}, erase=True)
            await eventually(lambda: voxta.knows == [])


class Reading:
    """A store in which somebody is erased while they are read."""

    def __init__(self, store: MemoryStore) -> None:
        self.store = store
        self.context: PeopleContext | None = None

    async def get(self, viewers: object) -> object:
        found = await self.store.get(viewers)  # type: ignore[arg-type]
        if self.context is not None and found:
            context, self.context = self.context, None
            await self.store.change(["twitch:1"], lambda _: {"twitch:1": None}, erase=True)
            await context.forget(frozenset({"twitch:1"}))
        return found


async def test_who_is_erased_while_they_are_read_is_not_told_of(tmp_path: Path) -> None:
    async with stored(tmp_path) as store:
        voxta, reading = Voxta(), Reading(store)
        await put(store, known("twitch:1", "likes chess"))
        reading.context = context = context_of(reading, voxta, Clock())  # type: ignore[arg-type]

        await context.brief(forward("twitch:1"))

        assert voxta.knows == []


async def test_a_message_does_not_fail_because_of_the_memory_or_voxta(tmp_path: Path) -> None:
    async with stored(tmp_path) as store:
        voxta = Voxta()
        context = context_of(store, voxta, Clock())
        await put(store, known("twitch:1", "likes chess"))
        voxta.is_away = True
        await context.brief(forward("twitch:1"))
        voxta.is_away = False
        await context.brief(forward("twitch:1"))
        assert "likes chess" in str(voxta.knows)

        voxta.chat = JoinedChat("s2", "c2", "Streamer", [], None)
        await context.brief(forward("twitch:1"))
        assert voxta.calls == 2
    await context.brief(forward("twitch:1"))
    assert voxta.knows == []
