"""The page that OBS opens from a file, and that waits until the relay is there."""

import stat
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import web

from relay.application.overlay_page import overlay_address, renew_waiting_page, waiting_page
from relay.application.settings import load
from relay.errors import ConfigError
from relay.system.http_server import HttpServer
from relay.web.overlay.waiting import look_in, write_waiting_page
from tests.browser import Pages
from tests.support import eventually
from tests.web.stage import NotingSink, staged


@pytest.mark.asyncio(loop_scope="session")
async def test_a_page_that_is_there_before_the_relay_opens_the_overlay_as_soon_as_it_is(
    pages: Pages, tmp_path: Path, unused_tcp_port: int
) -> None:
    page_file = tmp_path / "overlay.html"
    write_waiting_page(page_file, f"http://localhost:{unused_tcp_port}/overlay?look=box&mute=1")
    async with pages.page() as page:
        refused = page.wait_for_event("requestfailed")
        await page.goto(page_file.as_uri())
        await refused
        async with (
            page.expect_event("response", lambda response: response.status == 502) as answered,
            _proxy(port=unused_tcp_port),
        ):
            await answered.value
        async with staged(port=unused_tcp_port) as stage:
            await eventually(lambda: stage.sink.pages == 1)
            await page.wait_for_selector("body[data-look=box]", state="attached")
        async with staged(port=unused_tcp_port) as again:  # and it comes back by itself to one that is started anew
            sink: NotingSink = again.sink
            await eventually(lambda: sink.pages == 1)


@asynccontextmanager
async def _proxy(port: int) -> AsyncIterator[None]:
    """What answers in the place of a relay that is not there."""
    app = web.Application()
    app.router.add_get("/static/awake", _bad_gateway)
    server = HttpServer(app, "localhost", port, stop_within=0.1)
    await server.start()
    try:
        yield
    finally:
        await server.stop()


async def _bad_gateway(_: web.Request) -> web.Response:
    return web.Response(status=502, headers={"Access-Control-Allow-Origin": "*"})


def test_behind_a_proxy_it_opens_the_address_that_browsers_reach(tmp_path: Path) -> None:
    web = {"public_url": "https://relay.example.com/live/", "token": "a-token-of-16-letters"}
    config = load(relay={"data_dir": tmp_path}, web=web)

    address = overlay_address(config, "look=box")

    assert address == "https://relay.example.com/live/overlay?look=box&token=a-token-of-16-letters"


def test_it_keeps_its_look_and_learns_the_address_of_each_start(tmp_path: Path) -> None:
    before = load(relay={"data_dir": tmp_path}, web={"port": 8081, "token": "a-token-of-16-letters"})
    write_waiting_page(waiting_page(before), overlay_address(before, "look=box&size=48"))
    if sys.platform != "win32":
        assert stat.S_IMODE(waiting_page(before).stat().st_mode) == 0o600

    after = load(relay={"data_dir": tmp_path}, web={"port": 8090, "token": "another-token-of-letters"})
    renew_waiting_page(after)

    text = waiting_page(after).read_text("utf-8")
    assert "http://localhost:8090/overlay?look=box&amp;size=48&amp;token=another-token-of-letters" in text
    assert "a-token-of-16-letters" not in text
    assert look_in(waiting_page(after)) == "look=box&size=48"


def test_without_such_a_page_none_is_made(tmp_path: Path) -> None:
    renew_waiting_page(load(relay={"data_dir": tmp_path}))

    assert list(tmp_path.iterdir()) == []


def test_what_is_in_an_address_cannot_leave_its_place_in_the_page(tmp_path: Path) -> None:
    write_waiting_page(tmp_path / "page.html", 'http://localhost/overlay?look="><script>alert(1)</script>')

    assert "<script>alert" not in (tmp_path / "page.html").read_text("utf-8")


def test_a_page_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")

    with pytest.raises(ConfigError, match="cannot be written"):
        write_waiting_page(tmp_path / "file" / "page.html", "http://localhost/overlay")
