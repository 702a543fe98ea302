import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
from yarl import URL

from relay.system import http_server
from relay.web.access import AccessLinks, FixedAct
from relay.web.proxy.trust import CoreAddress
from tests.doubles.ports import free_port
from tests.support import PATIENCE, eventually
from tests.web.clips import clip
from tests.web.proxy.front import NAME, KnownCores, front, fronted, get
from tests.web.proxy.raw import raw_core

TOKEN = "a-token-nobody-guesses"
BROWSER = {"Accept": "text/html,application/xhtml+xml"}


async def test_a_call_reaches_the_core_whole_and_its_answer_comes_back() -> None:
    async with fronted() as (stage, proxy, _), aiohttp.ClientSession() as http:
        async with http.post(f"{proxy.url}/dialogue", json={"text": "Halt!", "source": "game"}) as answer:
            assert (answer.status, await answer.json()) == (200, {"status": "ok"})

        assert stage.runtime.calls == ["dialogue 'Halt!' by None from game"]


async def test_what_the_core_refuses_is_refused_in_its_own_words() -> None:
    async with fronted(token=TOKEN) as (_, proxy, _):
        assert (await get(f"{proxy.url}/state?token={TOKEN}"))[0] == 200, "the query goes along"
        assert (await get(f"{proxy.url}/state", headers={"Authorization": f"Bearer {TOKEN}"}))[0] == 200

        assert await get(f"{proxy.url}/state") == (
            401,
            "the token is missing or wrong: add ?token=… to a page, or send Authorization: Bearer …",
        )
        assert (await get(f"{proxy.url}/nowhere?token={TOKEN}"))[0] == 404


async def test_answers_keep_what_hardens_them() -> None:
    async with fronted() as (stage, proxy, _), aiohttp.ClientSession() as http:
        async with http.get(f"{stage.url}/overlay") as answer:
            assert answer.status == 403
        async with http.get(f"{proxy.url}/overlay") as answer:
            assert "frame-ancestors 'self'" in answer.headers["Content-Security-Policy"]
            assert answer.headers["X-Content-Type-Options"] == "nosniff"
            assert answer.headers.getall("Cache-Control") == ["no-store"]
        async with http.head(f"{proxy.url}/dock") as answer:
            assert (answer.status, await answer.read()) == (200, b"")


async def test_sound_arrives_as_it_was_sent() -> None:
    async with (
        fronted() as (stage, proxy, _),
        aiohttp.ClientSession() as http,
        http.ws_connect(f"{proxy.url}/overlay/ws") as page,
    ):
        await page.send_json({"type": "ready", "version": 2, "sound": "on", "captions": True})
        await eventually(lambda: stage.sink.is_open)
        long = clip(seconds=20.0)
        stage.sink.play(long)
        while (told := await page.receive_json(timeout=PATIENCE))["type"] != "clip":
            pass
        async with http.get(f"{proxy.url}/overlay/clips/{told['id']}.wav") as answer:
            wav = await answer.read()

    assert wav.endswith(long.pcm)
    assert len(wav) == 44 + len(long.pcm)


async def test_while_no_core_is_there_one_line_says_so_and_when_to_ask_again() -> None:
    async with front(KnownCores()) as proxy, aiohttp.ClientSession() as http:
        async with http.get(f"{proxy.url}/state") as answer:
            assert (answer.status, answer.headers["Retry-After"]) == (503, "1")
            assert "Refresh" not in answer.headers
            assert await answer.text() == (
                "no core answers for this companion at the moment: another takes over within seconds, so try again\n"
            )
        async with http.get(f"{proxy.url}/overlay", headers=BROWSER) as answer:
            assert (answer.status, answer.headers["Refresh"]) == (503, "1"), "a page in OBS asks again by itself"


async def test_a_core_that_died_a_moment_ago_is_no_other_answer() -> None:
    cores = KnownCores(**{NAME: CoreAddress(f"http://127.0.0.1:{free_port()}", "secret")})
    async with front(cores) as proxy:
        assert (await get(f"{proxy.url}/interrupt", "POST"))[0] == 503


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/state", 503), ("POST", "/interrupt", 502), ("GET", "/press/a-key", 502), ("HEAD", "/dock", 503)],
)
async def test_what_a_dying_core_may_have_done_is_asked_once_and_never_promised_to_be_undone(
    method: str, path: str, status: int
) -> None:
    async def die(_: asyncio.StreamWriter) -> None: ...

    async with raw_core(die) as (core, there), front(KnownCores(**{NAME: there})) as proxy:
        assert (await get(f"{proxy.url}{path}", method))[0] == status
        assert core.lines == [f"{method} {path} HTTP/1.1"]


async def test_half_of_an_answer_does_not_pass_for_the_whole() -> None:
    async def break_off(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n")
        await writer.drain()

    async with raw_core(break_off) as (_, there), front(KnownCores(**{NAME: there})) as proxy:
        with pytest.raises(aiohttp.ClientError):
            await get(f"{proxy.url}/state")


async def test_a_core_that_says_nothing_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    async def say_nothing(_: asyncio.StreamWriter) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr("relay.web.proxy.calls.ANSWER_WITHIN", 0.01)
    async with raw_core(say_nothing) as (_, there), front(KnownCores(**{NAME: there})) as proxy:
        assert (await get(f"{proxy.url}/state"))[0] == 504


async def test_a_body_that_is_too_big_or_never_comes_does_not_reach_the_core(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_server, "PATIENCE", 0.05)

    async def never() -> AsyncIterator[bytes]:
        yield b"{"
        await asyncio.Event().wait()

    async with fronted() as (stage, proxy, _):
        assert (await get(f"{proxy.url}/dialogue", "POST", data=b"x" * 20_000))[0] == 413
        assert (await get(f"{proxy.url}/dialogue", "POST", data=never()))[0] == 408
        assert stage.runtime.calls == []


async def test_a_press_once_address_works_through_it(tmp_path: Path) -> None:
    links = AccessLinks(tmp_path / "links.json")
    _, key = await links.create("Skip", FixedAct(do="skip"))
    async with fronted(token=TOKEN, links=links) as (_, proxy, _):
        assert await get(f"{proxy.url}/press/{key}") == (404, "there is no 'skip'; there are\n"), (
            "this desk has no actions"
        )
        assert (await get(f"{proxy.url}/press/{key}x"))[0] == 401


async def test_redirects_and_odd_headers_of_a_core_are_the_askers_business() -> None:
    async def answer(writer: asyncio.StreamWriter) -> None:
        writer.write(
            b"HTTP/1.1 302 Found\r\nLocation: /there\r\nConnection: close, X-Own\r\nX-Own: 1\r\nKeep-Alive: 5\r\n"
            b"Content-Encoding: gzip\r\nX-Kept: 1\r\nContent-Length: 3\r\n\r\nabc"
        )
        await writer.drain()

    async with (
        raw_core(answer) as (core, there),
        front(KnownCores(**{NAME: there})) as proxy,
        aiohttp.ClientSession(auto_decompress=False) as http,
        http.get(URL(f"{proxy.url}/here?a=%2F&b=+", encoded=True), allow_redirects=False) as answered,
    ):
        assert (answered.status, answered.headers["Location"], await answered.read()) == (302, "/there", b"abc")
        assert answered.headers["X-Kept"] == "1"
        assert not {"X-Own", "Keep-Alive"} & set(answered.headers)
        assert core.lines == ["GET /here?a=%2F&b=+ HTTP/1.1"], "nothing in an address is written another way"
