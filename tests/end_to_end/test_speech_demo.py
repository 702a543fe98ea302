"""`relay demo --speech` as a person meets it: a process, a page in a browser, and two ways to interrupt."""

import asyncio
import os
import re
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import numpy as np
from playwright.async_api import Page

from relay.speech.base import RATE
from tests.browser import browser
from tests.recording import listen, messages, record, until
from tests.support import PATIENCE

ROOT = Path(__file__).parents[2]
SILENT = round(0.012 * RATE)
"""Frames after which nothing is heard of what was stopped: a fade, and the blocks that were under way."""
A_WHILE = round(0.06 * RATE)
"""Frames after which one may look whether there was more to be heard."""


@asynccontextmanager
async def demo(*arguments: str) -> AsyncIterator[tuple[asyncio.subprocess.Process, str]]:
    """The running demo, and the address it tells people to open to hear it."""
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
        async with asyncio.timeout(PATIENCE):
            told = (await process.stdout.readuntil(b"/overlay?controls=1")).decode()
        yield process, re.findall(r"http://\S+", told)[-1]
    finally:
        process.terminate()
        await process.communicate()


async def falls_silent(page: Page, interrupt: Callable[[], Awaitable[None]]) -> None:
    """Interrupt in mid-speech: the page is told so, and plays nothing more before the next clip."""
    while not await is_cut_short(page, interrupt):
        pass  # what it said was over before the interruption came


async def is_cut_short(page: Page, interrupt: Callable[[], Awaitable[None]]) -> bool:
    await until(page, "isLoud()")
    cuts, ends = len(await messages(page, "told", "cut")), len(await messages(page, "said", "ended"))
    await interrupt()
    await until(page, f"number(told, 'cut') > {cuts} || number(said, 'ended') > {ends}")
    if len(told := await messages(page, "told", "cut")) == cuts:
        return False
    cut, done = told[cuts]["frame"], told[cuts]["done"]
    sound = await listen(page, past=done + A_WHILE)
    clips = [clip["frame"] for clip in await messages(page, "told", "clip")]
    next_clip = min((frame for frame in clips if frame >= cut), default=sound.now)
    assert not np.any(sound.up_to(next_clip)[done + SILENT - sound.start :])
    return bool(np.any(sound.up_to(cut)[-A_WHILE:]))


async def test_the_demo_is_heard_in_a_browser_and_falls_silent_when_interrupted_from_the_page_or_the_terminal() -> None:
    async with browser() as program, demo("--seed", "1") as (process, address):
        page = await program.new_page()
        await record(page)
        await page.goto(address)
        await until(page, "isRecording")

        async def press_enter() -> None:
            assert process.stdin is not None
            process.stdin.write(b"\n")

        await until(page, "isLoud() && captions.some((caption) => caption !== '')")
        await falls_silent(page, lambda: page.click("#interrupt"))
        await falls_silent(page, press_enter)
