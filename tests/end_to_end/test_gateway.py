"""The relay as a Voxta Gateway: the same checks against our server and the published one, with a companion behind."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from voxta_gateway.client import GatewayClient

from relay.application.audio import LiveAudio
from relay.application.serving import serving
from relay.companion.serving.server import CompanionServer
from relay.config import CompanionSection
from relay.model import Kind
from relay.platforms.base import Platform
from tests.companion.play import loaded
from tests.companion.raw import Json, ScriptedBrain
from tests.doubles.ports import free_port
from tests.doubles.published_gateway import published_gateway
from tests.doubles.voxta import VoxtaDouble
from tests.end_to_end.stage import RecordingPlatform, message, relaying, settings
from tests.processes import RelayProcess
from tests.support import PATIENCE, eventually

SCENARIO = loaded(
    characters=[{"name": "Vox", "creator_notes": "A robot."}],
    actions=[
        {
            "name": "SetAvatar",
            "match": "smile",
            "arguments": [{"name": "expression", "type": "string"}, {"name": "intensity", "type": "float"}],
        }
    ],
)


class Side:
    """A gateway, its companion, and a client that listens to everything."""

    def __init__(self, url: str, companion: CompanionServer, brain: ScriptedBrain, http: aiohttp.ClientSession) -> None:
        self.url = url
        self.companion = companion
        self.brain = brain
        self.http = http
        self.socket: aiohttp.ClientWebSocketResponse
        self.frames: list[Json] = []

    async def listen(self, **subscription: Any) -> Json:
        """Subscribe, and read on in the background. The first frame."""
        await self.socket.send_json({"type": "subscribe", "client_id": "test"} | subscription)
        first: Json = await self.socket.receive_json(timeout=PATIENCE)
        return first

    async def read(self) -> None:
        async for frame in self.socket:
            self.frames.append(frame.json())

    async def event(self, kind: str, **data: Any) -> Json:
        """The first event of a kind with such data, once it is there. Its data."""
        wanted: list[Json] = []

        def is_there() -> bool:
            wanted[:] = [f for f in self.frames if f["type"] == kind and data.items() <= f.get("data", {}).items()]
            return bool(wanted)

        await eventually(is_there)
        assert set(wanted[0]) == {"type", "data", "timestamp"}
        found: Json = wanted[0]["data"]
        return found

    async def post(self, path: str, **body: Any) -> Any:
        async with self.http.post(f"{self.url}{path}", json=body) as response:
            assert response.status == 200, await response.text()
            return await response.json()

    async def get(self, path: str) -> Any:
        async with self.http.get(f"{self.url}{path}") as response:
            assert response.status == 200, await response.text()
            return await response.json()

    @property
    def said(self) -> list[tuple[str, str]]:
        """The chat, as the companion keeps it."""
        [conversation] = self.companion._hub.open.values()
        return [(m.role.value, m.text) for m in conversation.chat.messages]

    @property
    def character(self) -> str:
        return self.companion._hub.characters[0].id


@asynccontextmanager
async def ours(companion: CompanionServer, folder: Path) -> AsyncIterator[str]:
    config = settings(folder, web={"port": 0})
    audio = LiveAudio(config)
    async with (
        relaying(config, companion.url, quietly, audio=audio) as (relay, _),
        serving(config, relay, audio) as server,
    ):
        yield server.url


@asynccontextmanager
async def published(companion: CompanionServer, folder: Path) -> AsyncIterator[str]:
    async with published_gateway(companion.url) as url:
        yield url


def quietly(*_: object) -> list[Platform]:
    return [RecordingPlatform("twitch")]


@asynccontextmanager
async def entered(url: str, companion: CompanionServer, brain: ScriptedBrain) -> AsyncIterator[Side]:
    """A client of a gateway that has joined the companion's chat."""
    async with aiohttp.ClientSession() as http, http.ws_connect(f"{url}/ws") as socket:
        side = Side(url, companion, brain, http)
        side.socket = socket
        async with http.ws_connect(f"{url}/ws") as probe:
            await probe.send_json({"type": "subscribe", "client_id": "probe", "events": ["chat_started"]})
            snapshot = await probe.receive_json(timeout=PATIENCE)
            if not snapshot["state"]["chat_active"]:
                await probe.receive_json(timeout=PATIENCE)
        yield side


