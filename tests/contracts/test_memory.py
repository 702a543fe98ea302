"""What every store of what is remembered of people promises, whichever engine it is."""

import asyncio
import random
import sqlite3
import uuid
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import closing, suppress
from functools import partial
from pathlib import Path

import pytest
from redis.asyncio import Redis

from relay.errors import ConfigError, MemoryUnavailable
from relay.memory.base import MemoryStore
from relay.memory.records import Acquaintance, linked
from relay.memory.redis import RedisMemory
from relay.memory.sqlite import SqliteMemory
from tests.contracts import memory_victim
from tests.contracts.remembering import TIMEOUT, MemoryEngine, known, put
from tests.doubles.redis_server import RedisServer, connection_to, redis_server
from tests.processes import lines_of_a_victim
from tests.support import eventually


@pytest.fixture(scope="module")
def own_server() -> Iterator[RedisServer]:
    """One whose files nobody else writes."""
    with redis_server() as running:
        yield running


@pytest.fixture(params=["sqlite", "redis"])
def memory_engine(request: pytest.FixtureRequest, tmp_path: Path) -> MemoryEngine:
    if request.param == "sqlite":
        return MemoryEngine("sqlite", str(tmp_path / "data" / "relay.memory.db"), str(tmp_path / "data"))
    server: RedisServer = request.getfixturevalue("own_server")
    return MemoryEngine("redis", server.url, str(server.socket.parent), f"test:{uuid.uuid4().hex}")


@pytest.fixture
async def store(memory_engine: MemoryEngine) -> AsyncIterator[MemoryStore]:
    async with memory_engine.opened() as opened:
        yield opened


async def everyone(store: MemoryStore) -> list[str]:
    return [person.viewer async for person in store.everyone()]


async def test_who_was_never_seen_is_unknown(store: MemoryStore) -> None:
    assert await store.get(["twitch:1", "discord:2"]) == {}


async def test_what_was_put_is_there_as_it_was(store: MemoryStore) -> None:
    ann = known("twitch:1", "likes chess", "\U0001f469\u200d\U0001f680 \u4f60\u597d", linked=("discord:2",))

    await put(store, ann)

    assert await store.get(["twitch:1", "twitch:2"]) == {"twitch:1": ann}


async def test_it_outlives_a_restart(memory_engine: MemoryEngine) -> None:
    async with memory_engine.opened() as before:
        await put(before, known("twitch:1", "likes chess"))

    async with memory_engine.opened() as after:
        assert await after.get(["twitch:1"]) == {"twitch:1": known("twitch:1", "likes chess")}


async def test_a_change_sees_what_is_known_and_leaves_the_rest_alone(store: MemoryStore) -> None:
    await put(store, known("twitch:1"), known("twitch:2", "stays"), known("twitch:3", "goes"))

    def change(found: Mapping[str, Acquaintance]) -> Mapping[str, Acquaintance | None]:
        assert set(found) == {"twitch:1", "twitch:2", "twitch:3"}
        return {"twitch:1": known("twitch:1", "new"), "twitch:3": None}

    await store.change(["twitch:1", "twitch:2", "twitch:3", "twitch:4"], change)

    assert await store.get([f"twitch:{number}" for number in range(5)]) == {
        "twitch:1": known("twitch:1", "new"),
        "twitch:2": known("twitch:2", "stays"),
    }


async def test_a_change_that_fails_changes_nothing(store: MemoryStore) -> None:
    await put(store, known("twitch:1", "before"))

    def fail(_: Mapping[str, Acquaintance]) -> Mapping[str, Acquaintance | None]:
        raise LookupError

    with pytest.raises(LookupError):
        await store.change(["twitch:1"], fail)

    assert await store.get(["twitch:1"]) == {"twitch:1": known("twitch:1", "before")}


async def test_no_change_is_lost_between_two_who_change_at_once(memory_engine: MemoryEngine) -> None:
    async with memory_engine.opened() as one, memory_engine.opened() as other:
        await put(one, known("twitch:1", visits=1))

        def count(found: Mapping[str, Acquaintance]) -> Mapping[str, Acquaintance | None]:
            before = found["twitch:1"]
            return {"twitch:1": before.model_copy(update={"visits": before.visits + 1})}

        await asyncio.gather(*(each.change(["twitch:1"], count) for each in [one, other] * 10))

        assert (await other.get(["twitch:1"]))["twitch:1"].visits == 21


async def test_everyone_is_told_once_those_seen_longest_ago_first(store: MemoryStore) -> None:
    people = [known(f"twitch:{number}", last_seen=float(number % 7)) for number in range(1_100)]
    random.Random(1).shuffle(people)
    await put(store, *people)

    told = [person async for person in store.everyone()]

    assert len({person.viewer for person in told}) == len(told) == 1_100
    assert [person.last_seen for person in told] == sorted(person.last_seen for person in people)


async def test_who_was_not_seen_for_long_is_forgotten_and_nobody_else(store: MemoryStore) -> None:
    await put(store, *(known(f"twitch:{number}", last_seen=float(number)) for number in range(10)))

    assert await store.trim(4.0, 100) == 4

    assert await everyone(store) == [f"twitch:{number}" for number in range(4, 10)]
    assert await store.trim(4.0, 100) == 0


async def test_of_too_many_those_seen_last_are_kept(store: MemoryStore) -> None:
    await put(store, *(known(f"twitch:{number:03}", last_seen=float(number)) for number in range(250)))

    assert await store.trim(0.0, 3) == 247

    assert await everyone(store) == ["twitch:247", "twitch:248", "twitch:249"]


