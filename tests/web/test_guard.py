"""Who is let in as whom, besides the streamer; see test_server.py for the token and for other sites."""

import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from relay.config import WebSection
from relay.system.private_files import write_private
from relay.web import access, guard, guessing
from relay.web.access import AccessLinks, FixedAct
from relay.web.guard import CALLER, Guard, Handler
from relay.web.guessing import FIRST, FORGOTTEN, FREE, LONGEST, REMEMBERED, WrongTokens
from tests.support import PATIENCE, eventually
from tests.web.stage import Stage, staged

TOKEN = "a-token-nobody-guesses"


@pytest.fixture
async def guarded() -> AsyncIterator[Stage]:
    async with staged(token=TOKEN) as stage:
        yield stage


@asynccontextmanager
async def behind_guard(links: AccessLinks, token: str | None, **handlers: Handler) -> AsyncIterator[str]:
    """The address of a server with nothing but the guard and these handlers, each at `/api/<name>`."""
    app = web.Application()
    for name, handler in handlers.items():
        app.router.add_get(f"/api/{name}", handler)
        app.router.add_get(f"/press/{{{name}}}", handler)
    Guard(WebSection.model_validate({"token": token}), links).watch(app)
    runner = web.AppRunner(app, shutdown_timeout=0.01)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


@pytest.fixture
def links(tmp_path: Path) -> AccessLinks:
    return AccessLinks(tmp_path / "relay.links.json")


async def get(url: str, **headers: str) -> tuple[int, str]:
    async with aiohttp.ClientSession() as http, http.get(url, headers=headers) as response:
        return response.status, await response.text()


async def test_a_moderators_link_opens_the_desk_and_nothing_that_is_the_streamers(guarded: Stage) -> None:
    _, secret = await guarded.links.create("Mia")

    for path in ("/", "/health", "/dock", "/dock/next", "/desk/ws", "/api/skip", "/openapi.json"):
        assert (await get(f"{guarded.url}{path}?token={secret}"))[0] not in (401, 403), path
    for path in ("/overlay", "/overlay/ws", "/state", "/dialogue", "/ws", "/debug/voxta/history", "/desk", "/dockyard"):
        assert (await get(f"{guarded.url}{path}?token={secret}"))[0] == 403, path
        assert (await get(f"{guarded.url}{path}", Authorization=f"Bearer {secret}"))[0] == 403, path


async def test_a_withdrawn_link_opens_nothing(guarded: Stage) -> None:
    link, secret = await guarded.links.create("Mia")
    await guarded.links.withdraw(link.id)

    assert (await get(f"{guarded.url}/?token={secret}"))[0] == 401


