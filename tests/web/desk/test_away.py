"""The relay goes away under an open page, and comes back: with the same door, or with another key."""

import asyncio

import pytest
from playwright.async_api import expect

from relay.web.desk.desk import Desk
from relay.web.desk.topics import Topic
from tests.browser import Pages
from tests.doubles.ports import free_port
from tests.web.desk.office import shown
from tests.web.stage import staged

pytestmark = pytest.mark.asyncio(loop_scope="session")

TOKEN = "a-token-nobody-guesses"


def desk(character: str) -> Desk:
    """One that shows who speaks."""
    strip = {
        "character": character,
        "floor": {"state": "speaking", "talking": []},
        "switches": {"paused": False, "mode": "all", "volume": None},
        "held": 0,
    }
    made = Desk(about=lambda: {"version": "1"})
    made.topics.add(Topic("strip", lambda: strip, lambda: 0.0))
    return made


async def test_a_page_comes_back_by_itself_and_is_told_how_things_are_now(pages: Pages) -> None:
    port = free_port()
    async with staged(port=port, token=TOKEN, desk=desk("Ada")) as stage:
        opened = shown(pages, f"{stage.url}/dock?token={TOKEN}", [])
        page = await opened.__aenter__()
        await expect(page.locator(".floor-words")).to_have_text("Ada speaks")
    try:
        await expect(page.locator(".away")).to_contain_text("comes back by itself")
        await expect(page.locator(".floor-words")).to_have_text("No connection to the relay")

        async with staged(port=port, token=TOKEN, desk=desk("Eve")):
            await expect(page.locator(".floor-words")).to_have_text("Eve speaks")
            await expect(page.locator(".away")).to_be_hidden()

        async with staged(port=port, token=TOKEN[::-1], desk=desk("Eve")):
            await expect(page.locator(".away")).to_contain_text("does not accept")
            await expect(page.locator(".floor-words")).not_to_have_text("Eve speaks")
    finally:
        await opened.__aexit__(None, None, None)


async def test_a_page_that_is_not_told_why_the_relay_went_comes_back_all_the_same(pages: Pages) -> None:
    port = free_port()
    async with staged(port=port, token=TOKEN, desk=desk("Ada")) as stage:
        opened = shown(pages, f"{stage.url}/dock?token={TOKEN}", [])
        page = await opened.__aenter__()
        await page.evaluate(
            """AbortSignal.timeout = () => {
              const abort = new AbortController();
              window.timeIsUp = () => abort.abort();
              return abort.signal;
            }"""
        )
        await page.route("**/dock", lambda _: asyncio.Event().wait())
        await expect(page.locator(".floor-words")).to_have_text("Ada speaks")
    try:
        await page.wait_for_function("Boolean(window.timeIsUp)")
        await page.unroute("**/dock")
        async with staged(port=port, token=TOKEN, desk=desk("Eve")):
            await page.evaluate("timeIsUp()")
            await expect(page.locator(".floor-words")).to_have_text("Eve speaks")
    finally:
        await opened.__aexit__(None, None, None)


async def test_without_the_token_there_is_no_page(pages: Pages) -> None:
    async with staged(token=TOKEN, desk=desk("Ada")) as stage:
        for address in ("/", "/dock", f"/?token={TOKEN}x"):
            async with shown(pages, f"{stage.url}{address}", []) as page:
                assert "token is missing or wrong" in await page.locator("body").inner_text()
