"""A real browser for tests of pages: Chromium, Chrome or Edge, as it is found on the machine."""

import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from playwright.async_api import Browser, async_playwright

from tests.support import PATIENCE

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "microsoft-edge", "msedge")
FOLDERS = (
    "C:/Program Files/Google/Chrome/Application/chrome.exe",
    "C:/Program Files (x86)/Microsoft/Edge/Application/msedge.exe",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
)
ARGUMENTS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update",
    "--disable-features=LocalNetworkAccessChecks",  # a page that a test has changed counts as one from afar
)  # fmt: skip


def find_browser() -> str | None:
    """The program to start, or None where no such browser is installed."""
    in_path = next((found for name in NAMES if (found := shutil.which(name))), None)
    return in_path or next((folder for folder in FOLDERS if Path(folder).exists()), None)


@asynccontextmanager
async def browser(*, autoplay: bool = True) -> AsyncIterator[Browser]:
    """A fresh browser that plays sound unasked, as OBS does, or after a click. Skips the test where there is none."""
    program = find_browser()
    if program is None:
        pytest.skip("no Chromium, Chrome or Edge on this machine: install one to test the pages")
    policy = "no-user-gesture-required" if autoplay else "document-user-activation-required"
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as home:
        async with async_playwright() as playwright:
            started = await playwright.chromium.launch(
                executable_path=program,
                args=[*ARGUMENTS, f"--autoplay-policy={policy}"],
                downloads_path=home,
                timeout=1000 * PATIENCE,
            )
            try:
                yield started
            finally:
                await started.close()
