"""What is held is decided in a real browser: by button and by key, by one and by two at once."""

import asyncio
import re
from datetime import UTC, datetime, timedelta

import pytest
import pytest_asyncio
from playwright.async_api import expect

from tests.browser import NARROW
from tests.support import PATIENCE, eventually
from tests.web.desk.office import TERM, Office, is_wider_than_the_screen

pytestmark = pytest.mark.asyncio(loop_scope="session")

HELD = ".held-list > li:not([data-gone])"
MARKED = ".held.first"
"""The one that letters decide."""
HUNDRED = 100


@pytest_asyncio.fixture(autouse=True, loop_scope="session")
async def nothing_is_held(desk: Office) -> None:
    for words in ("reject all", "clear", "resume"):
        await desk.control(words)


async def held(desk: Office, *texts: str) -> list[str]:
    """Have these held; their ids."""
    before = set(desk.held)
    for text in texts:
        await desk.hear(f"{text} {TERM}")
    await eventually(lambda: len(desk.held) == len(before) + len(texts))
    return [held_id for held_id in desk.held if held_id not in before]


async def test_a_hundred_held_messages_are_decided_in_a_row_by_key(desk: Office) -> None:
    async with desk.page() as page:
        await held(desk, *(f"number {number}" for number in range(HUNDRED)))
        await expect(page.locator(HELD)).to_have_count(HUNDRED)
        await expect(page).to_have_title(re.compile(r"^\(100\)"))

        await page.locator(HELD).first.get_by_role("button", name="Reject").focus()
        for _ in range(HUNDRED):
            await page.keyboard.press("Enter")

        await expect(page.locator(HELD)).to_have_count(0)
        await expect(page).to_have_title("Voxta Relay")
    assert desk.held == []


async def test_letters_decide_the_first_one_and_never_one_that_has_only_just_come_there(desk: Office) -> None:
    async with desk.page(kept=False) as page:
        await page.clock.install()
        await page.clock.pause_at(datetime.now(UTC) + timedelta(hours=1))
        one, two, three = await held(desk, "one", "two", "three")
        await expect(page.locator(HELD)).to_have_count(3)
        await page.clock.run_for(300)
        await page.keyboard.press("a")
        (four,) = await held(desk, "four")
        await expect(page.locator(HELD)).to_have_count(4)
        await page.clock.run_for(100)
        await expect(page.locator(MARKED)).to_contain_text("one")

        await desk.control(f"reject {one} {four}")
        await expect(page.locator(HELD)).to_have_count(2)
        await page.clock.run_for(300)
        await page.keyboard.press("a")
        await page.clock.run_for(100)
        await expect(page.locator(MARKED)).to_contain_text("two")
        assert desk.held == [two, three]

        await page.keyboard.press("r")
        await page.keyboard.press("a")
        await eventually(lambda: desk.held == [])


async def test_letters_decide_what_stands_first_however_late_it_came_to_the_page(desk: Office) -> None:
    async with desk.page() as page:
        [shown_before] = await held(desk, "this came later")
        [later] = desk.relay.runtime.held()
        await expect(page.locator(MARKED)).to_contain_text("this came later")

        await desk.hear(f"this was written before {TERM}", at=later.at - 1)
        await expect(page.locator(HELD)).to_have_count(2)
        await expect(page.locator(HELD).first).to_contain_text("this was written before")
        await expect(page.locator(MARKED)).to_contain_text("this was written before")

        await page.keyboard.press("a")
        await eventually(lambda: desk.held == [shown_before])


async def test_enter_decides_nothing_that_took_the_place_of_what_somebody_else_decided(desk: Office) -> None:
    async with desk.page() as page:
        one, two, three = await held(desk, "one", "two", "three")
        await expect(page.locator(HELD)).to_have_count(3)
        await page.locator(HELD).first.get_by_role("button", name="Approve").focus()

        for decided in (one, two):
            await desk.control(f"reject {decided}")
        await expect(page.locator(HELD)).to_have_count(1)
        await expect(page.locator(HELD)).to_be_focused()
        await page.keyboard.press("Enter")

        await page.keyboard.press("Tab")
        await expect(page.locator(HELD).get_by_role("button", name="Approve")).to_be_focused()
        assert desk.held == [three]

        await desk.control(f"reject {three}")
        await expect(page.locator(".held-list")).to_be_focused()


