"""Shards of a conduit whose events Twitch sends by HTTP."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import hypothesis
import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from relay.errors import AuthError, ConfigError
from relay.platforms.twitch import status
from relay.platforms.twitch.auth import check
from relay.platforms.twitch.conduits import seats, shards, webhook_endpoint, webhooks
from relay.platforms.twitch.conduits.webhook_endpoint import WebhookEndpoint, is_answered
from relay.platforms.twitch.conduits.webhook_messages import NotFromTwitch, WebhookMessage, verified
from relay.platforms.twitch.settings import TwitchSection
from relay.system.http_server import HttpServer
from tests.doubles.twitch import TwitchDouble
from tests.doubles.twitch.webhooks import signed
from tests.platforms.twitch.conduits import CHAT, KeptNotes, agency, heard_in, serving
from tests.platforms.twitch.conftest import Received, reaching
from tests.support import PATIENCE, eventually

SECRET = "a-secret-of-our-own"
URL = "https://relay.example.com/twitch/eventsub"
SAMPLE_SECRET = "secretabcd"
SAMPLE_BODY = (
    b'{"subscription":{"id":"ae2ff348-e102-16be-a3eb-6830c1bf38d2","status":"enabled","type":"channel.follow",'
    b'"version":"1","condition":{"broadcaster_user_id":"44429626"},"transport":{"method":"webhook","callback":"null"},'
    b'"created_at":"2021-02-19T23:47:00.7621315Z"},"event":{"user_id":"28408015","user_login":"testFromUser",'
    b'"user_name":"testFromUser","broadcaster_user_id":"44429626","broadcaster_user_login":"44429626",'
    b'"broadcaster_user_name":"testBroadcaster"}}'
)
"""What Twitch's own command line sent, with the signature that it made."""
SAMPLE = {
    "Twitch-Eventsub-Message-Id": "ae2ff348-e102-16be-a3eb-6830c1bf38d2",
    "Twitch-Eventsub-Message-Signature": "sha256=d10f5bd9474b7ac7bd7105eb79c2d52768b4d0cd2a135982c3bf5a1d59a78823",
    "Twitch-Eventsub-Message-Timestamp": "2021-02-19T23:47:00.8091512Z",
    "Twitch-Eventsub-Message-Type": "notification",
}
THEN = 1613778420.8
"""When it was sent, in seconds since the epoch."""


def test_what_twitch_has_signed_is_read() -> None:
    message = verified(SAMPLE, SAMPLE_BODY, SAMPLE_SECRET, THEN + 599)

    assert (message.id, message.type) == ("ae2ff348-e102-16be-a3eb-6830c1bf38d2", "notification")
    assert message.as_of_socket()["metadata"]["subscription_type"] == "channel.follow"


@pytest.mark.parametrize("ahead", [-700.0, 700.0])
async def test_the_check_refuses_a_clock_with_which_nothing_would_be_taken_for_twitchs(
    tmp_path: Path, ahead: float
) -> None:
    async with agency("ann") as twitch:
        twitch.helix.clock_ahead = ahead
        settings = reaching(
            twitch,
            transport="conduit",
            client_secret=twitch.identity.secret,
            webhook_shards=[1],
            webhook_url=URL,
            webhook_secret=SECRET,
        )

        with pytest.raises(ConfigError, match=r"this computer's clock is .* Twitch's.*every event by HTTP is refused"):
            await check(settings, twitch.write_token(tmp_path / "token.json"))


@pytest.mark.parametrize(
    ("headers", "body", "secret"),
    [
        ({"Twitch-Eventsub-Message-Id": "another"}, SAMPLE_BODY, SAMPLE_SECRET),
        ({"Twitch-Eventsub-Message-Timestamp": "2021-02-19T23:47:01Z"}, SAMPLE_BODY, SAMPLE_SECRET),
        ({"Twitch-Eventsub-Message-Signature": ""}, SAMPLE_BODY, SAMPLE_SECRET),
        ({}, SAMPLE_BODY + b" ", SAMPLE_SECRET),
        ({}, SAMPLE_BODY, "secretabce"),
    ],
    ids=["id", "time", "no signature", "body", "secret"],
)
def test_what_was_changed_on_the_way_is_refused(headers: dict[str, str], body: bytes, secret: str) -> None:
    with pytest.raises(NotFromTwitch, match="signature"):
        verified(SAMPLE | headers, body, secret, THEN)


@pytest.mark.parametrize("now", [THEN + 601, THEN - 601])
def test_what_was_sent_more_than_ten_minutes_ago_is_refused(now: float) -> None:
    with pytest.raises(NotFromTwitch, match="more than 10 minutes"):
        verified(SAMPLE, SAMPLE_BODY, SAMPLE_SECRET, now)