async def test_a_link_that_is_withdrawn_ends_what_is_open_at_once(links: AccessLinks) -> None:
    link, secret = await links.create("Mia")
    entered, left = asyncio.Event(), asyncio.Event()

    async def stay(request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        entered.set()
        try:
            async for _ in socket:
                pass
        finally:
            left.set()
        return socket

    async with (
        behind_guard(links, TOKEN, stay=stay) as url,
        aiohttp.ClientSession() as http,
        http.ws_connect(f"{url}/api/stay?token={secret}") as socket,
    ):
        await entered.wait()

        await links.withdraw(link.id)

        assert (await socket.receive(timeout=PATIENCE)).type in (aiohttp.WSMsgType.CLOSED, aiohttp.WSMsgType.ERROR)
        await asyncio.wait_for(left.wait(), PATIENCE)


async def test_a_link_that_is_withdrawn_while_its_use_is_written_down_opens_nothing_and_stays_gone(
    links: AccessLinks, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    link, secret = await links.create("Mia")
    writing, may_end, entered = threading.Event(), threading.Event(), asyncio.Event()

    def slowly(file: Path, text: str) -> None:
        if not writing.is_set():
            writing.set()
            may_end.wait(PATIENCE)
        write_private(file, text)

    async def stay(request: web.Request) -> web.Response:
        entered.set()
        return web.Response()

    monkeypatch.setattr(access, "write_private", slowly)
    async with behind_guard(links, TOKEN, stay=stay) as url:
        asked = asyncio.create_task(get(f"{url}/api/stay?token={secret}"))
        await eventually(writing.is_set)
        withdrawn = asyncio.create_task(links.withdraw(link.id))
        await eventually(lambda: not links.all())
        await asyncio.sleep(0)
        may_end.set()
        await withdrawn

        assert (await asked)[0] == 401, "the client asks again by itself"
        assert not entered.is_set()
    assert AccessLinks(tmp_path / "relay.links.json").all() == []


@pytest.mark.parametrize("token", [None, TOKEN])
async def test_who_asks_is_known_by_what_they_bring(links: AccessLinks, token: str | None) -> None:
    mia, secret = await links.create("Mia")
    _, key = await links.create("Skip", FixedAct(do="skip"))

    async def me(request: web.Request) -> web.Response:
        caller = request[CALLER]
        return web.json_response([caller.source, caller.name, caller.id, sorted(caller.roles), caller.in_private])

    async with behind_guard(links, token, me=me) as url:
        moderator = f'["web", "Mia", "{mia.id}", ["moderator"], true]'

        assert await get(f"{url}/api/me?token={TOKEN}") == (200, '["web", "streamer", "", ["streamer"], true]')
        assert await get(f"{url}/api/me?token={secret}") == (200, moderator)
        assert await get(f"{url}/api/me", Authorization=f"Bearer {secret}") == (200, moderator)
        assert '"Skip"' in (await get(f"{url}/press/{key}"))[1]
        assert (await get(f"{url}/press/{secret}"))[0] == 401, "a moderator's link is no key"
        assert (await get(f"{url}/press/{TOKEN}"))[0] == 401, "nor is the owner's token"
        assert (await get(f"{url}/press/{key}x?token={TOKEN}"))[0] == 401
        assert "Skip" not in (await get(f"{url}/api/me?token={key}"))[1], "and a key opens its address alone"


async def test_a_tunnel_may_give_it_any_name_once_a_token_is_set(guarded: Stage) -> None:
    tunnel = {"Host": "words.example", "Origin": "https://words.example"}

    assert (await get(f"{guarded.url}/state?token={TOKEN}", **tunnel))[0] == 200
    assert (await get(f"{guarded.url}/state", **tunnel))[0] == 401
    assert (await get(f"{guarded.url}/state?token={TOKEN}", Origin="https://evil.example"))[0] == 403


async def test_who_guesses_waits_and_who_knows_does_not(links: AccessLinks, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guessing, "FIRST", 3600.0)
    monkeypatch.setattr(guessing, "LONGEST", 3600.0)

    async def nothing(request: web.Request) -> web.Response:
        return web.Response()

    async with behind_guard(links, TOKEN, nothing=nothing) as url:
        for number in range(FREE):
            assert (await get(f"{url}/api/nothing?token=wrong-{number}"))[0] == 401

        guess = asyncio.create_task(get(f"{url}/api/nothing?token=wrong"))
        try:
            assert (await get(f"{url}/api/nothing"))[0] == 401, "to bring no token is no guess"
            assert (await get(f"{url}/api/nothing?token={TOKEN}"))[0] == 200
            assert not guess.done()
        finally:
            guess.cancel()


async def test_who_guesses_keeps_no_more_connections_than_others_can_spare(
    links: AccessLinks, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guessing, "FREE", 0)
    monkeypatch.setattr(guessing, "FIRST", 3600.0)
    monkeypatch.setattr(guessing, "LONGEST", 3600.0)
    monkeypatch.setattr(guard, "KEPT_WAITING", 2)

    async with behind_guard(links, TOKEN) as url:
        guesses = [asyncio.create_task(get(f"{url}/api/nothing?token=wrong-{number}")) for number in range(3)]
        try:
            done, waiting = await asyncio.wait(guesses, return_when=asyncio.FIRST_COMPLETED)

            assert [guess.result()[0] for guess in done] == [401]
            assert len(waiting) == 2
        finally:
            for guess in guesses:
                guess.cancel()


def test_each_wrong_token_waits_twice_as_long_up_to_a_limit() -> None:
    wrong = WrongTokens(lambda: 0.0)

    waits = [wrong.wait_after("203.0.113.5") for _ in range(FREE + 40)]

    assert waits[: FREE + 3] == [0.0] * FREE + [FIRST, 2 * FIRST, 4 * FIRST]
    assert set(waits[-30:]) == {LONGEST}
    assert wrong.wait_after("203.0.113.6") == 0.0, "others have nothing to do with it"


def test_wrong_tokens_are_forgotten_after_a_while() -> None:
    now = 0.0
    wrong = WrongTokens(lambda: now)
    for _ in range(FREE + 3):
        wrong.wait_after("203.0.113.5")

    now = FORGOTTEN + 1

    assert wrong.wait_after("203.0.113.5") == 0.0


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("2001:db8::1", "2001:db8::ffff:2", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("fe80::1%eth0", "fe80::2%eth0", True),
        ("::ffff:203.0.113.5", "203.0.113.5", True),
        ("::ffff:203.0.113.5", "::ffff:203.0.113.6", False),
        ("", "", True),
    ],
)
def test_a_household_counts_as_one(one: str, other: str, same: bool) -> None:
    wrong = WrongTokens(lambda: 0.0)
    for _ in range(FREE):
        wrong.wait_after(one)

    assert (wrong.wait_after(other) > 0) is same


def test_a_flood_of_addresses_fills_no_memory() -> None:
    wrong = WrongTokens(lambda: 0.0)
    for number in range(REMEMBERED + 500):
        wrong.wait_after(f"10.0.{number // 256}.{number % 256}")

    assert len(wrong._seen) == REMEMBERED
