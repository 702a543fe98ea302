"""What is told again is told once more, however often it is pressed meanwhile."""

import pytest
from playwright.async_api import expect

from tests.web.desk.office import Office

pytestmark = pytest.mark.asyncio(loop_scope="session")

SUPPORT = """async () => {
  const { support } = (await import("/static/desk.js")).modules["desk/support.js"];
  const raid = {
    id: "twitch:1", n: 0, type: "message", kind: "raid", who: "Ann", viewer: "twitch:1", platform: "twitch", text: "",
    amount: 7, detail: null, pretended: false, again: 0, age: 0, outcome: "forwarded", reason: null, reply: null,
    told_again: 0, ticked: null,
  };
  const watch = (_, show) => setTimeout(() => show({ anew: true, total: 1, rows: [raid] }));
  window.asked = [];
  const viewer = { roles: [], rows: [], remembered: null, muted: false };
  const told = (action) => new Promise((answer) => { window.asked.push(action); window.done = answer; });
  const ask = async (action) => (action === "viewer" ? viewer : told(action));
  document.querySelector("main").replaceChildren(support({ watch, ask }));
}"""
"""The view, over a connection that answers when the test says so."""


@pytest.mark.parametrize(("button", "opens"), [("Tell again", False), ("Answer again", True)])
async def test_a_second_press_before_the_answer_does_nothing(desk: Office, button: str, opens: bool) -> None:
    async with desk.page("/#support") as page:
        await page.evaluate(SUPPORT)
        if opens:
            await page.get_by_text("raids with 7 viewers").click()
        again = page.get_by_role("dialog" if opens else "feed").get_by_role("button", name=button)
        await again.dblclick()
        assert await page.evaluate("asked") == ["again"]

        await page.evaluate("done()")
        await expect(page.locator(".notice")).to_contain_text("It is told again.")
        await again.click()
        assert await page.evaluate("asked") == ["again", "again"]
