"""Chats that outlive their session and the companion itself, flags that end, and time that stands still."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Final

import pytest

from relay.companion.serving.server import CompanionServer
from relay.companion.state.chat import Chat, Participant
from relay.companion.state.chat import MessageRole as ChatRole
from relay.companion.state.storage import Storage
from relay.config import CompanionSection
from relay.errors import ConfigError
from tests.companion.play import CAST, Hands, Play, loaded, playing
from tests.companion.raw import ScriptedBrain, connected
from tests.support import open_files

DAY: Final = 86_400.0
IMPORT = 'import { chat } from "@voxta";\n'


async def resume(play: Play) -> None:
    """Leave the chat and come back."""
    await play.client.in_chat("stopChat")
    await play.client.call("resumeChat", chatId=play.client.chat_id)
    play.client.session_id = (await play.client.expect("chatStarted"))["sessionId"]


async def test_a_flag_ends_after_so_many_messages_and_events_do_not_count() -> None:
    script = {"index.js": f"{IMPORT}chat.addEventListener('start', () => chat.setFlag('rest', {{ messages: 3 }}));"}
    async with playing(script) as play:
        for text in ("One", "/event A door", "/note n", "Two"):
            await play.say(text)
        before = play.flags
        await play.say("Three")
        assert (before, play.flags) == (["rest"], [])
        assert play.client.of_kind("contextUpdated")[-1]["flags"] == []


async def test_a_flag_ends_after_so_many_seconds_of_chat_time() -> None:
    clock = Hands()
    script = {"index.js": f"{IMPORT}chat.addEventListener('start', () => chat.setFlag('rest', {{ seconds: 120 }}));"}
    async with playing(script, clock=clock) as play:
        clock.now += 119
        await play.say("Hello")
        before = play.flags
        clock.now += 1
        play.conversation.wake()
        assert (before, play.flags) == (["rest"], [])


async def test_setting_a_flag_again_begins_its_time_anew() -> None:
    script = {"index.js": f"{IMPORT}chat.addEventListener('app:rest', () => chat.setFlag('rest', {{ messages: 2 }}));"}
    async with playing(script) as play:
        for text in ("One", "Two"):
            await play.app("rest")
            await play.say(text)
        assert play.flags == ["rest"]


async def test_flags_variables_and_time_survive_leaving_and_resuming() -> None:
    clock = Hands()
    script = {
        "index.js": f"""{IMPORT}
        chat.addEventListener('start', () => {{ chat.setFlag('rest', {{ seconds: 100 }}); chat.variables.score = 7; }});
        chat.addEventListener('app:time', () => chat.note(`${{chat.time}} ${{chat.get('score')}}`));"""
    }
    async with playing(script, clock=clock) as play:
        clock.now += 60
        await play.say("/setflags pose.sit")
        await play.client.in_chat("stopChat")
        clock.now += 5_000
        await play.client.call("resumeChat", chatId=play.client.chat_id)
        play.client.session_id = (await play.client.expect("chatStarted"))["sessionId"]
        clock.now += 30
        await play.app("time")
        assert play.said == [("Note", "90 7")], "chat time stands still while the chat is closed"
        assert play.flags == ["pose.sit", "rest"]
        clock.now += 10
        play.conversation.wake()
        assert play.flags == ["pose.sit"]


async def test_variables_of_a_script_begin_anew_and_those_of_the_chat_stay() -> None:
    script = {
        "index.js": f"""{IMPORT}
        let own = 0;
        chat.addEventListener('app:count', () => {{
          own++; chat.variables.kept = chat.get('kept', 0) + 1; chat.note(`${{own}} ${{chat.variables.kept}}`);
        }});"""
    }
    async with playing(script) as play:
        await play.app("count")
        await resume(play)
        await play.app("count")
        assert play.said == [("Note", "1 1"), ("Note", "1 2")]


async def test_a_chat_on_disk_is_resumed_by_another_companion(tmp_path: Path) -> None:
    database = tmp_path / "chats" / "chats.sqlite3"
    scenario: dict[str, Any] = {"characters": CAST, "events": [{"name": "hi", "once": True, "effect": {"note": "hi"}}]}
    async with playing(database=database, **scenario) as play:
        await play.ask("Catherine, remember the milk.")
        await play.say("/setflags pose.sit")
        await play.client.in_chat("updateContext", contextKey="k", contexts=[{"text": "It rains."}], variables={"v": 1})
        await play.client.in_chat("updateContext", contextKey="k", actions=[{"name": "wave"}])
        kept, chat_id = play.said, play.client.chat_id
        play.conversation.chat.edit(play.conversation.chat.messages[0].id, "Catherine, remember the bread.")
    async with playing(database=database, **scenario) as later:
        await later.client.call("loadChatsList")
        listed = (await later.client.expect("chatsListLoaded"))["chats"]
        await later.client.call("resumeChat", chatId=chat_id)
        resumed = await later.client.expect("chatStarted")
        later.client.session_id = resumed["sessionId"]
        await later.ask("And now?")
        assert chat_id in [c["id"] for c in listed]
        assert resumed["messages"][0]["text"] == "Catherine, remember the bread."
        assert later.said[1 : len(kept)] == kept[1:]
        assert (later.flags, later.variables) == (["pose.sit"], {"v": 1})
        assert ("Note", "hi") not in later.said[len(kept) :], "what happened once stays so"
        assert later.brain.views[-1].contexts == ("It rains.",)
        assert later.conversation.chat.messages[-1].index == len(kept) + 1
        assert (await later.client.say("/trigger wave")).get("error") is None


async def test_what_was_taken_back_stays_away(tmp_path: Path) -> None:
    database = tmp_path / "chats.sqlite3"
    async with playing(database=database) as play:
        await play.ask("One")
        await play.ask("Two")
        await play.client.in_chat("revert")
        chat_id = play.client.chat_id
    async with playing(database=database) as later:
        await later.client.call("resumeChat", chatId=chat_id)
        resumed = await later.client.expect("chatStarted")
        assert [m["text"] for m in resumed["messages"]] == ["One", "Sure. Why not?"]


async def test_a_chat_survives_a_companion_that_is_killed(tmp_path: Path) -> None:
    database = tmp_path / "chats.sqlite3"
    settings = CompanionSection(port=0, pace=0.0, database=database)
    server = CompanionServer(settings, brain=ScriptedBrain(), scenario=loaded())
    async with server, connected(server.url) as client:
        await client.enter()
        await client.say("Remember me.")
        await client.expect("speechPlaybackComplete")
        copy = Storage(database)
        chat = copy.load(client.chat_id, lambda: 0.0)
        copy.close()
    assert chat is not None
    assert [m.text for m in chat.messages] == ["Remember me.", "Sure. Why not?"]


async def test_a_chat_that_was_not_open_for_long_is_forgotten_when_another_is_opened(tmp_path: Path) -> None:
    database, clock = tmp_path / "chats.sqlite3", Hands()
    async with playing(database=database, clock=clock) as play:
        await play.ask("Forget me not.")
        old = play.client.chat_id
    clock.now += 29 * DAY
    async with playing(database=database, clock=clock, chat_days=30.0) as later:
        middle = later.client.chat_id
        clock.now += 2 * DAY
        await later.client.call("startChat", characterId=later.conversation.chat.character.id)
        await later.client.expect("chatStarted")
        await later.client.call("loadChatsList")
        listed = [chat["id"] for chat in (await later.client.expect("chatsListLoaded"))["chats"]]
        assert old not in listed
        assert middle in listed, "one that is open is kept, however long nobody talks there"
    with closing(sqlite3.connect(database)) as kept:
        assert kept.execute("SELECT count(*) FROM messages WHERE chat = ?", (old,)).fetchone() == (0,)


@contextmanager
def held(database: Path) -> Iterator[None]:
    """Another process writes to the file all the while."""
    with closing(sqlite3.connect(database, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield


async def test_what_could_not_be_written_is_written_with_the_next_change(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("relay.companion.state.storage.TIMEOUT", 0.01)
    database = tmp_path / "chats.sqlite3"
    async with playing(database=database) as play:
        with held(database):
            await play.ask("One.")
            await play.settled()
        await play.ask("Two.")
        await play.settled()
        with closing(Storage(database)) as copy:
            kept = copy.load(play.client.chat_id, lambda: 0.0)

    assert kept is not None
    assert [m.text for m in kept.messages] == ["One.", "Sure. Why not?", "Two.", "Sure. Why not?"]


async def test_a_companion_whose_file_cannot_be_written_ends_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("relay.companion.state.storage.TIMEOUT", 0.01)
    database = tmp_path / "chats.sqlite3"
    server = CompanionServer(CompanionSection(port=0, database=database), brain=ScriptedBrain())
    await server.start()
    server._hub.start_chat()

    with held(database):
        await server.stop()

    assert "companion.database" in caplog.text
    assert not server._hub.open


def test_the_newest_messages_of_a_chat_are_kept_in_memory_and_on_disk(tmp_path: Path) -> None:
    storage = Storage(tmp_path / "chats.sqlite3")
    user = Participant("user", "Streamer")
    chat = Chat(user, [Participant("vox", "Vox")], lambda: 0.0, kept=3)
    for number in range(10):
        chat.add(ChatRole.USER, f"message {number}")
        storage.save(chat, "scenario")

    loaded = storage.load(chat.id, lambda: 0.0, kept=2)
    assert loaded is not None
    assert [m.text for m in chat.messages] == [m.text for m in loaded.messages] == [f"message {n}" for n in (7, 8, 9)]
    assert loaded.add(ChatRole.USER, "message 10").index == 10
    assert [m.text for m in loaded.messages] == ["message 9", "message 10"]
    storage.save(loaded, "scenario")
    again = storage.load(chat.id, lambda: 0.0)
    assert again is not None
    assert [m.index for m in again.messages] == [9, 10]
    storage.close()


def test_a_file_that_is_no_database_is_named(tmp_path: Path) -> None:
    path = tmp_path / "chats.sqlite3"
    path.write_text("this is not a database, and long enough not to be taken for an empty one")
    with pytest.raises(ConfigError, match=r"companion\.database: .*chats\.sqlite3 cannot be used"):
        Storage(path)

    assert str(path) not in open_files()
