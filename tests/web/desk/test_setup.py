"""The set-up as a streamer sees it, in a real browser: by keyboard alone, in a narrow window."""

import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import pytest
from playwright.async_api import Page, expect

from relay.application.desk.captions import look_action
from relay.application.desk.chapters import all_chapters
from relay.application.desk.connecting import GuidedSetup
from relay.application.desk.kept import KeptSettings
from relay.application.restarts import LiveRun
from relay.application.settings.file import SettingsFile
from relay.models.catalogue import CATALOGUE
from relay.models.store import ModelStore
from relay.obs.browser_sources import WAITING_PAGE
from relay.obs.setting_up import NAME
from relay.web.desk.desk import Desk
from tests.axe import WCAG, complaints
from tests.browser import NARROW, Pages
from tests.doubles.obs import ObsDouble
from tests.doubles.ports import free_port
from tests.models.host import Publisher
from tests.web.desk.office import shown
from tests.web.stage import Stage, staged

pytestmark = pytest.mark.asyncio(loop_scope="session")

PASSWORD: Final = "open sesame"


@dataclass
class Room:
    stage: Stage
    obs: ObsDouble
    file: SettingsFile
    page: Page
    errors: list[str]


def settings_in(folder: Path, *, obs: str = "ws://localhost:4455") -> SettingsFile:
    """A settings file that has little in it."""
    path = folder / "relay.toml"
    path.write_text(f'[relay]\ndata_dir = "{folder.as_posix()}"\n[obs]\nurl = "{obs}"  # the double\n', "utf-8")
    return SettingsFile(path)


@asynccontextmanager
async def running(file: SettingsFile, port: int = 0) -> AsyncIterator[Stage]:
    """One run of a relay with that file, as far as its set-up goes."""
    kept = KeptSettings(LiveRun(file.load(), file))
    desk = Desk()
    async with aclosing(GuidedSetup(all_chapters(), kept)) as setup:
        desk.topics.add(setup.topic)
        desk.actions.add(*setup.actions, look_action(kept.newest))
        async with staged(desk=desk, port=port) as stage:
            yield stage


@asynccontextmanager
async def opened(pages: Pages, folder: Path) -> AsyncIterator[Room]:
    """The set-up of a relay whose settings file lies in that folder."""
    errors: list[str] = []
    async with ObsDouble(password=PASSWORD) as obs:
        file = settings_in(folder, obs=obs.url)
        async with (
            running(file) as stage,
            shown(pages, f"{stage.url}/#setup", errors, viewport=NARROW) as page,
        ):
            yield Room(stage, obs, file, page, errors)


async def press(page: Page, *keys: str) -> None:
    for key in keys:
        await page.keyboard.press(key)


async def assert_accessible(page: Page) -> None:
    """By axe, and nothing of it is wider than the window."""
    assert await complaints(page, WCAG, within="main") == []
    assert await page.evaluate("document.querySelector('main').scrollWidth <= innerWidth")


