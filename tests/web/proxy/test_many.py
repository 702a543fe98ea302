"""Many companions behind one web process: each under its own path, and only there."""

import asyncio

import aiohttp
import pytest

from relay.web.proxy import server
from tests.web.proxy.front import KnownCores, front, get
from tests.web.proxy.raw import RawCore, ok, raw_core, said

NAMES = {"ann", "ben"}


def prefixes(core: RawCore) -> list[str]:
    """What the core is told of where it is found."""
    return [head.lower().partition("x-forwarded-prefix: ")[2].partition("\r\n")[0] for head in core.asked]


async def test_the_path_says_whose_core_is_asked_and_the_core_knows_its_own_addresses_alone() -> None:
    async with raw_core(ok) as (ann, at_ann), raw_core(ok) as (ben, at_ben):
        async with front(KnownCores(ann=at_ann, ben=at_ben), is_known=NAMES.__contains__) as proxy:
            assert (await get(f"{proxy.url}/c/ann/state?a=1"))[0] == 204
            assert (await get(f"{proxy.url}/c/ben/"))[0] == 204

        assert (ann.lines, prefixes(ann)) == (["GET /state?a=1 HTTP/1.1"], ["/c/ann"])
        assert (ben.lines, prefixes(ben)) == (["GET / HTTP/1.1"], ["/c/ben"])


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/state",
        "/c",
        "/c/",
        "/c/eve/state",
        "/c/ANN/",
        "/c//ann/",
        "//c/ann/",
        "/c/ann;/",
        "/x/c/ann/",
    ],
)
async def test_what_names_no_companion_reaches_none(path: str) -> None:
    async with (
        raw_core(ok) as (ann, there),
        front(KnownCores(ann=there, eve=there), is_known="ann".__eq__) as proxy,
    ):
        assert (await get(f"{proxy.url}{path}"))[0] == 404
        assert ann.asked == []


@pytest.mark.parametrize(
    "path", ["/c/ann/../ben/state", "/c/ann/%2e%2e/ben/state", "/c/ann/..%2fben/state", "/c/ann//c/ben/state"]
)
async def test_no_path_leads_from_one_companion_to_another(path: str) -> None:
    async with raw_core(ok) as (ann, at_ann), raw_core(ok) as (ben, at_ben):
        async with front(KnownCores(ann=at_ann, ben=at_ben), is_known=NAMES.__contains__) as proxy:
            await said(proxy.url, f"GET {path} HTTP/1.1\nHost: localhost\nConnection: close\n\n")
            await said(proxy.url, f"GET http://evil.example{path} HTTP/1.1\nHost: x\nConnection: close\n\n")

        assert ann.lines == 2 * [f"GET {path.removeprefix('/c/ann')} HTTP/1.1"]
        assert ben.asked == []


async def test_without_the_last_slash_the_page_is_found_all_the_same() -> None:
    async with (
        front(KnownCores(), is_known=NAMES.__contains__) as proxy,
        aiohttp.ClientSession() as http,
        http.get(f"{proxy.url}/c/ann?token=1&lang=de", allow_redirects=False) as answer,
    ):
        assert (answer.status, answer.headers["Location"]) == (308, "/c/ann/?token=1&lang=de")


async def test_no_companion_takes_the_place_of_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "MAX_OPEN", 2)
    asked, may_go = asyncio.Semaphore(0), asyncio.Event()

    async def wait(writer: asyncio.StreamWriter) -> None:
        asked.release()
        await may_go.wait()
        await ok(writer)

    async with (
        raw_core(wait) as (_, at_ann),
        raw_core(ok) as (_, at_ben),
        front(KnownCores(ann=at_ann, ben=at_ben), is_known=NAMES.__contains__) as proxy,
    ):
        flood = [asyncio.create_task(get(f"{proxy.url}/c/ann/state")) for _ in range(2)]
        await asked.acquire()
        await asked.acquire()

        assert (await get(f"{proxy.url}/c/ann/state"))[0] == 503
        assert (await get(f"{proxy.url}/c/ben/state"))[0] == 204
        may_go.set()
        assert [status for status, _ in await asyncio.gather(*flood)] == [204, 204]
        assert (await get(f"{proxy.url}/c/ann/state"))[0] == 204