@pytest.mark.parametrize(("older_than", "most"), [(2.0, 100), (0.0, 3)], ids=["too old", "too many"])
async def test_who_is_forgotten_is_linked_with_nobody(store: MemoryStore, older_than: float, most: int) -> None:
    person = linked([known(f"p{number}:1", "a note", last_seen=1.0 + number) for number in range(3)])
    await put(store, *person.values(), known("p3:1", "of another", last_seen=9.0))

    assert await store.trim(older_than, most) == 1

    left = await store.get([f"p{number}:1" for number in range(4)])
    assert {viewer: each.linked for viewer, each in left.items()} == {"p1:1": ("p2:1",), "p2:1": ("p1:1",), "p3:1": ()}
    assert left["p1:1"] == person["p1:1"].model_copy(update={"linked": ("p2:1",)}), "all else is as it was"
    assert await everyone(store) == ["p1:1", "p2:1", "p3:1"]


@pytest.mark.parametrize("way", ["forgotten", "changed", "trimmed"])
async def test_of_what_was_erased_no_byte_is_left(memory_engine: MemoryEngine, way: str) -> None:
    secret = "SECRETSECRET"
    async with memory_engine.opened() as store:
        dice = random.Random(36)  # with these SQLite leaves a copy in a page, even where it overwrites what it deletes
        for number in range(100):
            viewer, is_gone = f"twitch:{dice.randint(0, 49):02}", dice.random() < 0.2
            note = "" if is_gone else "x" * dice.randint(1, 300)
            after = None if is_gone else known(viewer, note, last_seen=1_000.0 + number)
            await store.change([viewer], partial(lambda after, _: after, {viewer: after}))
            if number % 20 == 0:
                await put(store, known("twitch:50", secret + "y" * dice.randint(1, 300), last_seen=1.0))
        await eventually(lambda: memory_engine.holds(secret))

        match way:
            case "forgotten":
                await store.change(["twitch:50"], lambda _: {"twitch:50": None}, erase=True)
            case "changed":
                await store.change(["twitch:50"], lambda _: {"twitch:50": known("twitch:50")}, erase=True)
            case "trimmed":
                await store.trim(2.0, 1_000)

        await eventually(lambda: not memory_engine.holds(secret))
    assert not memory_engine.holds(secret)


async def test_what_was_kept_outlives_a_process_that_is_killed(memory_engine: MemoryEngine, tmp_path: Path) -> None:
    kept = await lines_of_a_victim(memory_victim.live, memory_engine, tmp_path, 30)

    async with memory_engine.opened() as store:
        notes = {note.text for note in (await store.get(["twitch:1"]))["twitch:1"].notes}
    assert {f"note {number}" for number in kept} <= notes
    assert len(kept) >= 30


async def test_a_server_that_is_gone_is_named(tmp_path: Path) -> None:
    with redis_server() as server:
        store = RedisMemory(connection_to(server.url, 0.1), namespace="test")
        with suppress(MemoryUnavailable):  # a machine that is busy may take longer
            await store.open()

    with pytest.raises(MemoryUnavailable, match="the memory in unix://"):
        await store.get(["twitch:1"])
    await store.close()


async def test_the_file_is_its_owners_alone_and_in_order_to_be_used(tmp_path: Path) -> None:
    path = tmp_path / "data" / "relay.memory.db"
    store = SqliteMemory(path, timeout=TIMEOUT)
    await store.open()
    await put(store, known())
    await store.close()

    assert path.stat().st_mode & 0o077 == 0
    assert [file.name for file in path.parent.iterdir()] == [path.name]
    with pytest.raises(MemoryUnavailable, match="is not open"):
        await store.get(["twitch:1"])


async def test_a_file_of_another_program_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "other.db"
    with closing(sqlite3.connect(path)) as other:
        other.execute("CREATE TABLE messages (id)")

    with pytest.raises(ConfigError, match=r"memory\.path: .* is of another program"):
        await SqliteMemory(path, timeout=TIMEOUT).open()


async def test_what_is_no_database_is_named(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("no database " * 99)

    with pytest.raises(ConfigError, match=r"memory\.path: .*notes\.txt cannot be used: file is not a database"):
        await SqliteMemory(tmp_path / "notes.txt", timeout=TIMEOUT).open()


async def test_what_a_newer_release_keeps_in_redis_is_left_alone(own_server: RedisServer) -> None:
    namespace = f"test:{uuid.uuid4().hex}"
    async with Redis.from_url(own_server.url) as admin:
        await admin.set(f"{{{namespace}}}:memory-version", 99)
        memory = RedisMemory(connection_to(own_server.url), namespace=namespace)
        with pytest.raises(ConfigError, match=r"written by a newer relay \(layout 99, this one knows 1\)"):
            await memory.open()
        await memory.close()

        assert await admin.get(f"{{{namespace}}}:memory-version") == b"99"


async def test_redis_notes_how_the_memory_is_laid_out(own_server: RedisServer) -> None:
    namespace = f"test:{uuid.uuid4().hex}"
    memory = RedisMemory(connection_to(own_server.url), namespace=namespace)
    await memory.open()
    await memory.close()

    async with Redis.from_url(own_server.url) as admin:
        assert await admin.get(f"{{{namespace}}}:memory-version") == b"1"