@hypothesis.settings(max_examples=25)
@given(st.dictionaries(st.sampled_from(sorted(SAMPLE)), st.text()), st.binary())
def test_nobody_else_gets_anything_but_a_refusal(headers: dict[str, str], body: bytes) -> None:
    with pytest.raises(NotFromTwitch):
        verified(headers, body, SECRET, THEN)


@hypothesis.settings(max_examples=25)
@given(st.text(), st.binary())
def test_whatever_is_signed_and_no_message_is_refused(timestamp: str, body: bytes) -> None:
    with pytest.raises(NotFromTwitch):
        verified(signed("1", body, SECRET, timestamp or "now"), body, SECRET, THEN)


@pytest.mark.parametrize(
    ("over", "complaint"),
    [
        ({"webhook_url": "http://relay.example.com/x"}, "https"),
        ({"webhook_url": "https://relay.example.com:8443/x"}, "port than 443"),
        ({"webhook_secret": "too-short"}, "10 to 100"),
        ({"webhook_secret": "x" * 101}, "10 to 100"),
        ({"webhook_secret": "zehn-Zeichen-é"}, "10 to 100"),
        ({"webhook_secret": None}, "RELAY_TWITCH__WEBHOOK_SECRET"),
        ({"webhook_url": ""}, "webhook_url is missing"),
        ({"webhook_shards": (2,)}, "numbered 0 to 1"),
        ({"transport": "login"}, 'transport = "conduit"'),
    ],
)
def test_settings_that_twitch_would_refuse_are_refused_before(over: dict[str, Any], complaint: str) -> None:
    section = {"client_id": "abc", "client_secret": "def", "channels": ["ann"], "enabled": True, **by_webhook()}

    with pytest.raises(ValidationError, match=complaint):
        TwitchSection.model_validate(section | over)


def by_webhook(port: int = 8082, *numbers: int) -> dict[str, Any]:
    return {
        "transport": "conduit",
        "webhook_shards": numbers or (1,),
        "webhook_url": URL,
        "webhook_secret": SECRET,
        "webhook_listen": f"127.0.0.1:{port}",
    }