@asynccontextmanager
async def behind(make: Callable[[CompanionServer, Path], Any], folder: Path) -> AsyncIterator[tuple[str, Any, Any]]:
    """A gateway, the companion behind it, and its brain. Voxta goes first: the published one waits for it to end."""
    brain = ScriptedBrain("Hello there! ", "How are you, Dr. Who? ", "Smile...")
    companion = CompanionServer(CompanionSection(port=0, pace=0.0), brain=brain, scenario=SCENARIO, grace=0.1)
    await companion.start()
    try:
        async with make(companion, folder) as url:
            yield url, companion, brain
    finally:
        await companion.stop()


@asynccontextmanager
async def listening(side: Side, **subscription: Any) -> AsyncIterator[Json]:
    first = await side.listen(**subscription)
    reading = asyncio.create_task(side.read())
    try:
        yield first
    finally:
        reading.cancel()
        with suppress(asyncio.CancelledError):
            await reading


CHARACTER = {"name": "Vox", "creator_notes": "A robot.", "text_gen_service": None}

Check = Callable[[Side], Awaitable[None]]


async def health(side: Side) -> None:
    assert await side.get("/health") == {"status": "ok", "voxta_connected": True}


async def state(side: Side) -> None:
    shown = await side.get("/state")
    assert (shown["connected"], shown["chat_active"], shown["ai_state"]) == (True, True, "idle")
    assert shown["characters"] == [CHARACTER | {"id": side.character}]


async def snapshot(side: Side) -> None:
    async with listening(side, events=["chat_started"]) as first:
        assert first["type"] == "snapshot"
        assert {name: value for name, value in first["state"].items() if name != "relay"} == {
            "connected": True,
            "chat_active": True,
            "ai_state": "idle",
            "current_speaker_id": None,
            "external_speaker_active": False,
            "external_speaker_source": None,
            "characters": [CHARACTER | {"id": side.character}],
        }


async def ping(side: Side) -> None:
    async with listening(side):
        await side.socket.send_json({"type": "ping"})
        await eventually(lambda: {"type": "pong"} in side.frames)


async def first_message(side: Side) -> None:
    await side.socket.send_json({"type": "hello"})
    closed = await side.socket.receive(timeout=PATIENCE)
    assert (closed.type, closed.data) == (aiohttp.WSMsgType.CLOSE, 4000)


async def dialogue(side: Side) -> None:
    async with listening(side, events=["all"]):
        assert await side.post("/dialogue", text="Hello Vox", source="user") == {"status": "ok"}
        said = await side.event("dialogue_received", source="user")
        assert {key: said[key] for key in ("text", "author", "character_id")} == {
            "text": "Hello Vox",
            "author": None,
            "character_id": None,
        }
        assert ("User", "Hello Vox") in side.said


async def answers(side: Side) -> None:
    async with listening(side, events=["dialogue_received"]):
        await side.post("/dialogue", text="Hello Vox", source="user")
        answered = await side.event("dialogue_received", source="ai")
        assert answered["text"] == "Hello there! How are you, Dr. Who? Smile..."
        assert answered["character_id"] == side.character
        assert answered["message_id"]


async def dialogue_of_a_game(side: Side) -> None:
    async with listening(side, events=["all"]):
        await side.post("/dialogue", text="The gate opens", source="game", author="Guard")
        said = await side.event("dialogue_received", source="game")
        assert (said["text"], said["author"]) == ("The gate opens", "Guard")
        await eventually(lambda: any("The gate opens" in text for _, text in side.said))
        assert side.brain.views == [], "only what the user says is answered by itself"


