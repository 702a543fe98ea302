"""The published voxta-client, unchanged, talks with the companion."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from voxta_client import VoxtaClient

from relay.companion.serving.server import CompanionServer
from tests.companion.conftest import SETTINGS
from tests.companion.play import loaded
from tests.support import PATIENCE


class Heard:
    """Collects the events of a VoxtaClient."""

    def __init__(self, client: VoxtaClient) -> None:
        self.client = client
        self._events: dict[str, asyncio.Queue[Any]] = {}

    def listen(self, *names: str) -> None:
        for name in names:
            self._events[name] = asyncio.Queue()
            self.client.on(name, self._events[name].put_nowait)

    async def next(self, name: str) -> Any:
        return await asyncio.wait_for(self._events[name].get(), PATIENCE)

    async def answer(self) -> Any:
        """The next message of a character."""
        while (message := await self.next("update"))["role"] != "Assistant":
            pass
        return message


@asynccontextmanager
async def hearing(url: str) -> AsyncIterator[Heard]:
    """The published client, connected while the context lasts."""
    client = VoxtaClient(url)
    heard = Heard(client)
    heard.listen(
        "welcome", "ready", "chatStarted", "chatClosed", "update", "replyGenerating", "replyStart", "replyChunk",
        "replyEnd", "chatSessionError", "contextUpdated", "interruptSpeech", "deleted", "charactersListLoaded",
        "speechPlaybackStart", "close", "action", "appTrigger", "suggestions",
        "speechRecognitionEnd",
    )  # fmt: skip
    token, cookies = await asyncio.to_thread(client.negotiate)
    await client.connect(token, cookies)
    yield heard
    await client.close()
    await heard.next("close")


@pytest.fixture
async def heard() -> AsyncIterator[Heard]:
    async with CompanionServer(SETTINGS) as companion, hearing(companion.url) as heard:
        yield heard


async def test_it_plays_a_whole_scenario(tmp_path: Path) -> None:
    scenario = loaded(
        {
            "index.js": """import { chat } from "@voxta";
            chat.addEventListener('start', () => chat.setFlag('mood.calm'));
            chat.addEventListener('action:cheer', (e) => chat.appTrigger('confetti', e.arguments.amount, true));"""
        },
        characters=[{"name": "Vox"}, {"role": "friend", "name": "Catherine"}],
        bootstrap=[{"text": "Welcome, {{ user }}!"}],
        events=[
            {"name": "word", "match": "sesame", "once": True, "effect": {"set_flags": ["door.open"], "note": "Click."}}
        ],
        actions=[{"name": "cheer", "match": "hooray", "arguments": [{"name": "amount", "type": "integer"}]}],
    )
    settings = SETTINGS.model_copy(update={"database": tmp_path / "chats.sqlite3"})
    async with CompanionServer(settings, scenario=scenario) as companion, hearing(companion.url) as heard:
        started = await heard.next("chatStarted")
        assert [m["text"] for m in started["messages"]] == ["Welcome, Streamer!"]
        assert [flag["name"] for flag in started["context"]["flags"]] == ["mood.calm"]
        assert [c["scenarioRole"] for c in started["characters"]] == ["main", "friend"]

        for command, role in MESSAGES.items():
            await heard.client.send_message(command, do_reply=False)
            assert (await heard.next("update"))["role"] == role

        await heard.client.send_message("Open sesame!", do_reply=False)
        assert [(await heard.next("update"))["text"] for _ in range(2)] == ["Open sesame!", "Click."]
        assert [flag["name"] for flag in (await heard.next("contextUpdated"))["flags"]] == ["door.open", "mood.calm"]

        await heard.client.send_message("hooray, 3 times hooray!")
        action = await heard.next("action")
        assert (action["value"], action["arguments"]) == ("cheer", [{"name": "amount", "value": 3}])
        trigger = await heard.next("appTrigger")
        assert (trigger["name"], trigger["arguments"]) == ("confetti", [3, True])
        await heard.next("replyEnd")

        await heard.client.request_suggestions()
        assert (await heard.next("suggestions"))["suggestions"]
        await heard.client.trigger_action("cheer", {"amount": 5})
        assert (await heard.next("appTrigger"))["arguments"] == [5, True]
    async with CompanionServer(settings, scenario=scenario) as later, hearing(later.url) as heard:
        await heard.next("chatStarted")
        await heard.client.resume_chat(started["chatId"])
        resumed = await heard.next("chatStarted")
        assert [flag["name"] for flag in resumed["context"]["flags"]] == ["door.open", "mood.calm"]
        texts = [m["text"] for m in resumed["messages"]]
        assert texts[0] == "Welcome, Streamer!" and "Click." in texts


MESSAGES = {
    "Hello.": "User",
    "/char I am {{ char }}.": "Assistant",
    "/message --character Catherine -- It is me.": "Assistant",
    "/event A door slams.": "Event",
    "/story A storm comes up.": "Event",
    "/note It is late.": "Note",
    "/instructions Say hi.": "Instructions",
    "/noreply Just so you know.": "User",
}


async def test_it_finds_the_open_chat_by_itself(heard: Heard) -> None:
    started = await heard.next("chatStarted")

    assert (await heard.next("welcome"))["assistant"]["name"] == "Vox"
    assert started["characters"] == started["context"]["characters"]
    assert heard.client.session_id == started["sessionId"]


async def test_it_starts_a_chat_sends_and_receives_a_streamed_reply(heard: Heard) -> None:
    first = await heard.next("chatStarted")
    await heard.client.start_chat(first["characters"][0]["id"])
    second = await heard.next("chatStarted")

    await heard.client.send_message('Anna (Twitch): "Hello Vox!"')

    assert second["chatId"] != first["chatId"]
    assert (await heard.next("update"))["role"] == "User"
    await heard.next("replyStart")
    chunk = await heard.next("replyChunk")
    message = await heard.answer()
    assert message["sessionId"] == second["sessionId"]
    assert message["text"].startswith(chunk["text"])
    assert "Anna" in message["text"]


async def test_it_sends_events_and_flags_and_takes_messages_back(heard: Heard) -> None:
    session = (await heard.next("chatStarted"))["sessionId"]

    await heard.client.update_context(session, "game", contexts=[{"text": "It rains."}], set_flags=["wet", "mood.sad"])
    flags = [flag["name"] for flag in (await heard.next("contextUpdated"))["flags"]]
    await heard.client.send_message("/event Cleo is raiding the stream with 42 viewers!")
    event = await heard.next("update")
    answer = await heard.answer()
    await heard.client.revert()

    assert flags == ["mood.sad", "wet"]
    assert (event["role"], event["text"]) == ("Event", "Cleo is raiding the stream with 42 viewers!")
    assert "42" in answer["text"]
    assert {(await heard.next("deleted"))["messageId"] for _ in range(2)} == {event["messageId"], answer["messageId"]}


async def test_it_reports_speech_and_interrupts_it(heard: Heard) -> None:
    await heard.next("chatStarted")
    await heard.client.send_message("Hello.")
    message = await heard.answer()

    await heard.client.speech_playback_start()
    assert (await heard.next("speechPlaybackStart"))["messageId"] == message["messageId"]
    await heard.client.interrupt()

    await heard.next("interruptSpeech")
    assert heard.client.is_speaking is False


async def test_errors_reach_it_and_it_goes_on(heard: Heard) -> None:
    await heard.next("chatStarted")

    await heard.client.send_message("/dance")
    error = await heard.next("chatSessionError")
    await heard.client.load_characters_list()

    assert "unknown command /dance" in error["message"]
    assert [c["name"] for c in (await heard.next("charactersListLoaded"))["characters"]] == ["Vox"]


async def test_it_closes_a_chat_and_resumes_it(heard: Heard) -> None:
    chat = (await heard.next("chatStarted"))["chatId"]
    await heard.client.send_message("Hello.")
    await heard.answer()

    await heard.client.stop_chat(chat)
    assert (await heard.next("chatClosed"))["chatId"] == chat
    await heard.client.resume_chat(chat)

    assert len((await heard.next("chatStarted"))["messages"]) == 2