async def test_what_is_held_is_put_into_other_words(desk: Office) -> None:
    async with desk.page() as page:
        await held(desk, "the end of it is a")
        await expect(page.locator(MARKED)).to_be_visible()
        await page.keyboard.press("e")
        field = page.get_by_label("New text")
        await field.fill("a friendlier question?")
        await field.press("Control+Enter")

        await expect(page.locator(HELD)).to_have_count(0)
    await eventually(
        lambda: "a friendlier question?" in str(desk.relay.session.chat and desk.relay.session.chat.history)
    )


async def test_who_puts_something_into_other_words_decides_nothing_else_when_somebody_was_faster(desk: Office) -> None:
    async with desk.page() as page:
        one, two = await held(desk, "one", "two")
        await expect(page.locator(MARKED)).to_contain_text("one")
        await page.keyboard.press("e")
        await page.keyboard.type("a friendlier one")

        await desk.control(f"reject {one}")
        await expect(page.get_by_text("This waits for no decision any more.")).to_be_visible()
        await expect(page.locator(MARKED)).to_contain_text("two")
        await page.keyboard.type(", are you")
        await expect(page.get_by_label("New text")).to_have_value(re.compile("a friendlier one, are you$"))
        assert desk.held == [two]

        await page.keyboard.press("Escape")
        await expect(page.get_by_label("New text")).to_have_count(0)
        await expect(page.locator(HELD)).to_be_focused()


async def test_a_card_says_who_wrote_it_and_where_as_the_other_lists_do(desk: Office) -> None:
    async with desk.page() as page:
        await desk.hear(f"I am Ann {TERM}", author="Ann")
        await expect(page.locator(f"{HELD} .card-head")).to_contain_text("AnnTwitch")
        await expect(page.get_by_role("button", name="Approve: Ann", exact=True)).to_be_visible()


async def test_the_offending_part_is_marked(desk: Office) -> None:
    async with desk.page() as page:
        await held(desk, "\N{PILE OF POO} is a")
        await expect(page.locator(f"{HELD} mark")).to_have_text(TERM)


async def test_two_moderators_see_what_the_other_decides_and_undo_nothing(desk: Office) -> None:
    async with desk.page() as one, desk.page("/dock/decide") as other:
        [held_id] = await held(desk, "both look at this")
        for page in (one, other):
            await expect(page.locator(HELD)).to_have_count(1)
        decided = {
            page: await page.locator(HELD).get_by_role("button", name=act).element_handle()
            for page, act in ((one, "Approve"), (other, "Reject"))
        }

        # a press counts that comes when the row is on its way out
        await asyncio.gather(*(button.evaluate("button => button.click()") for button in decided.values()))

        for page in (one, other):
            await expect(page.locator(HELD)).to_have_count(0)
        assert held_id not in desk.held
        notices, failed = [page.locator(".notice.failed") for page in (one, other)], 0
        async with asyncio.timeout(PATIENCE):
            while not failed:  # a row may be gone before its page learns that it came second
                failed = sum([await each.count() for each in notices])
        assert failed == 1


async def test_nothing_that_viewers_write_becomes_markup_or_breaks_the_page(desk: Office) -> None:
    hostile = (
        '<img src=x onerror="document.title=1">',
        "\u202e<script>alert(1)</script>",
        "\u200b\u2060" * 500,
        "W" * 10_000,
        "{name} {count} \\u003cb\\u003e",
    )
    await desk.control("pause")
    async with desk.page(viewport=NARROW) as page:
        for text in hostile:
            await desk.hear(f"{TERM} {text}", author=text[:25])
            await desk.hear(text, author=f"a{text[:25]}")
        # those before it have been looked at by then
        await eventually(lambda: any(hostile[-1] in each.text for each in desk.relay.runtime.held()))
        await expect(page.locator(HELD)).to_have_count(len(desk.held))
        await expect(page.locator(".waiting > li").first).to_be_visible()

        assert await page.locator("img, script:not([src]), b, i").count() == 0
        assert await is_wider_than_the_screen(page) == 0
        assert "\u202e" not in await page.locator("body").inner_text()


async def test_guarded_buttons_act_on_the_second_press_alone(desk: Office) -> None:
    async with desk.page("/dock/decide", viewport=NARROW) as page:
        await held(desk, "one", "two")
        button = page.get_by_role("button", name="Reject all")
        await button.click()
        await expect(page.get_by_role("button", name="Sure?")).to_be_visible()
        assert len(desk.held) == 2

        await page.get_by_role("button", name="Sure?").click()
        await eventually(lambda: desk.held == [])
