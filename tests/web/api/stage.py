"""A server with the whole desk of a relay, whose inbox is open and whose Voxta and platforms are not there."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp

from relay.application.audio import LiveAudio
from relay.application.composition import Relay
from relay.application.desk.opening import desk_of
from relay.application.restarts import LiveRun
from relay.application.settings.file import SettingsFile
from relay.application.statistics import Statistics
from relay.model import Caller, Role
from relay.web.access import AccessLinks
from relay.web.desk.desk import Desk
from relay.web.server import WebServer
from tests.end_to_end.stage import settings
from tests.web.stage import staged

TOKEN = "a-token-nobody-guesses"
STREAMER = Caller(source="web", name="streamer", roles=frozenset({Role.STREAMER}))


@dataclass
class DeskStage:
    """What a test asks and looks at."""

    server: WebServer
    relay: Relay
    desk: Desk
    links: AccessLinks
    http: aiohttp.ClientSession

    async def call(self, method: str, path: str, **given: Any) -> tuple[int, Any]:
        """Status and JSON of an answer."""
        async with self.http.request(method, f"{self.server.url}{path}", **given) as response:
            return response.status, await response.json()

    async def post(self, path: str, fields: object = None, **given: Any) -> tuple[int, Any]:
        return await self.call("POST", path, json={} if fields is None else fields, **given)

    async def text(self, path: str, **headers: str) -> tuple[int, str]:
        async with self.http.get(f"{self.server.url}{path}", headers=headers) as response:
            return response.status, await response.text()

    async def key(self, name: str, do: str, /, **fields: Any) -> str:
        """The path of a new press-once address."""
        made = await self.desk.actions.do("key", {"name": name, "do": do, "fields": fields}, STREAMER)
        assert isinstance(made, dict)
        return str(made["path"])

    async def link(self, name: str) -> str:
        """The token of a new moderator."""
        _, secret = await self.links.create(name)
        return secret


@asynccontextmanager
async def whole_desk(
    folder: Path, *, token: str | None = None, public_url: str = ""
) -> AsyncIterator[tuple[Relay, Desk, AccessLinks]]:
    """The desk of a relay that takes no part in anything yet."""
    config = settings(folder, web={"token": token, "public_url": public_url})
    audio = LiveAudio(config)
    relay = Relay(config, lambda *_: [], voxta_url="http://127.0.0.1:9", statistics=Statistics(), audio=audio)
    await relay.inbox.open()
    links = AccessLinks(folder / "relay.links.json")
    try:
        run = LiveRun(config, SettingsFile(folder / "relay.toml"))
        async with desk_of(config, relay, audio, links, run) as desk:
            yield relay, desk, links
    finally:
        await relay.inbox.close()


@asynccontextmanager
async def desk_stage(folder: Path, *, token: str | None = None) -> AsyncIterator[DeskStage]:
    """A server with it."""
    async with (
        whole_desk(folder, token=token) as (relay, desk, links),
        staged(desk=desk, links=links, token=token) as stage,
        aiohttp.ClientSession() as http,
    ):
        yield DeskStage(stage.server, relay, desk, links, http)
