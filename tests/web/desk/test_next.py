"""What waits is looked through in a real browser, while it goes away under the pointer."""

import pytest
import pytest_asyncio
from playwright.async_api import Page, expect

from relay.model import Kind
from tests.web.desk.office import Office

pytestmark = pytest.mark.asyncio(loop_scope="session")

ROWS = ".waiting > li"


@pytest_asyncio.fixture(autouse=True, loop_scope="session")
async def nothing_waits(desk: Office) -> None:
    for words in ("clear", "resume"):
        await desk.control(words)


async def under(page: Page, place: dict[str, float]) -> str | None:
    """What button a click hits there."""
    label = "([x, y]) => document.elementFromPoint(x, y)?.closest('button')?.ariaLabel ?? null"
    found: str | None = await page.evaluate(label, [place["x"], place["y"]])
    return found


@pytest.mark.parametrize("by", ["pointer", "keys"])
async def test_no_row_takes_the_place_of_one_that_somebody_is_at(desk: Office, by: str) -> None:
    await desk.control("pause")
    for name in ("Gus", "Hal"):
        await desk.hear(f"I am {name}, and am hit by {by}", author=name)
    async with desk.page(kept=False) as page:
        button = page.get_by_role("button", name="Drop: Gus")
        await expect(page.locator(ROWS)).to_have_count(2)
        await (button.hover() if by == "pointer" else button.focus())

        await desk.hear(f"I go before all {by}", author="Ina", kind=Kind.RAID)
        await expect(page.locator(ROWS, has_text="I go before")).to_be_visible()
        await expect(page.locator(ROWS)).to_contain_text(["Gus", "Hal", "Ina"])
        await expect(page.get_by_text("Once you leave the list")).to_be_visible()

        await page.get_by_role("heading", name="Next").hover()
        await button.blur()
        await expect(page.locator(ROWS)).to_contain_text(["Ina", "Gus", "Hal"])
        await expect(page.get_by_text("Once you leave the list")).to_be_hidden()


async def test_what_leaves_by_itself_keeps_its_place_for_a_moment(desk: Office) -> None:
    await desk.control("pause")
    first, _ = await desk.hear("me first", author="Ann"), await desk.hear("then me", author="Bob")
    async with desk.page(kept=False) as page:
        await page.clock.install()
        await expect(page.locator(ROWS)).to_have_count(2)
        button = page.get_by_role("button", name="Drop: Ann")
        await button.focus()
        box = await button.bounding_box()
        assert box is not None
        middle = {"x": box["x"] + box["width"] / 2, "y": box["y"] + box["height"] / 2}
        assert await under(page, middle) == "Drop: Ann"

        await page.clock.pause_at("2100-01-01")
        await desk.relay.runtime.drop(first.key)
        await expect(button).to_be_hidden()
        assert await under(page, middle) is None
        assert await page.evaluate("document.activeElement.className") == "waiting", "where the next row is near"

        await page.clock.run_for(1000)
        await expect(page.locator(ROWS)).to_have_count(1)
        assert await under(page, middle) == "Drop: Bob"


async def test_what_leaves_by_itself_after_it_could_not_be_dropped_keeps_its_place_too(desk: Office) -> None:
    await desk.control("pause")
    first, _ = await desk.hear("I am Eve", author="Eve"), await desk.hear("I am Fay", author="Fay")
    async with desk.page(kept=False) as page:
        await page.clock.install()
        await expect(page.locator(ROWS)).to_have_count(2)
        button = page.get_by_role("button", name="Drop: Eve")
        await page.clock.pause_at("2100-01-01")
        with desk.refusing("not now"):
            await button.press("Enter")
            await expect(page.locator(".notice.failed")).to_contain_text("not now")

        await desk.relay.runtime.drop(first.key)
        await expect(button).to_be_hidden()
        assert await page.locator(ROWS).count() == 2


async def test_what_is_dropped_here_makes_room_at_once(desk: Office) -> None:
    await desk.control("pause")
    for name in ("Cleo", "Dan"):
        await desk.hear(f"I am {name}", author=name)
    async with desk.page(kept=False) as page:
        await page.clock.install()
        await expect(page.locator(ROWS, has_text="Dan")).to_be_visible()
        await page.clock.pause_at("2100-01-01")
        await page.get_by_role("button", name="Drop: Cleo").press("Enter")
        await expect(page.locator(ROWS, has_text="Cleo")).to_have_count(0)
        await page.keyboard.press("Tab")
        await expect(page.locator(ROWS).first.get_by_role("button", name="Now")).to_be_focused()
