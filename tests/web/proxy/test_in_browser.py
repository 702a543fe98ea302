"""Pages of one companion of many in a real browser: under a path of their own, before cores that come and go."""

from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from tests.browser import Pages
from tests.recording import until
from tests.support import eventually
from tests.web.clips import clip
from tests.web.desk.office import FLOOR, office, shown
from tests.web.desk.test_away import desk
from tests.web.proxy.front import KnownCores, core, front, upstream
from tests.web.stage import Stage

pytestmark = pytest.mark.asyncio(loop_scope="session")

TOKEN = "a-token-nobody-guesses"


async def test_the_desk_of_one_companion_works_under_a_path_of_its_own(pages: Pages, tmp_path: Path) -> None:
    cores, complaints = KnownCores(), list[str]()
    async with (
        front(cores, is_known="ann".__eq__) as proxy,
        office(pages, tmp_path, upstream=upstream(), web={"port": 0, "token": TOKEN}) as ann,
    ):
        await cores.take_over("ann", ann.core)
        await ann.hear("hello there", author="Mia")
        for path in ("", "/dock/feed"):
            address = f"{proxy.url}/c/ann{path}?token={TOKEN}"
            async with shown(pages, address, complaints, locale="de") as page:
                await expect(page.locator("body")).to_contain_text("hello there")
                await expect(page.locator("html")).to_have_attribute("lang", "de")
        async with shown(pages, f"{proxy.url}/c/ann/?token={TOKEN}#links", complaints) as page:
            form = page.locator("form.links-form").nth(0)
            await form.get_by_label("Name").fill("Ben")
            await form.get_by_role("button", name="Make a").click()
            link = await form.get_by_role("textbox", name="Address").input_value()
        assert link.startswith(f"{proxy.url}/c/ann/?token=")
        async with shown(pages, link, complaints) as page:
            await expect(page.locator("body")).to_contain_text("hello there")
    assert complaints == []


async def test_an_open_desk_shows_how_things_are_with_the_core_that_took_over(pages: Pages) -> None:
    cores = KnownCores()
    async with front(cores) as proxy:
        async with core(desk=desk("Ada")) as (_, first):
            await cores.take_over("relay", first)
            opened = shown(pages, f"{proxy.url}/dock", [])
            page = await opened.__aenter__()
            await expect(page.locator(FLOOR)).to_have_text("Ada speaks")
        try:
            await expect(page.locator(".away")).to_contain_text("comes back by itself")
            async with core(desk=desk("Eve")) as (_, second):
                await cores.take_over("relay", second)
                await expect(page.locator(FLOOR)).to_have_text("Eve speaks")
        finally:
            await opened.__aexit__(None, None, None)


async def test_an_overlay_is_heard_again_with_the_core_that_took_over(pages: Pages) -> None:
    cores = KnownCores()
    async with front(cores, is_known="ann".__eq__) as proxy, pages.page(recorded=True) as page:
        await page.goto(f"{proxy.url}/c/ann/overlay")  # as OBS does that starts before the relay
        await expect(page.locator("body")).to_contain_text("another takes over within seconds")
        async with core() as (stage, first):
            await cores.take_over("ann", first)
            await plays(page, stage, "One.")
        async with core() as (stage, second):
            await cores.take_over("ann", second)
            await plays(page, stage, "Two.")


async def plays(page: Page, stage: Stage, text: str) -> None:
    """The page comes by itself, and what the companion says is heard on it."""
    await eventually(lambda: stage.sink.is_open)
    stage.sink.play(clip(text, seconds=20.0))
    await eventually(lambda: f"{text} started" in stage.ear.notes)
    await expect(page.locator("#caption .words")).to_have_text(text)
    await until(page, "isLoud()")
