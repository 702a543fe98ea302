"""Links for moderators and keys, as the streamer makes and withdraws them on the page."""

from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.async_api import Page, expect

from tests.axe import complaints
from tests.browser import NARROW, Pages
from tests.web.api.stage import TOKEN, desk_stage
from tests.web.desk.office import shown

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def made(page: Page, form: int, name: str) -> str:
    """Fill a form, send it, and take the address that is shown."""
    part = page.locator("form.links-form").nth(form)
    await part.get_by_label("Name").fill(name)
    await part.get_by_role("button", name="Make a").click()
    return await part.get_by_role("textbox", name="Address").input_value()


async def test_links_and_keys_are_made_used_and_withdrawn(pages: Pages, tmp_path: Path) -> None:
    async with (
        desk_stage(tmp_path / "closed", token=TOKEN) as stage,
        desk_stage(tmp_path / "open") as tokenless,
        shown(pages, f"{tokenless.server.url}/?lang=en#links", [], viewport=NARROW) as page,
    ):
        await expect(page.get_by_text("Set a token first")).to_be_visible()
        make = page.get_by_role("button", name="Make a link")
        await expect(make).to_be_disabled()
        await expect(make).to_have_css("background-color", "rgba(0, 0, 0, 0)")  # and looks it

        await page.goto(f"{stage.server.url}/?token={TOKEN}&lang=en#links")

        address = await made(page, 0, "<b>Mia</b>")
        await page.get_by_label("Does", exact=True).select_option("mode")
        await page.get_by_label("whose chat is heard", exact=True).select_option("mentions")
        await stage.links.create("Ben")
        await expect(page.locator(".links-list li")).to_have_count(2)
        key = await made(page, 1, "Deck 1")  # with what was chosen before another link was shown

        assert (await stage.text(urlsplit(key).path))[0] == 200
        assert stage.relay.runtime.switches().mode == "mentions"
        given = page.locator(".links-list li")
        await expect(given).to_contain_text(["<b>Mia</b>", "Ben", "Whose chat is heard mentions"])
        await expect(given.nth(2)).to_contain_text("last used")
        assert await complaints(page, within=".links") == []
        width = await page.evaluate("document.querySelector('.links').getBoundingClientRect().right")
        assert width <= NARROW["width"], "nothing is wider than a narrow dock"

        async with shown(pages, address.replace("/?", "/?lang=en&"), []) as hers:
            await expect(hers.get_by_role("link", name="Support")).to_be_visible()
            await expect(hers.get_by_role("link", name="Links")).to_be_hidden()
            await expect(hers.get_by_role("link", name="Settings")).to_be_hidden()

            withdraw = page.get_by_role("button", name="Withdraw <b>Mia</b>")
            await withdraw.click()
            assert len(stage.links.all()) == 3, "the first press only asks"
            await withdraw.click()
            await expect(given).to_have_count(2)
            await expect(hers.get_by_text("does not accept")).to_be_visible()
