"""What moderators set, on the page: it does what the controls in chat do, and shows what anybody has set."""

import pytest
from playwright.async_api import expect

from relay.moderation.switches import Mode, Switches
from tests.support import eventually
from tests.web.desk.office import Office

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_all_that_moderators_set_can_be_set_and_taken_back_on_the_page(desk: Office) -> None:
    switches = desk.relay.runtime.switches

    async with desk.page("/#rules") as page:
        await page.get_by_label("Whose chat is heard").select_option("subscribers")
        await page.get_by_label("Rate of").fill("kind.follow")
        await page.get_by_label("Messages a minute").fill("3")
        await page.get_by_label("Messages a minute").press("Enter")
        await page.get_by_label("Quiet hours").fill("23:00-07:30")
        await page.get_by_label("Quiet hours").press("Enter")
        await page.get_by_label("Volume").fill("50")
        await page.get_by_label("Name, or platform:id").fill("Bob")
        await page.get_by_role("button", name="Mute", exact=True).click()
        await page.get_by_label("A word, a phrase").fill("dragon fruit")
        await page.get_by_role("button", name="Block", exact=True).click()
        wanted = Switches(
            mode=Mode.SUBSCRIBERS,
            rates={"kind.follow": 3.0},
            quiet_hours="23:00-07:30",
            volume=0.5,
            muted=frozenset({"bob"}),
            blocked_terms=("dragon fruit",),
        )
        await eventually(lambda: switches() == wanted)

        await page.get_by_role("button", name="As configured: kind.follow").click()
        await page.get_by_role("button", name="No quiet hours").click()
        await page.get_by_role("button", name="As configured", exact=True).click()
        await page.get_by_role("button", name="Unmute: bob").click()
        await page.get_by_role("button", name="Allow: dragon fruit").click()
        await page.get_by_label("Whose chat is heard").select_option("all")
        await eventually(lambda: switches() == Switches())


async def test_what_others_set_is_shown_and_a_mistake_is_told(desk: Office) -> None:
    async with desk.page("/#rules") as page:
        await desk.control("mode mentions")
        await expect(page.get_by_label("Whose chat is heard")).to_have_value("mentions")

        await page.get_by_label("A word, a phrase").fill("/(/")
        await page.get_by_label("A word, a phrase").press("Enter")
        await expect(page.locator(".notice.failed")).to_be_visible()
        await expect(page.get_by_label("A word, a phrase")).to_have_value("/(/")
        await desk.control("mode all")