@pytest.fixture
async def twitch(unused_tcp_port: int, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[TwitchDouble]:
    """With the proxy of the callback's address before our port."""
    monkeypatch.setattr(shards, "LOOK_AGAIN", 0.0)
    for module in (shards, webhooks):
        monkeypatch.setattr(module, "LOOK_EVERY", 0.05)
    monkeypatch.setattr(webhooks, "FIRST_PAUSE", 0.1)
    monkeypatch.setattr(webhook_endpoint, "ASK_WITHIN", 0.05)
    monkeypatch.setattr(status, "SETTLE", 0.05)
    async with agency("ann") as double:
        double.conduits.webhooks.proxied_to = f"http://127.0.0.1:{unused_tcp_port}"
        yield double


async def reached(twitch: TwitchDouble, *wanted: str) -> None:
    """Until the shards are served by these."""

    def served() -> list[str]:
        return [method for conduit in twitch.conduits.all for method in twitch.conduits.serving(conduit)]

    await twitch.until(lambda: served() == list(wanted), f"shards by {wanted}")


async def test_events_come_by_both_kinds_of_shards_and_what_comes_by_both_is_told_once(
    twitch: TwitchDouble, received: Received, tmp_path: Path, unused_tcp_port: int
) -> None:
    async with serving(twitch, received, tmp_path, KeptNotes(), **by_webhook(unused_tcp_port)) as platform:
        await reached(twitch, "websocket", "webhook")
        for number in range(4):
            await twitch.chat(f"one by one {number}")
        twitch.conduits.is_unsure = True
        for number in range(4):
            await twitch.chat(f"twice {number}")
        await received.until(8)

        await eventually(lambda: "1 of 2 shards here and 1 by webhook" in platform.health())
    assert len(received.texts) == len(set(received.texts)) == 8
    assert twitch.conduits.webhooks.statuses[:7] == [200] + [204] * 6


async def test_the_socket_stands_in_while_twitch_does_not_get_through_to_the_callback(
    twitch: TwitchDouble,
    received: Received,
    tmp_path: Path,
    unused_tcp_port: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(seats, "STAND_IN_AFTER", 0.0)
    monkeypatch.setattr(webhooks, "FIRST_PAUSE", 600.0)
    twitch.conduits.webhooks.proxied_to = "http://127.0.0.1:9"
    async with serving(twitch, received, tmp_path, KeptNotes(), **by_webhook(unused_tcp_port)) as platform:
        await reached(twitch, "websocket", "websocket")
        for number in range(2):
            await twitch.chat(f"hello {number}")
        await received.until(2)

        await eventually(lambda: f"Twitch does not get through to {URL} (shard 1: stood in for)" in platform.health())


@pytest.mark.parametrize("another_answers", [False, True])
async def test_a_process_that_ends_leaves_its_shard_to_a_socket_unless_another_answers_at_its_address(
    twitch: TwitchDouble,
    received: Received,
    tmp_path: Path,
    unused_tcp_port: int,
    monkeypatch: pytest.MonkeyPatch,
    another_answers: bool,
) -> None:
    async def answered(url: str, secret: str) -> bool:
        return another_answers and (url, secret) == (URL, SECRET)

    monkeypatch.setattr(seats, "STAND_IN_AFTER", 0.0)
    monkeypatch.setattr(webhooks, "is_answered", answered)
    notes = KeptNotes()
    async with serving(twitch, received, tmp_path, notes, **by_webhook(), shard_ids=(0,)):
        async with serving(twitch, Received(), tmp_path, notes, **by_webhook(unused_tcp_port), shard_ids=(1,)):
            await reached(twitch, "websocket", "webhook")
        if another_answers:
            assert twitch.conduits.serving(*twitch.conduits.all) == ["websocket", "webhook"]
            return
        await reached(twitch, "websocket", "websocket")
        for number in range(2):
            await twitch.chat(f"hello {number}")
        await received.until(2)


async def test_a_login_that_fails_while_a_process_ends_does_not_hide_that_it_ends(
    twitch: TwitchDouble,
    received: Received,
    tmp_path: Path,
    unused_tcp_port: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def answered(url: str, secret: str) -> bool:
        raise AuthError("no longer logged in")

    monkeypatch.setattr(webhooks, "is_answered", answered)
    async with serving(twitch, received, tmp_path, KeptNotes(), **by_webhook(unused_tcp_port)):
        await reached(twitch, "websocket", "webhook")


async def test_whatever_else_is_behind_the_address_is_no_answer(unused_tcp_port: int) -> None:
    async def answer(_: web.Request) -> web.Response:
        return web.Response(body=b"\xff", content_type="text/plain", charset="utf-8")

    app = web.Application()
    app.router.add_post("/", answer)
    server = HttpServer(app, "127.0.0.1", unused_tcp_port, stop_within=1.0)
    await server.start()
    try:
        assert not await is_answered(f"http://127.0.0.1:{unused_tcp_port}/", SECRET)
    finally:
        await server.stop()


async def test_a_subscription_that_is_taken_away_is_told_by_webhook_and_made_anew(
    twitch: TwitchDouble, received: Received, tmp_path: Path, unused_tcp_port: int
) -> None:
    async with serving(twitch, received, tmp_path, KeptNotes(), **by_webhook(unused_tcp_port, 0, 1)):
        await reached(twitch, "webhook", "webhook")
        await twitch.revoke(CHAT)
        await twitch.until(lambda: heard_in(twitch) == ["ann"], "chat to be subscribed again")
        await twitch.chat("again")
        await received.until_text("again")


async def test_twitch_is_answered_once_it_is_stored(unused_tcp_port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    for limit in ("ASK_WITHIN", "ANSWER_WITHIN"):
        monkeypatch.setattr(webhook_endpoint, limit, PATIENCE)
    stored, taken = asyncio.Event(), asyncio.Event()

    async def wait() -> None:
        await stored.wait()

    def take(_: WebhookMessage) -> None:
        taken.set()

    settings = TwitchSection.model_validate({"client_id": "a", "client_secret": "b", **by_webhook(unused_tcp_port)})
    body = json.dumps({"subscription": {"id": "1", "type": CHAT, "version": "1"}, "event": {}}).encode()
    headers = signed("1", body, SECRET) | {"Twitch-Eventsub-Message-Type": "notification"}
    async with WebhookEndpoint(settings, take, take, wait) as endpoint, aiohttp.ClientSession() as http:
        url = f"http://127.0.0.1:{endpoint.port}/twitch/eventsub"
        asking = asyncio.create_task(http.post(url, data=body, headers=headers))
        await taken.wait()
        assert not asking.done()
        stored.set()
        assert (await asking).status == 204
        async with http.post(url, data=body) as refused:
            assert refused.status == 403
        assert await is_answered(url, SECRET)
        assert not await is_answered(url, f"not-{SECRET}")
    assert not await is_answered(url, SECRET)
