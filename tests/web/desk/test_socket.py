"""The WebSocket of the desk: what a page is told, what it may ask, and what no frame can do to it."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any

import aiohttp
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import Field

from relay.errors import ConfigError, PlatformUnavailable
from relay.model import Caller, Role
from relay.web.desk import routes
from relay.web.desk.actions import DeskAction, DeskError, Fields, NoFields
from relay.web.desk.desk import Desk
from relay.web.desk.socket import MAX_STREAMERS_FRAME
from relay.web.desk.topics import Age, Left, Topic
from relay.web.server import WebServer
from tests.web.desk.page import RawPage, opened
from tests.web.stage import staged


class Number(Fields):
    number: int = Field(ge=0, le=9)


class Counter:
    """A desk that shows one number, and lets it be set."""

    def __init__(self) -> None:
        self.now = 100.0
        self.number = 0
        self.done = 0
        self.asked_by: list[Caller] = []
        self.may_end = asyncio.Event()
        self.topic = Topic("number", lambda: {"number": self.number}, lambda: self.now, every=0.0)
        self.moment = Topic("moment", lambda: [Age(98.5), Left(160.0)], lambda: self.now)
        self.secret = Topic("secret", dict, lambda: self.now, role=Role.STREAMER)
        self.desk = Desk(about=lambda: {"version": "1"})
        self.desk.topics.add(self.topic, self.moment, self.secret)
        self.desk.actions.add(
            DeskAction("set", "Set the number", Number, self._set),
            DeskAction("wait", "Wait", NoFields, self._wait, within=0.01),
            DeskAction("hold", "Hold", NoFields, self._wait),
            DeskAction("break", "Break", NoFields, self._break),
            DeskAction("refuse", "Refuse", NoFields, self._refuse),
            DeskAction("away", "Be away", NoFields, self._away),
        )

    async def much(self, _: NoFields, by: Caller) -> str:
        self.done += 1
        return "x" * 300_000

    async def _set(self, given: Number, by: Caller) -> int:
        self.asked_by.append(by)
        self.number = given.number
        self.topic.changed()
        return self.number

    async def _wait(self, _: NoFields, by: Caller) -> str:
        await self.may_end.wait()
        return "waited"

    async def _break(self, _: NoFields, by: Caller) -> None:
        raise ZeroDivisionError

    async def _refuse(self, _: NoFields, by: Caller) -> None:
        raise ConfigError("that cannot be")

    async def _away(self, _: NoFields, by: Caller) -> None:
        raise PlatformUnavailable("it is away")


@pytest.fixture
def counter() -> Counter:
    return Counter()


@pytest.fixture
async def server(counter: Counter) -> AsyncIterator[WebServer]:
    async with staged(desk=counter.desk) as stage:
        yield stage.server


@pytest.fixture
async def page(server: WebServer) -> AsyncIterator[RawPage]:
    async with opened(server.url) as page:
        yield page


async def test_a_page_is_told_first_of_all_who_it_is(server: WebServer) -> None:
    async with aiohttp.ClientSession() as http, http.ws_connect(f"{server.url}/desk/ws") as socket:
        hello = {"role": "streamer", "name": "streamer", "limit": MAX_STREAMERS_FRAME, "version": "1"}
        assert await socket.receive_json() == {"hello": hello}


async def test_a_page_is_shown_what_it_wants_and_then_what_changes(page: RawPage, counter: Counter) -> None:
    await page.show("number")
    assert await page.frame() == {"topic": "number", "state": {"number": 0}}

    counter.number = 7
    counter.topic.changed()
    assert await page.frame() == {"topic": "number", "state": {"number": 7}}


async def test_moments_are_told_as_seconds(page: RawPage) -> None:
    await page.show("moment")

    assert await page.frame() == {"topic": "moment", "state": [1.5, 60.0]}


async def test_what_is_shown_no_more_is_told_no_more(page: RawPage, counter: Counter) -> None:
    await page.show("number")
    await page.frame()
    await page.show("moment")
    await page.frame()

    assert not counter.topic.is_watched
    assert counter.moment.is_watched


async def test_what_there_is_is_shown_even_beside_what_there_is_not(page: RawPage) -> None:
    error = await page.raw('{"show": ["number", "nothing"]}')

    assert error["code"] == "unknown"
    assert await page.frame() == {"topic": "number", "state": {"number": 0}}


async def test_many_changes_that_a_page_could_not_take_come_as_one(page: RawPage, counter: Counter) -> None:
    await page.show("number")
    await page.frame()
    for number in range(1, 1_001):
        counter.number = number
        counter.topic.changed()

    assert await page.frame() == {"topic": "number", "state": {"number": 1_000}}
    assert (await page.ask("set", number=1))["ok"]


async def test_what_a_page_asks_for_is_done_and_answered(page: RawPage, counter: Counter) -> None:
    assert await page.ask("set", number=4) == {"id": 1, "ok": True, "answer": 4}
    assert [by.may_control for by in counter.asked_by] == [True]


@pytest.mark.parametrize(
    ("do", "fields", "error"),
    [
        ("set", {"number": 10}, {"code": "invalid", "field": "number"}),
        ("set", {"number": "many"}, {"code": "invalid", "field": "number"}),
        ("set", {"number": 1, "more": 2}, {"code": "invalid", "field": "more"}),
        ("set", {}, {"code": "invalid", "field": "number"}),
        ("fly", {}, {"code": "unknown", "field": "do"}),
        ("wait", {}, {"code": "timeout"}),
        ("break", {}, {"code": "failed"}),
        ("refuse", {}, {"code": "failed", "text": "that cannot be"}),
        ("away", {}, {"code": "unavailable", "text": "it is away"}),
    ],
)
async def test_what_was_not_done_is_answered_with_the_reason(
    page: RawPage, counter: Counter, do: str, fields: dict[str, Any], error: dict[str, str]
) -> None:
    answer = await page.ask(do, **fields)

    assert not answer["ok"]
    assert error.items() <= answer["error"].items()
    assert answer["error"]["text"]
    assert counter.number == 0


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ("{", None),
        ("[]", None),
        ("{}", None),
        ("[" * 10_000, None),
        ('{"show": "number"}', "show"),
        ('{"show": ["number", 1]}', "show"),
        ('{"show": ["numbers"]}', "show"),
        ('{"do": "set", "id": null}', "id"),
        ('{"do": "set", "id": [1]}', "id"),
        ('{"do": 1, "id": 1}', "do"),
        ('{"do": "set", "id": 1, "with": [1]}', "with"),
    ],
)
async def test_a_frame_that_does_not_fit_is_answered_and_ends_nothing(
    page: RawPage, text: str, field: str | None
) -> None:
    error = await page.raw(text)

    assert error.get("field") == field
    assert (await page.ask("set", number=2))["ok"]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
FRAMES = st.one_of(
    st.text(max_size=40),
    JSON.map(json.dumps),
    st.fixed_dictionaries({"show": JSON | st.just(["number", "moment"])}).map(json.dumps),
    st.fixed_dictionaries(
        {"do": st.sampled_from(["set", "break", "refuse"]) | JSON, "id": st.integers() | JSON, "with": JSON}
    ).map(json.dumps),
)
OWN = "longer than any id in the frames"


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(frames=st.lists(FRAMES, min_size=1, max_size=8))
async def test_no_frames_end_the_connection_or_the_server(page: RawPage, frames: list[str]) -> None:
    for frame in frames:
        await page.socket.send_str(frame)

    await page.socket.send_json({"id": OWN, "do": "set", "with": {"number": 3}})
    assert (await page.answer(OWN))["ok"]


async def test_a_page_that_is_gone_leaves_nothing_behind(server: WebServer, counter: Counter) -> None:
    async with opened(server.url) as page:
        await page.show("number")
        await page.frame()
        await page.socket.send_json({"id": 1, "do": "hold"})

    counter.may_end.set()
    async with opened(server.url) as page:
        await page.show("number")
        await page.frame()
        assert len(counter.topic._watching) == 1


async def test_a_page_that_does_not_keep_up_is_told_how_things_are_and_no_backlog(
    server: WebServer, counter: Counter
) -> None:
    big = Topic("big", lambda: {"number": counter.number, "much": "x" * 1_000_000}, lambda: 0.0, every=0.0)
    counter.desk.topics.add(big)
    async with opened(server.url) as page:
        await page.show("big")
        for number in range(1, 301):
            counter.number = number
            big.changed()
            await asyncio.sleep(0.001)  # time in which a page that reads would be told

        told = 0
        while (await page.until("big"))["state"]["number"] < 300:
            told += 1

    assert told < 60


async def test_a_page_that_takes_no_answers_is_not_read_any_further(server: WebServer, counter: Counter) -> None:
    counter.desk.actions.add(DeskAction("much", "Much", NoFields, counter.much))
    async with opened(server.url) as page:
        for number in range(100):
            await page.socket.send_json({"id": number, "do": "much"})
        ahead = []
        for read in range(100):
            ahead.append(counter.done - read)
            assert (await page.frame())["ok"]

    assert max(ahead) < 60


async def test_requests_that_wait_keep_no_other_from_being_done(page: RawPage, counter: Counter) -> None:
    await page.socket.send_json({"id": "slow", "do": "hold"})
    assert (await page.ask("set", number=5))["ok"]

    counter.may_end.set()
    assert await page.frame() == {"id": "slow", "ok": True, "answer": "waited"}


async def test_what_is_for_the_streamer_alone_is_neither_shown_to_moderators_nor_done_for_them(
    counter: Counter,
) -> None:
    moderator = Caller(source="web", name="Mo", roles=frozenset({Role.MODERATOR}))
    counter.desk.actions.add(DeskAction("own", "Own", NoFields, counter._break, role=Role.STREAMER))

    assert counter.desk.topics.visible_to(moderator).keys() == {"number", "moment"}
    with pytest.raises(DeskError, match="streamer alone") as refused:
        await counter.desk.actions.do("own", {}, moderator)
    assert refused.value.code == "forbidden"
    assert await counter.desk.actions.do("set", {"number": 1}, moderator) == 1


@pytest.mark.parametrize("path", ["/", "/dock", "/dock/next", "/dock/decide", "/dock/feed"])
async def test_a_browser_finds_the_page_and_it_may_run_nothing_inline(server: WebServer, path: str) -> None:
    headers = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
    async with aiohttp.ClientSession() as http, http.get(f"{server.url}{path}", headers=headers) as response:
        assert response.content_type == "text/html"
        assert "<script>" not in await response.text()
        assert "unsafe" not in response.headers["Content-Security-Policy"]


async def test_a_program_finds_at_the_same_address_what_it_always_found(server: WebServer) -> None:
    async with aiohttp.ClientSession() as http, http.get(f"{server.url}/") as response:
        assert "Voxta" in (await response.json())["message"]


@pytest.mark.parametrize("path", ["../overlay.js", "%2e%2e/overlay.js", "nothing.js", "desk.html"])
async def test_nothing_but_the_desks_own_files_is_served(server: WebServer, path: str) -> None:
    async with aiohttp.ClientSession() as http, http.get(f"{server.url}/static/desk/{path}") as response:
        assert response.status in (404, 200)
        assert "overlay" in path or response.status == 404


async def test_a_moderator_who_opens_page_after_page_keeps_nobody_else_out(
    counter: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = "a-token-nobody-guesses"
    monkeypatch.setattr(routes, "MAX_DESKS", 2)
    async with staged(token=token, desk=counter.desk) as stage, AsyncExitStack() as pages:
        _, mia = await stage.links.create("Mia")
        _, ben = await stage.links.create("Ben")
        for _ in range(2):
            await pages.enter_async_context(opened(stage.url, Authorization=f"Bearer {mia}"))

        with pytest.raises(aiohttp.WSServerHandshakeError, match="503"):
            await pages.enter_async_context(opened(stage.url, Authorization=f"Bearer {mia}"))

        for other in (ben, token):
            await pages.enter_async_context(opened(stage.url, Authorization=f"Bearer {other}"))
