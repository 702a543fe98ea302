"""What moderators set, on the page: it does what the controls in chat do, and shows what anybody has set."""

import pytest
from playwright.async_api import expect

from relay.errors import InboxError
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

        back = ("As configured: kind.follow", "No quiet hours", "As configured", "Unmute: bob", "Allow: dragon fruit")
        for name in back:
            button = page.get_by_role("button", name=name, exact=True, disabled=False)
            await button.click()
            await expect(button).to_have_count(0)  # what stands below has moved when it is pressed next
        await page.get_by_label("Whose chat is heard").select_option("all")
        await eventually(lambda: switches() == Switches())


async def test_what_is_pressed_counts_although_others_set_something_meanwhile(desk: Office) -> None:
    lists = (("rate kind.{} 3", "As configured: kind.{}"), ("mute {}", "Unmute: {}"), ("block {}", "Allow: {}"))
    for control, _ in lists:
        await desk.control(control.format("follow"))

    async with desk.page("/#rules") as page:
        for control, back in lists:
            pressed, other = (page.get_by_role("button", name=back.format(name)) for name in ("follow", "raid"))
            await pressed.hover()
            await page.mouse.down()
            await desk.control(control.format("raid"))
            await expect(other).to_be_visible()
            await page.mouse.up()
            await expect(pressed).to_have_count(0)
            await other.click()
            await expect(other).to_have_count(0)

    assert desk.relay.runtime.switches() == Switches()


async def test_what_others_set_is_shown_and_a_mistake_is_told(desk: Office) -> None:
    async with desk.page("/#rules") as page:
        await desk.control("mode mentions")
        await expect(page.get_by_label("Whose chat is heard")).to_have_value("mentions")

        await page.get_by_label("A word, a phrase").fill("/(/")
        await page.get_by_label("A word, a phrase").press("Enter")
        await expect(page.locator(".notice.failed")).to_be_visible()
        await expect(page.get_by_label("A word, a phrase")).to_have_value("/(/")
        await desk.control("mode all")


async def test_what_was_not_taken_does_not_stay_on_the_page(desk: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    async with desk.page("/#rules") as page:
        mode, volume = page.get_by_label("Whose chat is heard"), page.get_by_label("Volume")
        await expect(volume).to_have_value("100")
        monkeypatch.setattr(desk.relay.controls, "carry_out", unavailable)

        await mode.select_option("subscribers")
        await expect(page.locator(".notice.failed")).to_have_count(1)
        await expect(mode).to_have_value("all")
        await volume.fill("0")
        await expect(volume).to_have_value("100")


async def unavailable(*_: object) -> str:
    raise InboxError("Redis does not answer")
