"""The desk in a real browser, over a running relay."""

from datetime import UTC, datetime, timedelta

import pytest
from aiohttp import ClientSession
from playwright.async_api import expect

from tests.support import eventually
from tests.web.desk.office import FLOOR, Office

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_the_floor_is_told_in_words_and_colour(desk: Office) -> None:
    async with desk.page() as page:
        await expect(page.locator(FLOOR)).to_have_text("Free")

        await page.get_by_role("button", name="Pause").click()
        await expect(page.locator(FLOOR)).to_have_text("Paused")
        await expect(page.locator(".floor")).to_have_attribute("data-floor", "paused")

        await page.get_by_role("button", name="Resume").click()
        await expect(page.locator(FLOOR)).to_have_text("Free")


async def test_one_press_is_an_emergency_and_one_more_its_end(desk: Office) -> None:
    async with desk.page() as page:
        await page.get_by_role("button", name="Emergency").click()
        await expect(page.locator(FLOOR)).to_have_text("Paused")

        await page.get_by_role("button", name="Resume").click()

        await eventually(lambda: not desk.relay.runtime.switches().paused)


async def test_two_who_pause_at_once_let_nothing_go_on(desk: Office) -> None:
    async with desk.page(kept=False) as page:
        await page.clock.install()
        await expect(page.locator(FLOOR)).to_have_text("Free")
        await page.clock.pause_at(datetime.now(UTC) + timedelta(hours=1))
        await desk.control("pause")
        await expect(page.locator(FLOOR)).to_have_text("Paused")

        await page.keyboard.press("p")
        await expect(page.locator(".notice")).to_have_count(1)
        assert desk.relay.runtime.switches().paused

        await page.clock.run_for(1000)
        await page.keyboard.press("p")
        await eventually(lambda: not desk.relay.runtime.switches().paused)


async def test_a_press_that_failed_does_not_make_the_pause_of_somebody_else_ones_own(desk: Office) -> None:
    async with desk.page(kept=False) as page:
        await page.clock.install()
        await expect(page.locator(FLOOR)).to_have_text("Free")
        await page.clock.pause_at(datetime.now(UTC) + timedelta(hours=1))
        with desk.refusing("not now"):
            await page.keyboard.press("p")
            await expect(page.locator(".notice.failed")).to_contain_text("not now")

        await desk.control("pause")
        await expect(page.locator(FLOOR)).to_have_text("Paused")
        await page.keyboard.press("p")
        await expect(page.locator(".notice")).to_have_count(2)
        assert desk.relay.runtime.switches().paused
    await desk.control("resume")


async def test_keys_work_wherever_nobody_types(desk: Office) -> None:
    async with desk.page() as page:
        await expect(page.locator(FLOOR)).to_have_text("Free")
        await page.keyboard.press("p")
        await expect(page.locator(FLOOR)).to_have_text("Paused")

        await page.keyboard.press("?")
        await page.keyboard.press("p")
        await page.get_by_label("Keys are on").uncheck()
        await page.keyboard.press("Escape")
        await page.keyboard.press("p")
        await expect(page.locator(FLOOR)).to_have_text("Paused")
        assert desk.relay.runtime.switches().paused

        await page.keyboard.press("?")
    await desk.control("resume")


async def test_keys_work_on_what_takes_no_letters(desk: Office) -> None:
    silenced = await desk.control("interrupt")
    async with desk.page("/#rules") as page:
        await page.get_by_label("Volume").focus()
        await page.keyboard.press("p")
        await expect(page.locator(FLOOR)).to_have_text("Paused")

        await page.get_by_label("Whose chat is heard").focus()
        await page.keyboard.press("p")  # it goes to what begins with it
        await page.keyboard.press("Escape")
        await expect(page.get_by_text(silenced)).to_be_visible()
    assert desk.relay.runtime.switches().paused
    await desk.control("resume")


async def test_another_site_gets_nothing(desk: Office) -> None:
    async with ClientSession() as http:
        for path in ("/", "/dock", "/desk/ws", "/desk/texts/de.json"):
            async with http.get(f"{desk.url}{path}", headers={"Origin": "https://evil.example"}) as answer:
                assert answer.status == 403


async def test_it_speaks_german(desk: Office) -> None:
    async with desk.page(locale="de-AT") as page:
        await expect(page.locator("html")).to_have_attribute("lang", "de")
        await expect(page.get_by_role("button", name="Notfall")).to_be_visible()


async def test_it_says_in_german_what_the_relay_itself_answers(desk: Office) -> None:
    async with desk.page(locale="de-DE") as page:
        await page.get_by_role("button", name="Pause", exact=True).click()
        await expect(page.locator(".notice span")).to_have_text(
            "Pausiert. Was kommt, wartet, solange es das Erzählen wert ist."
        )


@pytest.mark.parametrize(
    ("english", "german"),
    [
        ("waited too long", "hat zu lange gewartet"),
        ("same as Ann", "dasselbe wie Ann"),
        ("OBS cannot be reached at ws://a:1", "OBS ist unter ws://a:1 nicht zu erreichen"),
        ("the link cannot be kept: no page is open", "der Link lässt sich nicht speichern: keine Seite ist offen"),
        ("no page is open; open", "keine Seite ist offen; offen"),
        ("What {nobody} (here) wrote", "What {nobody} (here) wrote"),
        (
            "'{b}' uses b; known fields are a, c (got '{b}')",
            "'{b}' benutzt b; bekannte Felder sind a, c (da steht '{b}')",
        ),
        ("write a number of 2 or less (got 80)", "schreib eine Zahl bis höchstens 2 (da steht 80)"),
    ],
)
async def test_a_text_of_the_relay_is_known_again_whatever_stands_in_it(
    desk: Office, english: str, german: str
) -> None:
    async with desk.page(locale="de-DE") as page:
        with desk.refusing(english):
            await page.get_by_role("button", name="Ruhe", exact=True).click()
            await expect(page.locator(".notice span")).to_have_text(german)