async def context(side: Side) -> None:
    await side.post("/context", key="board", content="White moves.")
    await side.post("/dialogue", text="What now?")
    await eventually(lambda: bool(side.brain.views))
    assert side.brain.views[0].contexts == ("White moves.",)


async def context_with_a_description(side: Side) -> None:
    await side.post("/context", key="board", content="White moves.", description="A pawn was lost.")
    await eventually(lambda: any("A pawn was lost." in text for _, text in side.said))
    assert side.brain.views == []


async def ai_states(side: Side) -> None:
    async with listening(side, events=["ai_state_changed"]):
        await side.post("/dialogue", text="Hello")
        await side.event("ai_state_changed", new_state="thinking")
        assert {frame["type"] for frame in side.frames} == {"ai_state_changed"}
        assert side.frames[0]["data"] == {"old_state": "idle", "new_state": "thinking"}


async def sentences(side: Side) -> None:
    async with listening(side, events=["sentence_ready"]):
        await side.post("/dialogue", text="Hello")
        await side.event("sentence_ready", text="Smile...")
        [message_id] = {frame["data"]["message_id"] for frame in side.frames}
        assert side.frames[0]["data"] == {
            "text": "Hello there!",
            "character_id": side.character,
            "message_id": message_id,
        }


async def external_speaker(side: Side) -> None:
    async with listening(side, events=["all"]):
        await side.post("/external_speaker_start", source="game", reason="npc_dialogue")
        started = await side.event("external_speaker_started")
        active = await side.get("/state")
        await side.post("/external_speaker_stop", trigger_response=False)
        stopped = await side.event("external_speaker_stopped")
        assert started == {"source": "game", "reason": "npc_dialogue"}
        assert (active["external_speaker_active"], active["external_speaker_source"]) == (True, "game")
        assert stopped == {"source": "game"}


async def tts_playback(side: Side) -> None:
    async with listening(side, events=["all"]):
        await side.post("/dialogue", text="Hello")
        answer = await side.event("sentence_ready", text="Smile...")
        await side.event("ai_state_changed", new_state="idle")
        side.frames.clear()
        await side.post("/tts_playback_start", character_id=side.character, message_id=answer["message_id"])
        await side.event("ai_state_changed", new_state="speaking")
        assert (await side.get("/state"))["ai_state"] == "speaking"
        await side.post("/tts_playback_complete", character_id=side.character, message_id=answer["message_id"])
        await side.event("ai_state_changed", new_state="idle")


async def app_trigger(side: Side) -> None:
    async with listening(side, events=["app_trigger"]):
        await side.post("/dialogue", text="Give us a SetAvatar smile")
        triggered = await side.event("app_trigger")
        assert (triggered["name"], triggered["character_id"]) == ("SetAvatar", side.character)


async def chat_closed_and_started(side: Side) -> None:
    async with listening(side, events=["all"]):
        hub = side.companion._hub
        [conversation] = hub.open.values()
        hub.stop_chat(conversation)
        assert await side.event("chat_closed") == {}
        hub.start_chat()
        hub.tell_sessions()
        started = await side.event("chat_started")
        assert started == {"characters": [CHARACTER | {"id": side.character}]}
        assert await side.event("characters_updated") == started


async def disconnected(side: Side) -> None:
    async with listening(side, events=["all"]):
        await side.companion.stop()
        assert await side.event("voxta_disconnected") == {}


async def source_filters(side: Side) -> None:
    async with listening(side, events=["dialogue_received"], filters={"dialogue_received": ["game"]}):
        await side.post("/dialogue", text="One", source="user")
        await side.post("/dialogue", text="Two", source="game")
        await side.event("dialogue_received", text="Two")
        assert [frame["data"]["text"] for frame in side.frames] == ["Two"]


async def changed_subscription(side: Side) -> None:
    async with listening(side, events=["chat_started"]):
        await side.socket.send_json({"type": "subscribe", "events": ["dialogue_received"]})
        await side.socket.send_json({"type": "ping"})
        await eventually(lambda: {"type": "pong"} in side.frames)
        await side.post("/dialogue", text="One", source="game")
        await side.event("dialogue_received", text="One")


