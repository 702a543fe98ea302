"""`relay demo --speech` as a person meets it: a process, a page in a browser, and two ways to interrupt."""

import asyncio
import os
import re
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from playwright.async_api import Page

from tests.browser import TAP, browser

ROOT = Path(__file__).parents[2]
QUIET_AFTER = 0.3
"""Seconds after an interruption in which the page has to be silent: the way to it, the fade, and a wide margin."""
IS_LOUD = "listen().samples.slice(-4800).some((sample) => Math.abs(sample) > 0.01)"


@asynccontextmanager
async def demo(*arguments: str) -> AsyncIterator[tuple[asyncio.subprocess.Process, str]]:
    """The running demo, and the address it tells people to open."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "relay", "demo", "--speech", *arguments),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        cwd=ROOT,
        env={**os.environ, "COLUMNS": "200", "PYTHONUNBUFFERED": "1"},
    )
    try:
        assert process.stdout is not None
        async with asyncio.timeout(20):
            invitation = (await process.stdout.readline()).decode()
        found = re.search(r"http://\S+", invitation)
        assert found is not None, invitation
        yield process, found.group()
    finally:
        process.terminate()
        await process.communicate()


async def becomes(page: Page, condition: str, seconds: float) -> None:
    """Wait for a JavaScript expression to hold."""
    async with asyncio.timeout(seconds):
        while not await page.evaluate(condition):  # noqa: ASYNC110 - asked from outside
            await asyncio.sleep(0.02)


async def test_the_demo_is_heard_in_a_browser_and_falls_silent_when_interrupted_from_the_page_or_the_terminal() -> None:
    async with browser() as program, demo("--seed", "1") as (process, address):
        page = await program.new_page()
        await page.add_init_script(TAP)
        await page.goto(address)

        await becomes(page, f"window.tap && {IS_LOUD}", 20)
        assert await page.inner_text("#caption")
        await page.click("#interrupt")
        await becomes(page, f"!({IS_LOUD})", QUIET_AFTER)

        await becomes(page, IS_LOUD, 20)
        assert process.stdin is not None
        process.stdin.write(b"\n")
        await becomes(page, f"!({IS_LOUD})", QUIET_AFTER)
