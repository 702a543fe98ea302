"""A real browser for tests of pages: Chromium, Chrome or Edge, as it is found on the machine."""

import shutil
import tempfile
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, BrowserType, ConsoleMessage, Page, ViewportSize, async_playwright
from playwright.async_api import Error as PageError

from tests.recording import record
from tests.support import PATIENCE

WIDE = ViewportSize(width=1280, height=800)
NARROW = ViewportSize(width=300, height=700)

NAMES = (
    "chromium-headless-shell",  # takes a third less of the processor than the whole browser
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "chrome",
    "microsoft-edge",
    "msedge",
)
FOLDERS = (
    "C:/Program Files/Google/Chrome/Application/chrome.exe",
    "C:/Program Files (x86)/Microsoft/Edge/Application/msedge.exe",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
)
NOT_NEEDED = (
    "LocalNetworkAccessChecks",  # a page that a test has changed counts as one from afar
    "WebUIOmniboxPopup", "WebUIOmniboxAimPopup",  # pages inside each window that cost more time than those of tests
    "SpareRendererForSitePerProcess", "DestroyProfileOnBrowserClose", "GlobalMediaControls", "MediaRouter",
    "OptimizationHints", "Translate",
)  # fmt: skip
ARGUMENTS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update",
    f"--disable-features={','.join(NOT_NEEDED)}",
)  # fmt: skip

_MEDIA = {"color_scheme": "light", "reduced_motion": "no-preference"}


def find_browser() -> str | None:
    """The program to start, or None where no such browser is installed."""
    in_path = next((found for name in NAMES if (found := shutil.which(name))), None)
    return in_path or next((folder for folder in FOLDERS if Path(folder).exists()), None)


@asynccontextmanager
async def browser() -> AsyncIterator[Browser]:
    """A fresh browser that plays sound unasked, as OBS does. Skips the test where there is none."""
    if find_browser() is None:
        pytest.skip("no Chromium, Chrome or Edge on this machine: install one to test the pages")
    async with async_playwright() as playwright, _launched(playwright.chromium, "no-user-gesture-required") as started:
        yield started


@asynccontextmanager
async def _launched(kind: BrowserType, autoplay: str) -> AsyncIterator[Browser]:
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as home:
        started = await kind.launch(
            executable_path=find_browser(),
            args=[*ARGUMENTS, f"--autoplay-policy={autoplay}"],
            downloads_path=home,
            timeout=1000 * PATIENCE,
        )
        try:
            yield started
        finally:
            await started.close()


class Pages:
    """Pages of one browser, which tests use one after the other: to open one costs more than most of what they do."""

    def __init__(self, browser: Browser) -> None:
        self._browser = browser
        self._idle: defaultdict[tuple[str, bool], list[Page]] = defaultdict(list)

    @asynccontextmanager
    async def strict(self) -> AsyncIterator["Pages"]:
        """Those of another browser, which plays sound after a click alone; what drives the first drives it too."""
        async with _launched(self._browser.browser_type, "document-user-activation-required") as started:
            yield Pages(started)

    @asynccontextmanager
    async def page(
        self,
        *,
        viewport: ViewportSize = WIDE,
        locale: str = "en",
        recorded: bool = False,
        kept: bool = True,
        **media: Any,
    ) -> AsyncIterator[Page]:
        """An empty page with a profile of its own. `kept`, it is emptied afterwards for whoever comes next."""
        idle = self._idle[locale, recorded]
        page = idle.pop() if idle and kept else await self._opened(locale, recorded=recorded)
        try:
            await page.set_viewport_size(viewport)
            await page.emulate_media(**(_MEDIA | media))
            yield page
            if kept and not page.is_closed():
                await _empty(page)
                idle.append(page)
        finally:
            if page not in idle:
                await page.context.close()

    async def _opened(self, locale: str, *, recorded: bool) -> Page:
        profile = await self._browser.new_context(locale=locale, ignore_https_errors=True)
        profile.set_default_timeout(PATIENCE * 1000)
        page = await profile.new_page()
        if recorded:
            await record(page)
        return page


async def _empty(page: Page) -> None:
    await page.mouse.move(-1, -1)
    await page.evaluate("() => { try { localStorage.clear(); sessionStorage.clear(); } catch { /* it has none */ } }")
    await page.goto("about:blank")
    await page.context.clear_cookies()


@contextmanager
def noting(
    page: Page, complaints: list[str], *, is_fine: Callable[[ConsoleMessage], bool] = lambda _: False
) -> Iterator[None]:
    """Note what goes wrong in a page."""

    def threw(error: PageError) -> None:
        complaints.append(str(error))

    def told(line: ConsoleMessage) -> None:
        if line.type == "error" and not is_fine(line):
            complaints.append(line.text)

    page.on("pageerror", threw)
    page.on("console", told)
    try:
        yield
    finally:
        page.remove_listener("pageerror", threw)
        page.remove_listener("console", told)