async def debug_endpoints(side: Side) -> None:
    async with listening(side, events=["dialogue_received"]):
        await side.post("/dialogue", text="One", source="game")
        await side.event("dialogue_received")
        clients = await side.get("/debug/clients")
        history = await side.get("/debug/clients/test/history")
        voxta = await side.get("/debug/voxta/history")
        await side.post("/debug/clients/test/clear")
        assert clients["test"]["connected"] is True
        assert clients["test"]["subscribed_events"] == ["dialogue_received"]
        assert history[-1]["type"] == "dialogue_received"
        assert {"direction", "type", "data", "timestamp"} == set(voxta[0])
        assert {entry["direction"] for entry in voxta} >= {"OUT"}
        assert await side.get("/debug/clients/test/history") == []


async def unknown_client(side: Side) -> None:
    async with side.http.get(f"{side.url}/debug/clients/nobody/history") as response:
        assert response.status == 404
        assert await response.json() == {"detail": "Client not found"}


CHECKS: dict[str, Check] = {
    "GET /health": health,
    "GET /state": state,
    "POST /dialogue": dialogue,
    "POST /dialogue of a game": dialogue_of_a_game,
    "POST /context": context,
    "POST /context with a description": context_with_a_description,
    "POST /external_speaker_start, external_speaker_stop, their events": external_speaker,
    "POST /tts_playback_start, tts_playback_complete": tts_playback,
    "GET /debug/clients, clients/{id}/history, clients/{id}/clear, voxta/history": debug_endpoints,
    "GET /debug/clients/{id}/history of nobody": unknown_client,
    "ws: snapshot": snapshot,
    "ws: ping": ping,
    "ws: anything but subscribe first": first_message,
    "ws: filters": source_filters,
    "ws: a changed subscription": changed_subscription,
    "chat_started, chat_closed, characters_updated": chat_closed_and_started,
    "ai_state_changed": ai_states,
    "dialogue_received": answers,
    "sentence_ready": sentences,
    "app_trigger": app_trigger,
    "voxta_disconnected": disconnected,
}
NOT_PUBLISHED = {"dialogue_received"}
"""The published one tells no answer as dialogue: it waits for a kind of message that Voxta does not send."""


@pytest.mark.parametrize("check", CHECKS)
async def test_ours_does_what_the_documents_of_the_gateway_say(tmp_path: Path, check: str) -> None:
    async with behind(ours, tmp_path) as (url, companion, brain), entered(url, companion, brain) as side:
        await CHECKS[check](side)


async def test_the_published_gateway_does_the_same(tmp_path: Path) -> None:
    async with behind(published, tmp_path) as (url, companion, brain):
        for check in (CHECKS[name] for name in CHECKS if name not in NOT_PUBLISHED):
            async with entered(url, companion, brain) as side:
                await check(side)
                await begin_anew(side)


async def begin_anew(side: Side) -> None:
    """Another chat; what the gateway is told before it knows that the last one is over would be for that one."""
    hub = side.companion._hub
    side.brain.views.clear()
    for conversation in list(hub.open.values()):
        hub.stop_chat(conversation)
        while (await side.get("/state"))["chat_active"]:  # noqa: ASYNC110 - it is asked over HTTP
            await asyncio.sleep(0.005)
        hub.start_chat()
        hub.tell_sessions()


# Ours alone


@asynccontextmanager
async def at_home(folder: Path) -> AsyncIterator[tuple[GatewayClient, Any, list[tuple[str, Json]]]]:
    """The published client at our server."""
    brain = ScriptedBrain("Hello there! ", "Bye.")
    async with CompanionServer(CompanionSection(port=0, pace=0.0), brain=brain, scenario=SCENARIO) as companion:
        config = settings(folder, web={"port": 0})
        audio = LiveAudio(config)
        async with (
            relaying(config, companion.url, quietly, audio=audio) as (relay, _),
            serving(config, relay, audio) as server,
        ):
            seen: list[tuple[str, Json]] = []
            client = GatewayClient(server.url, "test", events=["all"], reconnect_delay=0.1)
            for event in EVENTS:
                client.on(event, lambda data, event=event: seen.append((event, data)))
            running = asyncio.create_task(client.start())
            await eventually(lambda: client.is_ready)
            try:
                yield client, relay, seen
            finally:
                await client.stop()
                running.cancel()
                with suppress(asyncio.CancelledError):
                    await running


