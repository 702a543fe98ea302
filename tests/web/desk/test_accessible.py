"""Every view and dock of the desk is accessible: axe finds nothing, and nothing needs a wide screen."""

import pytest
from playwright.async_api import expect

from tests.axe import COLOURS, complaints
from tests.browser import NARROW, WIDE
from tests.web.desk.office import FLOOR, TERM, Office, is_wider_than_the_screen

pytestmark = pytest.mark.asyncio(loop_scope="session")

VIEWS = ("live", "support", "rules", "try", "links")
"""Those of a relay without a settings file; set-up and settings have tests of their own."""
DOCKS = ("", "/next", "/decide", "/feed")


async def test_every_view_is_accessible_and_fits_a_phone(desk: Office) -> None:
    await desk.control("pause")
    await desk.hear(f"a {TERM}")
    await desk.hear("what is this?")
    async with desk.page(color_scheme="light", reduced_motion="reduce") as page:
        await expect(page.locator(".held-list > li")).not_to_have_count(0)
        for view in VIEWS:
            await page.evaluate(f"location.hash = '{view}'")
            await expect(page.locator(f"nav a[href='#{view}']")).to_have_attribute("aria-current", "page")
            for size in (WIDE, NARROW):
                await page.set_viewport_size(size)
                assert await is_wider_than_the_screen(page) == 0, view
                assert await complaints(page) == [], view
                for link in await page.locator("nav a:visible").all():
                    await expect(link).to_be_in_viewport(ratio=1)
            await page.emulate_media(color_scheme="dark")  # what is shown, in which colours, is the same at each size
            assert await complaints(page, COLOURS) == [], f"{view} in the dark"
            await page.emulate_media(color_scheme="light")
        await page.evaluate("location.hash = 'live'")
        await expect(page.get_by_role("feed")).to_be_visible()
        await page.get_by_role("searchbox", name="Search the feed").fill("what nobody has said")
        await expect(page.get_by_role("feed")).to_be_hidden()  # one that has no article is in nobody's way


async def test_every_dock_is_accessible_and_fits_a_narrow_column(desk: Office) -> None:
    await desk.control("pause")
    async with desk.page("/dock", viewport=NARROW) as page:
        for dock in DOCKS:
            await page.goto(f"{desk.url}/dock{dock}")
            await expect(page.locator(FLOOR)).to_have_text("Paused")
            assert await is_wider_than_the_screen(page) == 0, dock
            assert await complaints(page) == [], dock
