"""The published voxta-gateway, as its own process, between the companion and an overlay."""

import asyncio
from collections.abc import AsyncIterator

import aiohttp
import pytest

from relay.companion.serving.server import CompanionServer
from tests.companion.conftest import SETTINGS
from tests.companion.raw import Json
from tests.doubles.published_gateway import published_gateway
from tests.support import PATIENCE


class Overlay:
    """A client of the gateway."""

    def __init__(self, http: aiohttp.ClientSession, url: str) -> None:
        self.http = http
        self.url = url
        self.events: asyncio.Queue[Json] = asyncio.Queue()

    async def post(self, path: str, **body: object) -> None:
        async with self.http.post(f"{self.url}{path}", json=body) as response:
            assert await response.json() == {"status": "ok"}

    async def state(self) -> Json:
        async with self.http.get(f"{self.url}/state") as response:
            state: Json = await response.json()
            return state

    async def read(self, ws: aiohttp.ClientWebSocketResponse) -> None:
        async for message in ws:
            self.events.put_nowait(message.json())

    async def next(self, kind: str) -> Json:
        async with asyncio.timeout(PATIENCE):
            while (event := await self.events.get())["type"] != kind:
                pass
            data: Json = event["data"]
            return data


@pytest.fixture
async def overlay() -> AsyncIterator[Overlay]:
    held = CompanionServer(SETTINGS, grace=0.1)
    try:
        async with (
            published_gateway(await started(held)) as url,
            aiohttp.ClientSession() as http,
            http.ws_connect(f"{url}/ws") as ws,
            asyncio.TaskGroup() as tasks,
        ):
            client = Overlay(http, url)
            await ws.send_json({"type": "subscribe", "client_id": "overlay", "events": ["all"]})
            reading = tasks.create_task(client.read(ws))
            if not (await client.state())["chat_active"]:
                await client.next("chat_started")
            yield client
            reading.cancel()
    finally:
        await held.stop()


async def started(server: CompanionServer) -> str:
    await server.start()
    return server.url


async def test_the_gateway_relays_a_conversation(overlay: Overlay) -> None:
    state = await overlay.state()
    assert (state["connected"], [c["name"] for c in state["characters"]]) == (True, ["Vox"])
    vox = state["characters"][0]["id"]

    await overlay.post("/dialogue", text="Hello Vox!", source="user")

    assert (await overlay.next("dialogue_received"))["source"] == "user"
    assert (await overlay.next("ai_state_changed"))["new_state"] == "thinking"
    assert (await overlay.next("sentence_ready"))["character_id"] == vox
    assert (await overlay.next("ai_state_changed"))["new_state"] == "idle"

    await overlay.post("/context", key="board", content="The king is in check.", description="Check!")
    await overlay.post("/external_speaker_start", source="game")
    assert (await overlay.next("ai_state_changed"))["new_state"] == "speaking"
    await overlay.post("/external_speaker_stop", trigger_response=True)
    assert (await overlay.next("ai_state_changed"))["new_state"] == "idle"
    assert (await overlay.next("sentence_ready"))["character_id"] == vox