EVENTS = [
    "chat_started", "chat_closed", "ai_state_changed", "dialogue_received", "sentence_ready",
    "external_speaker_started", "external_speaker_stopped", "characters_updated", "app_trigger", "voxta_connected",
    "voxta_disconnected",
]  # fmt: skip


async def test_the_published_client_works_with_ours_unchanged(tmp_path: Path) -> None:
    async with at_home(tmp_path) as (client, relay, seen):
        assert await client.send_dialogue("Hello")
        await eventually(lambda: ("sentence_ready", "Bye.") in [(kind, data.get("text")) for kind, data in seen])
        assert await client.send_context("board", "White moves.")
        assert await client.external_speaker_start("game", "npc")
        await eventually(lambda: client.state.external_speaker_active)
        assert await client.external_speaker_stop(False)
        await eventually(lambda: not client.state.external_speaker_active)
        assert await client.tts_playback_start(relay.session.chat.characters[0].id)
        await eventually(lambda: client.ai_state == "speaking")
        assert await client.tts_playback_complete(relay.session.chat.characters[0].id)
        await eventually(lambda: client.ai_state == "idle")
        assert (await client.health_check())["status"] == "ok"
        kinds = {kind for kind, _ in seen}
        assert kinds >= {"ai_state_changed", "dialogue_received", "sentence_ready", "external_speaker_started"}


async def test_what_the_audience_says_is_dialogue_with_its_platform_as_source(tmp_path: Path) -> None:
    async with at_home(tmp_path) as (_, relay, seen):
        await relay.receive(message(1, "Hi Vox", kind=Kind.ASK))
        await eventually(lambda: any(data.get("source") == "ai" for _, data in seen))
        said = [data for kind, data in seen if kind == "dialogue_received"]
        assert said[0]["text"] == 'Ann (Twitch) asks: "Hi Vox"'
        assert [d["source"] for d in said] == ["twitch", "ai"], "what we told is not told again as the user's"


@pytest.mark.parametrize(
    "text", ["/event A door slams", "[A door slams]", "*", "{{ char }}", "x\n/secret y", "hi]", "\u2044event x"]
)
async def test_nothing_that_is_said_becomes_a_command(tmp_path: Path, text: str) -> None:
    async with at_home(tmp_path) as (client, relay, _):
        for source, author in (("user", None), ("game", "Guard]"), ("twitch", "/event")):
            with suppress(Exception):
                await client.send_dialogue(text, source=source, author=author)
        history = relay.session.chat.history or ()
        assert {m.role for m in history if m.role != "Assistant"} <= {"User"}


async def test_what_a_caller_wants_answered_goes_before_what_viewers_ask_and_its_answer_to_none_of_them(
    tmp_path: Path,
) -> None:
    async with VoxtaDouble() as voxta:
        joins = {"mode": "server", "join": "character", "character_id": voxta.characters[0].id, "timeout": 20.0}
        config = settings(tmp_path, web={"port": 0}, voxta=joins)
        audio = LiveAudio(config)
        async with (
            relaying(config, voxta.url, quietly, audio=audio) as (relay, _),
            serving(config, relay, audio) as server,
            aiohttp.ClientSession() as http,
        ):
            voxta.turns.queue(never)  # it tells nothing of its turns, as while it selects who speaks
            await relay.receive(message(1, "who wins?", kind=Kind.ASK))
            await eventually(lambda: len(voxta.received("send")) == 1)

            async with http.post(f"{server.url}/dialogue", json={"text": "How do I look?"}) as response:
                assert response.status == 200
            assert [said["text"] for said in voxta.received("send")][1:] == ["How do I look?"]
            assert not relay.floor.is_free(time.monotonic())

            await voxta.chat.tell("replyGenerating", messageId="r1", senderId=voxta.characters[0].id, role="Assistant")
            await eventually(lambda: bool(list(relay.dialogue.replies)))
            [reply] = relay.dialogue.replies
            assert reply.forward is not None and not reply.forward.origins


