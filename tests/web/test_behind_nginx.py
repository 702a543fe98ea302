"""nginx with our file for it, before the pages and before what Twitch sends by HTTP."""

import json
import ssl
from pathlib import Path

import aiohttp
import pytest
from playwright.async_api import expect

from relay.platforms.twitch.conduits.webhook_endpoint import WebhookEndpoint
from relay.platforms.twitch.conduits.webhook_messages import WebhookMessage
from relay.platforms.twitch.settings import TwitchSection
from tests.browser import Pages
from tests.doubles.nginx import nginx
from tests.doubles.ports import free_port
from tests.doubles.twitch.webhooks import signed
from tests.support import eventually
from tests.web.clips import clip
from tests.web.desk.office import office, shown
from tests.web.stage import staged

pytestmark = pytest.mark.asyncio(loop_scope="session")

TOKEN = "a-token-nobody-guesses"
SECRET = "a-secret-of-our-own"


async def test_the_desk_is_shown_what_happens(pages: Pages, tmp_path: Path) -> None:
    complaints: list[str] = []
    async with (
        office(pages, tmp_path, web={"port": 0, "token": TOKEN}) as relay,
        nginx(tmp_path, pages=relay.url) as front,
        shown(pages, f"{front.url}/?token={TOKEN}", complaints) as page,
    ):
        await relay.hear("hello there", author="Mia")
        await expect(page.locator("body")).to_contain_text("hello there")

    assert complaints == []


async def test_the_overlay_plays(pages: Pages, tmp_path: Path) -> None:
    complaints: list[str] = []
    async with (
        staged(token=TOKEN) as stage,
        nginx(tmp_path, pages=stage.url) as front,
        shown(pages, f"{front.url}/overlay?token={TOKEN}", complaints),
    ):
        await eventually(lambda: stage.sink.has_sound)
        stage.sink.play(clip("one", seconds=0.1))
        await eventually(lambda: "one ended" in stage.ear.notes)

    assert complaints == []


async def test_it_writes_no_token_down_though_the_relay_is_away(tmp_path: Path) -> None:
    address = f"http://127.0.0.1:{free_port()}"
    async with nginx(tmp_path, pages=address, webhooks=address) as front, aiohttp.ClientSession() as http:
        for path in ("/overlay", "/twitch/eventsub"):
            async with http.get(f"{front.url}{path}?token={TOKEN}", ssl=False) as answer:
                assert answer.status == 502
        await eventually(lambda: "/twitch/eventsub?" in front.logged)

        assert "/overlay" not in front.logged


async def test_what_twitch_has_signed_arrives_as_it_was_signed_and_nothing_else_does(tmp_path: Path) -> None:
    told: list[WebhookMessage] = []
    settings = TwitchSection.model_validate(
        {
            "client_id": "abc",
            "client_secret": "def",
            "transport": "conduit",
            "webhook_url": "https://relay.example.com/twitch/eventsub",
            "webhook_secret": SECRET,
            "webhook_listen": "127.0.0.1:0",
            "webhook_shards": [0],
        }
    )
    body = json.dumps({"event": {"message": {"text": "grüß dich 🎉" * 2000}}}, ensure_ascii=False).encode()

    async with (
        WebhookEndpoint(settings, told.append, told.append, _at_once) as endpoint,
        nginx(tmp_path, webhooks=f"http://127.0.0.1:{endpoint.port}") as front,
        aiohttp.ClientSession() as http,
    ):
        trusted = ssl.create_default_context(cafile=str(front.authority.file))
        headers = signed("1", body, SECRET) | {"Twitch-Eventsub-Message-Type": "notification"}
        statuses = []
        for sent in (body, body[:-1]):
            async with http.post(f"{front.url}/twitch/eventsub", data=sent, headers=headers, ssl=trusted) as answer:
                statuses.append(answer.status)

    assert statuses == [204, 403]
    assert [each.body for each in told] == [json.loads(body)]


async def _at_once() -> None:
    """Everything is stored."""