async def test_obs_is_set_up_by_keyboard_alone_in_a_narrow_window(
    pages: Pages, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("relay.application.settings.secrets.working_keyring", lambda: None)
    async with opened(pages, tmp_path) as room:
        page = room.page
        await expect(page.get_by_role("heading", name="OBS", exact=True)).to_be_visible()
        await assert_accessible(page)

        await page.get_by_role("button", name="Begin: OBS").focus()
        await press(page, "Enter")
        await expect(page.get_by_role("heading", name="Connect to OBS")).to_be_focused()
        await press(page, "Tab")
        await page.keyboard.type("wrong")
        await press(page, "Enter")
        await expect(page.get_by_role("alert")).to_contain_text("OBS refused it")
        await page.keyboard.type(PASSWORD)
        await press(page, "Enter")
        await expect(page.get_by_role("heading", name="OBS is connected")).to_be_focused()
        await assert_accessible(page)
        await expect(page.get_by_label("Mic/Aux")).to_be_checked()
        await press(page, "Tab", "Enter")
        await expect(page.get_by_text("OBS is saved. What was changed counts after a restart.")).to_be_visible()
        await expect(page.get_by_text("Listening to Mic/Aux")).to_be_visible()
        assert room.obs.scenes["Game"] == {"Camera": True, NAME: True}
        assert "# the double" in room.file.path.read_text("utf-8")

        await captions_are_chosen_with_a_preview(room, tmp_path / WAITING_PAGE)
        assert room.errors == []


async def captions_are_chosen_with_a_preview(room: Room, waiting: Path) -> None:
    page = room.page
    await page.get_by_role("button", name="Choose").click()
    await expect(page.get_by_role("heading", name="How captions look")).to_be_focused()
    await page.get_by_label("Look").select_option("bubble")
    await page.get_by_label("Place").select_option("top")
    await page.get_by_label("Lines at most").fill("2")
    preview = page.frame_locator("iframe")
    look = 'body[data-look=bubble][data-at=top] #caption[style*="--lines"]'
    await expect(preview.locator(f"{look} .word.now")).to_be_visible()
    assert await preview.locator("#caption").evaluate("box => box.getBoundingClientRect().top < innerHeight / 3")
    await assert_accessible(page)
    address = await page.get_by_label("Address for a browser source in OBS").input_value()
    assert address.endswith("/overlay?look=bubble&at=top&lines=2")
    assert room.stage.sink.pages == 0  # a preview is no place where anything is heard

    await page.get_by_role("button", name="Show it in OBS").click()
    await expect(page.get_by_text(f"OBS shows it now, in {NAME}.")).to_be_visible()
    assert "/overlay?look=bubble&amp;at=top&amp;lines=2" in waiting.read_text("utf-8")
    assert room.obs.inputs[NAME].settings["is_local_file"] is True


async def test_after_a_restart_each_chapter_asks_its_own_questions(pages: Pages, tmp_path: Path) -> None:
    file, port = settings_in(tmp_path), free_port()
    async with AsyncExitStack() as leaving:
        async with running(file, port) as stage:
            page = await leaving.enter_async_context(shown(pages, f"{stage.url}/#setup", []))
            await page.get_by_role("button", name=re.compile("The room")).click()
            await expect(page.get_by_role("heading", name="How loud is the room?")).to_be_visible()
            await page.get_by_role("button", name="Save").click()
            await expect(page.get_by_text("The room is saved.")).to_be_visible()

        async with running(file, port):
            await expect(page.get_by_text("The room is saved.")).to_be_hidden()
            await page.get_by_role("button", name=re.compile("Interrupting")).click()
            await expect(page.get_by_role("heading", name="Who may interrupt the companion?")).to_be_visible()


async def test_voices_are_described_in_the_language_of_the_page(pages: Pages, tmp_path: Path) -> None:
    errors: list[str] = []
    async with (
        running(settings_in(tmp_path)) as stage,
        shown(pages, f"{stage.url}/#setup", errors, locale="de-DE") as page,
    ):
        on = page.get_by_role("button", name="Weiter", exact=True)
        await page.get_by_role("button", name=re.compile("Die Begleitung")).click()
        await page.get_by_label("Eine Begleitung im Relay selbst").check()
        await on.click()
        await page.get_by_label("Ihr Name").fill("Nova")
        await on.click()
        await page.get_by_label("Eine bessere Stimme auf diesem Rechner").check()
        await on.click()
        await expect(page.get_by_label("thorsten-de: Deutsch, eine Stimme, schnell (nicht hier, 67 MB")).to_have_count(
            1
        )


async def test_a_model_that_is_fetched_shows_how_far_it_is_and_can_be_left(
    pages: Pages, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    errors: list[str] = []
    async with AsyncExitStack() as leaving:
        publisher = await leaving.enter_async_context(Publisher().running())
        publisher.hangs_after = len(publisher.body) // 2
        model = replace(CATALOGUE["kokoro-en"], files=publisher.model().files)
        monkeypatch.setitem(CATALOGUE, "kokoro-en", model)
        stage = await leaving.enter_async_context(running(settings_in(tmp_path)))
        page = await leaving.enter_async_context(shown(pages, f"{stage.url}/#setup", errors, viewport=NARROW))
        on = page.get_by_role("button", name="Go on")
        await page.get_by_role("button", name=re.compile("The companion")).click()
        await page.get_by_label("A companion inside the relay").check()
        await on.click()
        await page.get_by_label("Its name").fill("Nova")
        await on.click()
        await page.get_by_label("A better voice on this computer").check()
        await on.click()
        await page.get_by_label("kokoro-en").check()
        await page.get_by_role("button", name="Let me hear it").click()
        await expect(page.get_by_role("heading", name="Fetch kokoro-en?")).to_be_focused()
        await assert_accessible(page)
        await on.click()
        await expect(page.get_by_role("heading", name="Fetching kokoro-en")).to_be_focused()
        await expect(page.get_by_role("progressbar")).to_have_attribute("value", re.compile(r"0\.[45]"))
        await expect(on).to_be_hidden()
        await assert_accessible(page)

        await page.get_by_role("button", name="Not now").click()
        await expect(page.get_by_role("heading", name="Set up", level=2)).to_be_visible()
        assert (ModelStore(tmp_path / "models").partly("kokoro-en") / "model.tar.bz2.part").exists()
        assert errors == []


async def test_the_address_is_copied_also_by_a_page_that_has_no_clipboard(pages: Pages, tmp_path: Path) -> None:
    """As one of another computer, which came over http."""
    async with running(settings_in(tmp_path)) as stage, shown(pages, f"{stage.url}/#setup", [], kept=False) as page:
        await page.evaluate("Object.defineProperty(navigator, 'clipboard', { value: undefined })")
        await page.evaluate("addEventListener('copy', () => { window.copied = String(getSelection()); })")
        await page.get_by_role("button", name="Choose").click()
        await page.get_by_role("button", name="Copy the address").click()
        await expect(page.locator(".notice")).to_contain_text("Copied.")
        assert (await page.evaluate("copied")).endswith("/overlay")


async def test_an_address_that_the_browser_did_not_copy_is_not_said_to_be(pages: Pages, tmp_path: Path) -> None:
    async with running(settings_in(tmp_path)) as stage, shown(pages, f"{stage.url}/#setup", [], kept=False) as page:
        await page.evaluate("Object.defineProperty(navigator, 'clipboard', { value: undefined })")
        await page.evaluate("document.execCommand = () => false")
        await page.get_by_role("button", name="Choose").click()
        await page.get_by_role("button", name="Copy the address").click()
        await expect(page.locator(".notice")).to_contain_text("copy it yourself")
        assert (await page.evaluate("String(getSelection())")).endswith("/overlay"), "one key is enough"