async def never() -> None:
    await asyncio.Event().wait()


async def test_a_client_that_does_not_read_is_cut_off_and_delays_nobody(tmp_path: Path) -> None:
    from relay.web.gateway.subscribers import QUEUE_LIMIT, Subscribers

    clients = Subscribers()
    slow, quick = clients.add("slow"), clients.add("quick")
    for client in (slow, quick):
        client.subscribe(["sentence_ready"], {})
    for number in range(QUEUE_LIMIT + 10):
        clients.tell("sentence_ready", {"text": str(number)})
        if not quick.queue.empty():
            quick.queue.get_nowait()
    assert slow.queue.get_nowait() is None, "nothing is left for it but the end"
    assert clients.described()["slow"]["connected"] is False
    assert clients.described()["quick"]["connected"] is True
    assert len(clients.history("quick") or ()) == 100


async def test_several_hundred_clients_hear_the_same(tmp_path: Path) -> None:
    brain = ScriptedBrain("Hello there!")
    async with CompanionServer(CompanionSection(port=0, pace=0.0), brain=brain) as companion:
        config = settings(tmp_path, web={"port": 0})
        audio = LiveAudio(config)
        async with (
            relaying(config, companion.url, quietly, audio=audio) as (relay, _),
            serving(config, relay, audio) as server,
            aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as http,
        ):
            sockets = await asyncio.gather(*(http.ws_connect(f"{server.url}/ws") for _ in range(300)))
            for number, socket in enumerate(sockets):
                await socket.send_json({"type": "subscribe", "client_id": f"c{number}", "events": ["sentence_ready"]})
            for socket in sockets:
                assert (await socket.receive_json(timeout=PATIENCE))["type"] == "snapshot"
            await relay.receive(message(1, "Hi", kind=Kind.ASK, author="ann"))
            heard = await asyncio.gather(*(socket.receive_json(timeout=PATIENCE) for socket in sockets))
            assert {frame["data"]["text"] for frame in heard} == {"Hello there!"}
            await asyncio.gather(*(socket.close() for socket in sockets))


async def test_without_a_chat_dialogue_is_refused_with_the_reason(tmp_path: Path) -> None:
    config = settings(tmp_path, web={"port": 0})
    audio = LiveAudio(config)
    async with (
        relaying(config, "http://127.0.0.1:9", quietly, join=False, audio=audio) as (relay, _),
        serving(config, relay, audio) as server,
        aiohttp.ClientSession() as http,
        http.post(f"{server.url}/dialogue", json={"text": "Hello"}) as response,
    ):
        assert response.status == 503
        assert "detail" in await response.json()


async def test_the_demo_as_a_process_is_a_gateway_to_the_published_client(tmp_path: Path) -> None:
    port = free_port()
    seen: set[str] = set()
    client = GatewayClient(f"http://127.0.0.1:{port}", "test", events=["all"], reconnect_delay=0.1)
    for event in EVENTS:
        client.on(event, lambda data, event=event: seen.add(event))
    with RelayProcess("demo", env={"RELAY_WEB__PORT": str(port)}, cwd=tmp_path):
        running = asyncio.create_task(client.start())
        try:
            wanted = {"ai_state_changed", "dialogue_received", "sentence_ready", "app_trigger"}
            await eventually(lambda: seen >= wanted)
            assert client.is_ready
            assert [character["name"] for character in client.characters] == ["Vox"]
        finally:
            await client.stop()
            running.cancel()
            with suppress(asyncio.CancelledError):
                await running
