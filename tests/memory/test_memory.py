"""The memory as the rest of the relay uses it: sightings, notes, links, and forgetting."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from relay.acts import ActRefused
from relay.config import MemorySection
from relay.errors import MemoryUnavailable, RelayError
from relay.inbox.base import Inbox
from relay.inbox.sqlite import SqliteInbox
from relay.memory.acts import acts
from relay.memory.base import MemoryStore
from relay.memory.memory import Memory, UnknownViewer
from relay.memory.summaries import Summaries
from relay.model import Author, Kind, Outcome, Role, Settlement
from tests.contracts.remembering import known, put
from tests.end_to_end.stage import message
from tests.memory.stage import DAY, NOW, Clock, Voxta, context_of, forward, note_filter, stored
from tests.support import PATIENCE, alongside, eventually


class Room:
    """A memory with a store, an inbox and time of its own."""

    def __init__(self, store: MemoryStore, inbox: Inbox, summaries: Summaries | None = None, **settings: Any) -> None:
        self.store = store
        self.inbox = inbox
        self.clock = Clock()
        self.voxta = Voxta()
        self.memory = Memory(
            MemorySection(**settings),
            store,
            inbox=inbox,
            context=context_of(store, self.voxta, self.clock),
            clean=note_filter(),
            summaries=summaries,
            wall=self.clock,
        )
        self.acts = {act.name: act for act in acts(self.memory)}

    async def happened(self, number: int, outcome: Outcome, text: str = "hello there", **over: Any) -> None:
        """Something came to its end, and the memory has heard of it."""
        one = message(number, text, **({"at": self.clock.now} | over))
        await self.inbox.append([one])
        settlement = Settlement(key=one.key, outcome=outcome, reason="", at=self.clock.now)
        await self.inbox.settle([settlement])
        self.memory.sightings.settled([settlement])

    async def known(self, viewer: str = "twitch:ann") -> Any:
        """What is known once that of Zoe is, who is heard last."""
        await self.happened(10_000 + id(object()) % 10_000, Outcome.FORWARDED, author="zoe", text=f"{id(object())}")
        async with asyncio.timeout(PATIENCE):
            while not await self.memory.get("twitch:zoe"):  # noqa: ASYNC110 - there is no event to wait for
                await asyncio.sleep(0.005)
        return await self.memory.get(viewer)


@pytest.fixture
async def room(tmp_path: Path) -> AsyncIterator[Room]:
    inbox = SqliteInbox(tmp_path / "inbox.db", max_count=1_000, timeout=10)
    await inbox.open()
    async with stored(tmp_path) as store:
        room = Room(store, inbox)
        async with alongside(room.memory.run()):
            yield room
    await inbox.close()


async def test_who_was_told_to_the_companion_is_remembered_with_what_they_did(room: Room) -> None:
    await room.happened(1, Outcome.FORWARDED, kind=Kind.CHEER, amount=100)
    await room.happened(2, Outcome.MERGED, kind=Kind.GIFT, amount=3, at=NOW + 1)

    ann = await room.known()

    assert (ann.name, ann.first_seen, ann.last_seen, ann.visits) == ("Ann", NOW, NOW + 1, 1)
    assert {each.kind: each.amount for each in ann.thanks} == {"cheer": 100, "gift": 3}


@pytest.mark.parametrize("outcome", [Outcome.REJECTED, Outcome.HELD, Outcome.DROPPED, Outcome.ANSWERED])
async def test_who_was_refused_or_used_a_command_is_not(room: Room, outcome: Outcome) -> None:
    await room.happened(1, outcome)

    assert await room.known() is None


async def test_what_was_passed_over_counts_as_a_visit_but_earned_no_thanks(room: Room) -> None:
    await room.happened(1, Outcome.EXPIRED, kind=Kind.CHEER, amount=100)

    assert (await room.known()).thanks == ()


@pytest.mark.parametrize("role", [Role.STREAMER, Role.BOT])
async def test_streamer_and_bots_are_not_remembered(room: Room, role: Role) -> None:
    over = {"author": Author(id="ann", name="Ann", roles=frozenset({role}))}
    one = message(1, "hello", at=NOW).model_copy(update=over)
    await room.inbox.append([one])
    settlement = Settlement(key=one.key, outcome=Outcome.FORWARDED, reason="", at=NOW)
    await room.inbox.settle([settlement])
    room.memory.sightings.settled([settlement])

    assert await room.known() is None


async def test_three_who_gift_without_their_names_are_no_regular_who_gifts_often(room: Room) -> None:
    for number in range(3):
        nobody = Author(id="anonymous", name="Anonymous", is_nobody=True)
        one = message(number, kind=Kind.GIFT, amount=5, at=NOW + number * DAY).model_copy(update={"author": nobody})
        await room.inbox.append([one])
        settlement = Settlement(key=one.key, outcome=Outcome.FORWARDED, reason="", at=NOW)
        await room.inbox.settle([settlement])
        room.memory.sightings.settled([settlement])

    assert await room.known("twitch:anonymous") is None


async def test_the_character_notes_something_about_who_spoke_lately(room: Room) -> None:
    await room.happened(1, Outcome.FORWARDED)
    await room.known()

    await room.acts["remember"]({"viewer": "@ann", "note": "likes chess\n{{ user }}"})
    await room.acts["remember"](["Ann", "has a cat", "twitch"])
    await room.acts["forget"](["Ann", "CHESS"])

    assert [note.text for note in (await room.known()).notes] == ["has a cat"]


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        (["Nobody", "likes chess"], "nobody called 'Nobody' spoke lately"),
        (["Ann", "see http://evil.example"], "the filters refuse"),
        (["Ann", ""], "note: "),
        (["Ann", "likes chess", "discord"], "nobody called 'Ann' spoke lately"),
    ],
)
async def test_notes_that_cannot_be_made_say_why(room: Room, given: list[str], problem: str) -> None:
    await room.happened(1, Outcome.FORWARDED)
    await room.known()

    with pytest.raises(ActRefused, match=problem):
        await room.acts["remember"](given)
    assert (await room.known()).notes == ()


async def test_of_two_with_one_name_the_platform_has_to_be_named(room: Room) -> None:
    await room.happened(1, Outcome.FORWARDED)
    await room.happened(2, Outcome.FORWARDED, platform="discord", author="ann")
    await room.known()

    with pytest.raises(UnknownViewer, match="several people"):
        room.memory.find("ann")
    assert room.memory.find("ann", "discord") == "discord:ann"
    assert room.memory.find("") == "twitch:zoe"
    room.clock.now += 3_600
    with pytest.raises(UnknownViewer):
        room.memory.find("")


async def test_forgetting_takes_everything_everywhere_and_what_is_on_its_way(room: Room) -> None:
    await room.happened(1, Outcome.FORWARDED)
    await room.happened(2, Outcome.FORWARDED, platform="discord", author="ann7")
    await room.known()
    await room.memory.link("twitch:ann", "discord:ann7")
    await room.memory.remember("discord:ann7", "likes chess")
    await room.memory.context.brief(forward("twitch:ann"))
    assert "likes chess" in str(room.voxta.knows)
    code = room.memory.codes.offer("discord:ann7", NOW, in_private=True)

    await room.memory.forget("twitch:ann")
    await room.happened(3, Outcome.FORWARDED, at=NOW)

    assert await room.known("twitch:ann") is None
    assert await room.known("discord:ann7") is None
    assert room.voxta.knows == []
    with pytest.raises(RelayError):
        room.memory.codes.use(code, "twitch:x", NOW)
    with pytest.raises(UnknownViewer):
        room.memory.find("Ann")

    await room.happened(4, Outcome.FORWARDED, at=NOW + 1)
    await eventually(lambda: "twitch:ann" in room.memory._recent)
    assert (await room.known()).notes == ()


async def test_a_store_that_fails_forgets_when_it_is_asked_again(room: Room) -> None:
    await room.happened(1, Outcome.FORWARDED)
    await room.known()
    change, fails = room.store.change, [MemoryUnavailable("away")]

    async def failing(*args: Any, **options: Any) -> None:
        if options.get("erase") and fails:
            raise fails.pop()
        await change(*args, **options)

    room.store.change = failing  # type: ignore[method-assign]
    with pytest.raises(MemoryUnavailable):
        await room.memory.forget("twitch:ann")
    await room.memory.forget("twitch:ann")

    assert await room.memory.get("twitch:ann") is None


async def test_who_was_away_for_too_long_is_forgotten(room: Room) -> None:
    await put(room.store, known("twitch:old", last_seen=NOW - 181 * DAY), known("twitch:new", last_seen=NOW))

    await room.memory.trim()

    assert await room.memory.get("twitch:old") is None
    assert await room.memory.get("twitch:new") is not None


async def test_linking_has_a_limit_and_unlinking_gives_each_its_own_back(room: Room) -> None:
    await put(room.store, *(known(f"p{number}:1", f"note {number}") for number in range(6)))
    for number in range(1, 5):
        await room.memory.link("p0:1", f"p{number}:1")
    with pytest.raises(RelayError, match="At most 5"):
        await room.memory.link("p5:1", "p3:1")

    assert await room.memory.unlink("p3:1")
    assert not await room.memory.unlink("p3:1")

    alone, rest = await room.memory.get("p3:1"), await room.memory.get("p0:1")
    assert alone is not None and [note.text for note in alone.notes] == ["note 3"]
    assert rest is not None and rest.accounts == {"p0:1", "p1:1", "p2:1", "p4:1"}


async def test_when_the_stream_ends_a_model_sums_up_what_was_said(tmp_path: Path) -> None:
    asked: list[tuple[str, list[str]]] = []

    async def summarise(name: str, lines: Any) -> str:
        asked.append((name, list(lines)))
        return "likes chess {{ char }}\n/event"

    inbox = SqliteInbox(tmp_path / "inbox.db", max_count=1_000, timeout=10)
    await inbox.open()
    summaries = Summaries(summarise, note_filter().allows)
    async with stored(tmp_path) as store:
        room = Room(store, inbox, summaries)
        async with alongside(room.memory.run()):
            for number in range(4):
                await room.happened(number, Outcome.FORWARDED, f"chess line {number} +49 170 1234567", at=NOW + number)
                await room.happened(10 + number, Outcome.FORWARDED, "hi", author="bob", at=NOW + number)
            await room.happened(20, Outcome.FORWARDED, "only once", author="cid")
            await room.known()
            await eventually(lambda: "twitch:cid" in summaries._talks)
            await room.memory.forget("twitch:bob")

            summaries.stream_changed(message(99, kind=Kind.OFFLINE))
            await eventually(lambda: not summaries._talks)

            assert asked == [("Ann", [f"chess line {number} ***" for number in range(4)])]
            ann = await room.memory.get("twitch:ann")
            assert ann is not None
            assert ann.summary is not None
            assert ann.summary.text == "likes chess (( char )) /event"
            assert await room.memory.get("twitch:bob") is None
    await inbox.close()


class TestWhatWasSaidBeforeARestart:
    @pytest.fixture
    async def inbox(self, tmp_path: Path) -> AsyncIterator[Inbox]:
        inbox = SqliteInbox(tmp_path / "inbox.db", max_count=1_000, timeout=10)
        await inbox.open()
        yield inbox
        await inbox.close()

    def room(self, store: MemoryStore, inbox: Inbox, asked: list[list[str]]) -> Room:
        """As after a start."""

        async def summarise(name: str, lines: Any) -> str:
            asked.append(list(lines))
            return f"likes {len(lines)} things"

        return Room(store, inbox, Summaries(summarise, note_filter().allows))

    async def talked(self, room: Room, *numbers: int, of: str) -> None:
        for number in numbers:
            await room.happened(number, Outcome.FORWARDED, f"{of} {number}", at=room.clock.now + number)
        await room.happened(numbers[0] + 1_000, Outcome.REJECTED, "in vain", at=room.clock.now + numbers[-1])

    async def summary_of_ann(self, room: Room) -> str:
        """Once nothing is left to be summed up of her."""
        summaries = room.memory.summaries
        assert summaries is not None
        await eventually(lambda: "twitch:ann" not in summaries._talks)
        ann = await room.known()
        return str(ann.summary.text)

    async def test_is_summed_up_with_the_rest_when_the_stream_ends(self, tmp_path: Path, inbox: Inbox) -> None:
        asked: list[list[str]] = []
        async with stored(tmp_path) as store:
            await self.talked(self.room(store, inbox, asked), 1, 2, of="chess")
            after = self.room(store, inbox, asked)
            after.clock.now += 60
            await store.close()
            await after.memory.open()
            async with alongside(after.memory.run()):
                await self.talked(after, 3, of="chess")
                await after.known()
                assert after.memory.summaries is not None
                after.memory.summaries.stream_changed(message(99, kind=Kind.OFFLINE))
                await eventually(lambda: bool(asked))

        assert asked == [["chess 1", "chess 2", "chess 3"]]

    async def test_is_summed_up_at_the_start_when_that_stream_is_long_over_and_only_once(
        self, tmp_path: Path, inbox: Inbox
    ) -> None:
        asked: list[list[str]] = []
        async with stored(tmp_path) as store:
            await put(store, known("twitch:ann", first_seen=NOW, last_seen=NOW))
            await self.talked(self.room(store, inbox, asked), 1, 2, 3, of="chess")
            for days in (1, 2):
                after = self.room(store, inbox, asked)
                after.clock.now += days * DAY
                await store.close()
                await after.memory.open()
                async with alongside(after.memory.run()):
                    assert await self.summary_of_ann(after) == "likes 3 things"

        assert asked == [["chess 1", "chess 2", "chess 3"]]


async def test_a_summary_of_who_was_forgotten_meanwhile_is_not_kept(room: Room) -> None:
    await put(room.store, known("twitch:ann", first_seen=NOW + 5, last_seen=NOW + 5))

    await room.memory.summarise("twitch:ann", "likes chess", NOW)
    await room.memory.summarise("twitch:bob", "likes chess", NOW)

    assert (await room.known()).summary is None
    assert await room.memory.get("twitch:bob") is None
