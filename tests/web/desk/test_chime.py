"""The sound of the desk in a browser that plays none before a click."""

import pytest

from relay.web.desk.desk import Desk
from tests.browser import Pages
from tests.recording import until
from tests.web.stage import staged

pytestmark = pytest.mark.asyncio(loop_scope="session")

CHIMES = """
  localStorage.setItem("relay.sound", "on");
  window.notes = 0;
  window.AudioContext = class extends AudioContext { constructor() { super(); window.sound = this; } };
  const start = OscillatorNode.prototype.start;
  OscillatorNode.prototype.start = function (...when) { window.notes += 1; start.apply(this, when); };
  let now = 0;
  performance.now = () => now += 5000;
  addEventListener("load", async () => {
    const { modules } = await import("/static/desk.js");
    Object.assign(window, modules["desk/sound.js"]);
    window.held = Array.from({ length: 5 }, chime);
    console.log("chimed");
  });
"""
"""Five, on a page for which time passes quickly. What a test evaluates there counts as a click."""


async def test_of_what_the_browser_held_back_the_newest_chime_alone_is_heard(pages: Pages) -> None:
    async with pages.strict() as strict, staged(desk=Desk()) as stage, strict.page() as page:
        await page.add_init_script(CHIMES)
        async with page.expect_console_message(lambda line: line.text == "chimed"):
            await page.goto(stage.url)
        assert await page.evaluate("notes") == 0

        await page.locator("body").click()
        await page.evaluate("chime()")
        await until(page, "notes > 0")
        assert await page.evaluate("notes") == 2


async def test_a_chime_that_was_switched_off_while_the_browser_held_it_back_is_not_heard(pages: Pages) -> None:
    async with pages.strict() as strict, staged(desk=Desk()) as stage, strict.page() as page:
        await page.add_init_script(CHIMES)
        async with page.expect_console_message(lambda line: line.text == "chimed"):
            await page.goto(stage.url)

        await page.evaluate("switchChimes(false)")
        await page.evaluate("sound.resume()")  # as some browsers do themselves after a click
        await page.evaluate("Promise.all(held)")
        assert await page.evaluate("notes") == 0
