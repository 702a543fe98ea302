"""From nothing to a companion that answers in the page: no settings, no account, a browser."""

import io
import time
from pathlib import Path
from typing import Final, Literal

import pytest
from playwright.async_api import Locator, Page, expect
from rich.console import Console

from relay.application.runs import live
from relay.application.settings.file import SettingsFile
from tests.browser import browser
from tests.support import alongside, eventually

CLICKS: Final = 8


class Clicker:
    """Somebody with a mouse, who counts."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self.clicks = 0

    async def press(self, name: str, role: Literal["button", "link"] = "button") -> None:
        await self._click(self._page.get_by_role(role, name=name))

    async def write(self, label: str, text: str) -> None:
        await self._click(self._page.get_by_label(label))
        await self._page.keyboard.type(text)

    async def _click(self, what: Locator) -> None:
        self.clicks += 1
        await what.click()


async def test_from_nothing_to_a_companion_that_answers_in_eight_clicks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, unused_tcp_port: int, capsys: pytest.CaptureFixture[str]
) -> None:
    places = {"WEB__PORT": unused_tcp_port, "COMPANION__PORT": 0, "RELAY__DATA_DIR": tmp_path / "data"}
    for name, value in places.items():
        monkeypatch.setenv(f"RELAY_{name}", str(value))
    file = SettingsFile(tmp_path / "relay.toml")
    file.path.write_text("", "utf-8")
    began = time.monotonic()
    async with alongside(live(file, Console(file=io.StringIO()), mends=False)), browser() as chromium:
        await eventually(lambda: [*tmp_path.glob("data/*.control")] != [])
        page = await chromium.new_page()
        await page.goto(f"http://127.0.0.1:{unused_tcp_port}/")
        hand = Clicker(page)

        await hand.press("Change: The companion")  # a first visit opens the set-up by itself
        await hand.press("Go on")
        await expect(page.get_by_role("heading", name="Who is your companion?")).to_be_focused()
        for key in ("Tab", "ControlOrMeta+A", *"Nova"):
            await page.keyboard.press(key)
        await hand.press("Go on")
        await hand.press("Go on")
        await hand.press("Restart now")
        await expect(page.get_by_role("button", name="Restart now")).to_be_hidden()
        await hand.press("Try", "link")
        await hand.write("What they ask", "What is your name?")
        await hand.press("Pretend")
        await expect(page.get_by_role("feed", name="What comes of it")).to_contain_text("Nova")

        with capsys.disabled():
            print(f"\nfrom nothing to an answer: {time.monotonic() - began:.1f} s, {hand.clicks} clicks")
    assert hand.clicks <= CLICKS
    assert 'name = "Nova"' in file.path.read_text("utf-8")
