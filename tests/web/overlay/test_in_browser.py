"""The overlay page in a real browser. A tap on its sound shows what was heard, to the sample."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect

from relay.speech.base import RATE, Clip
from tests.browser import TAP
from tests.browser import browser as started_browser
from tests.companion.endpoints import wav
from tests.support import eventually
from tests.web.clips import clip
from tests.web.stage import Stage, staged

pytestmark = pytest.mark.asyncio(loop_scope="session")

TOKEN = "a-token-nobody-guesses"
FADE = 0.006
"""Seconds after which a fade is over."""


class Sound(NamedTuple):
    """The last two thirds of a second of a page."""

    samples: npt.NDArray[np.float64]
    now: float
    """Wall clock at the last sample."""

    @property
    def heard(self) -> npt.NDArray[np.float64]:
        """From the first sample that is not silent to the last."""
        loud = np.flatnonzero(self.samples)
        return self.samples[loud[0] : loud[-1] + 1] if len(loud) else self.samples[:0]

    @property
    def silent_since(self) -> float:
        """Wall clock."""
        return self.now - float(len(self.samples) - np.flatnonzero(self.samples)[-1] - 1) / RATE


class Theatre:
    """A running server and the pages that show its overlay."""

    def __init__(self, browser: Browser, stage: Stage, leaving: AsyncExitStack) -> None:
        self.browser = browser
        self.stage = stage
        self.sink = stage.sink
        self.ear = stage.ear
        self.complaints: list[str] = []
        self._leaving = leaving

    async def page(self, options: str = "") -> Page:
        context = await self.browser.new_context()
        self._leaving.push_async_callback(context.close)
        page = await context.new_page()
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("console", lambda line: self.complaints.append(line.text) if line.type == "error" else None)
        await page.add_init_script(TAP)
        await page.goto(f"{self.stage.url}/overlay?{options}")
        return page

    async def open(self, options: str = "") -> Page:
        """A page that has told the relay whether it can be heard."""
        page = await self.page(options)
        await until(page, f"said.some(({{ sound }}) => sound === {json.dumps('mute' not in options)})")
        await eventually(lambda: self.sink.is_open or "mute" in options)
        return page

    async def play(self, *clips: Clip) -> None:
        """Queue clips, and wait until the first is heard."""
        for each in clips:
            self.sink.play(each)
        await eventually(lambda: f"{clips[0].text} started" in self.ear.notes)


async def until(page: Page, condition: str) -> None:
    """Wait for a JavaScript expression to hold; the browser's own way to wait is against the page's policy."""
    async with asyncio.timeout(5):
        while not await page.evaluate(condition):  # noqa: ASYNC110 - asked from outside
            await asyncio.sleep(0.01)


async def sound(page: Page) -> Sound:
    answer = await page.evaluate("listen()")
    return Sound(np.array(answer["samples"]), answer["now"])


def place(sample: float, played: Clip) -> float:
    """Where in a clip of `tests.web.clips` a sample stands, in seconds."""
    return (sample * 32_768 - 1) / 31_999 * played.duration


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    async with started_browser() as browser:
        yield browser


@pytest_asyncio.fixture(loop_scope="session")
async def theatre(browser: Browser) -> AsyncIterator[Theatre]:
    async with staged() as stage, AsyncExitStack() as leaving:
        theatre = Theatre(browser, stage, leaving)
        yield theatre
        assert theatre.complaints == []


async def test_clips_are_heard_in_order_without_a_gap(theatre: Theatre) -> None:
    page = await theatre.open()

    for text in ("One.", "Two.", "Three."):
        theatre.sink.play(clip(text, 0.1))

    await theatre.ear.notes_are(
        "open", "One. started", "One. ended", "Two. started", "Two. ended", "Three. started", "Three. ended"
    )
    heard = (await sound(page)).heard
    assert len(heard) == pytest.approx(0.3 * RATE, abs=2)
    assert np.count_nonzero(heard == 0) == 0
    assert np.count_nonzero(np.diff(heard) < 0) == 2


async def test_the_relay_knows_how_much_was_heard(theatre: Theatre) -> None:
    page = await theatre.open()
    hello = clip("Hello.", 3.0)
    await theatre.play(hello)
    started = time.monotonic()
    await eventually(lambda: theatre.sink.heard(hello) > 0.4)
    assert theatre.sink.heard(hello) == pytest.approx(time.monotonic() - started, abs=0.06)

    theatre.sink.pause()
    guess = theatre.sink.heard(hello)
    await asyncio.sleep(0.15)  # what is under way when the pause begins

    truth = place((await sound(page)).heard.max(), hello)
    assert theatre.sink.heard(hello) == pytest.approx(truth, abs=0.01)
    assert guess == pytest.approx(truth, abs=0.06)


async def test_after_a_pause_it_goes_on_where_it_was(theatre: Theatre) -> None:
    page = await theatre.open()
    hello = clip("Hello.", 1.2)
    await theatre.play(hello)
    await eventually(lambda: theatre.sink.heard(hello) > 0.2)

    theatre.sink.pause()
    await until(page, "said.some(({ type }) => type === 'position')")
    await until(page, "listen().samples.at(-1) === 0")
    theatre.sink.resume()
    await eventually(lambda: theatre.sink.heard(hello) > 0.5)

    before = theatre.sink.heard(hello)
    reached = place((await sound(page)).heard.max(), hello)
    assert before - 0.06 < reached < theatre.sink.heard(hello) + 0.06
    await theatre.ear.notes_are("open", "Hello. started", "Hello. ended")
    assert theatre.sink.heard(hello) == hello.duration


async def test_a_cut_silences_the_page_and_its_caption_at_once(theatre: Theatre) -> None:
    page = await theatre.open()
    hello = clip("Hello.", 3.0)
    await theatre.play(hello, clip("Never."))
    await expect(page.locator("#caption")).to_have_text("Hello.")
    await eventually(lambda: theatre.sink.heard(hello) > 0.2)

    cut = time.time()
    theatre.sink.cut()
    await expect(page.locator("#caption")).to_have_text("")
    await asyncio.sleep(0.1)

    assert (await sound(page)).silent_since - cut < 0.06
    assert theatre.ear.notes == ["open", "Hello. started"]
    await theatre.play(clip("Next.", 0.1))
    await theatre.ear.notes_are("open", "Hello. started", "Next. started", "Next. ended")


async def test_the_volume_changes_what_is_heard(theatre: Theatre) -> None:
    page = await theatre.open()
    theatre.sink.set_volume(0.5)

    await theatre.play(clip("Hello.", 0.3))
    await theatre.ear.notes_are("open", "Hello. started", "Hello. ended")

    assert (await sound(page)).heard.max() == pytest.approx(0.5 * 32_000 / 32_768, rel=0.01)


async def test_two_pages_play_together_and_count_once(theatre: Theatre) -> None:
    first = await theatre.open()
    second = await theatre.open()

    await theatre.play(clip("Hello.", 0.3))
    await theatre.ear.notes_are("open", "Hello. started", "Hello. ended")
    await until(second, "listen().samples.some((sample) => sample > 0.9)")

    assert (await sound(first)).silent_since == pytest.approx((await sound(second)).silent_since, abs=0.15)
    assert theatre.ear.notes == ["open", "Hello. started", "Hello. ended"]


async def test_a_page_that_comes_late_begins_where_the_others_are(theatre: Theatre) -> None:
    await theatre.open()
    hello = clip("Hello.", 3.0)
    await theatre.play(hello)
    await eventually(lambda: theatre.sink.heard(hello) > 0.3)

    late = await theatre.open()
    await until(late, "listen().samples.some((sample) => sample > 0)")
    await expect(late.locator("#caption")).to_have_text("Hello.")

    heard = (await sound(late)).heard
    assert place(heard[round(FADE * RATE)], hello) > 0.3


async def test_when_the_leading_page_closes_the_other_carries_on(theatre: Theatre) -> None:
    leader = await theatre.open()
    await theatre.open()
    hello = clip("Hello.", 0.8)
    await theatre.play(hello)

    await leader.close()

    await theatre.ear.notes_are("open", "Hello. started", "Hello. ended")
    assert theatre.ear.times[-1] - theatre.ear.times[-2] == pytest.approx(0.8, abs=0.25)


async def test_when_the_only_page_closes_the_sink_does_too(theatre: Theatre) -> None:
    page = await theatre.open()
    hello = clip("Hello.", 3.0)
    await theatre.play(hello)
    await eventually(lambda: theatre.sink.heard(hello) > 0.2)

    await page.close()

    await theatre.ear.notes_are("open", "Hello. started", "closed")
    assert 0.2 < theatre.sink.heard(hello) < 2.0


async def test_captions_are_text_whatever_they_say(theatre: Theatre) -> None:
    page = await theatre.open()
    hostile = "<img src=x onerror=alert(1)><script>alert(2)</script>"

    await theatre.play(clip(hostile, 3.0))

    await expect(page.locator("#caption")).to_have_text(hostile)
    assert await page.locator("#caption *").count() == 0


async def test_captions_follow_the_sentences_and_can_be_left_out(theatre: Theatre) -> None:
    page, muted, plain = await theatre.open(), await theatre.open("mute=1"), await theatre.open("captions=0")

    await theatre.play(clip("One.", 0.1), clip("Two.", 0.1))
    await theatre.ear.notes_are("open", "One. started", "One. ended", "Two. started", "Two. ended")

    for shown in (page, muted):
        await until(shown, "captions.at(-1) === ''")
        assert await shown.evaluate("captions") == ["One.", "Two.", ""]
    assert await plain.evaluate("captions") == []


async def test_a_muted_page_alone_does_not_open_the_sink(theatre: Theatre) -> None:
    await theatre.open("mute=1")
    assert not theatre.sink.is_open

    page = await theatre.open()
    await page.close()

    await theatre.ear.notes_are("open", "closed")


async def test_the_interrupt_button_is_there_when_asked_for(theatre: Theatre) -> None:
    page = await theatre.open("controls=1")
    await page.get_by_role("button", name="Interrupt").click()

    await expect(page.get_by_role("status")).to_have_text("Silenced.")
    assert theatre.stage.desk.calls == ["interrupt"]

    plain = await theatre.open()
    await expect(plain.get_by_role("button", name="Interrupt")).to_be_hidden()


async def test_what_a_streamer_writes_into_custom_css_works(theatre: Theatre) -> None:
    page = await theatre.open()

    await page.evaluate("""() => {
        const style = document.createElement("style");
        style.innerHTML = "#caption { color: rgb(255, 0, 0) }";
        document.head.appendChild(style);
    }""")

    await expect(page.locator("#caption")).to_have_css("color", "rgb(255, 0, 0)")
    await expect(page.locator("body")).to_have_css("background-color", "rgba(0, 0, 0, 0)")


async def test_a_page_survives_a_restart_of_the_relay(browser: Browser) -> None:
    async with AsyncExitStack() as leaving:
        async with staged() as stage:
            theatre = Theatre(browser, stage, leaving)
            page = await theatre.open()
            await theatre.play(clip("Hello.", 20.0))
            gone = time.time()

        await expect(page.locator("#caption")).to_have_text("")
        await asyncio.sleep(0.1)
        assert (await sound(page)).silent_since - gone < 0.2
        await expect(page.get_by_role("status")).to_contain_text("No connection")

        async with staged(port=int(stage.url.rpartition(":")[2])) as again:
            await eventually(lambda: again.sink.is_open)
            await expect(page.get_by_role("status")).to_be_hidden()


async def test_a_token_in_the_address_opens_page_socket_and_clips(browser: Browser) -> None:
    async with staged(token=TOKEN) as stage, AsyncExitStack() as leaving:
        theatre = Theatre(browser, stage, leaving)
        page = await theatre.open(f"token={TOKEN}&controls=1")

        await theatre.play(clip("Hello.", 0.1))
        await theatre.ear.notes_are("open", "Hello. started", "Hello. ended")
        await page.get_by_role("button", name="Interrupt").click()

        await expect(page.get_by_role("status")).to_have_text("Silenced.")
        assert theatre.complaints == []


async def test_where_autoplay_is_blocked_a_click_makes_it_heard() -> None:
    async with started_browser(autoplay=False) as strict, staged() as stage, AsyncExitStack() as leaving:
        theatre = Theatre(strict, stage, leaving)
        page = await theatre.page()
        button = page.get_by_role("button", name="Click to hear")
        await expect(button).to_be_visible()
        assert not stage.sink.is_open

        await button.click()

        await eventually(lambda: stage.sink.is_open)
        await expect(button).to_be_hidden()
        await theatre.play(clip("Hello.", 0.1))
        await stage.ear.notes_are("open", "Hello. started", "Hello. ended")
        assert theatre.complaints == []


async def test_a_sound_of_the_streamer_is_heard_beside_the_speech(
    browser: Browser, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("sounds")
    (folder / "bell.wav").write_bytes(wav(0.2, rate=48_000))
    async with staged(sounds=folder) as stage, AsyncExitStack() as leaving:
        theatre = Theatre(browser, stage, leaving)
        page = await theatre.open()
        assert stage.sink.effect("bell.wav")
        async with asyncio.timeout(5):
            while len((await sound(page)).heard) < 0.19 * RATE:  # noqa: ASYNC110 - asked from outside
                await asyncio.sleep(0.02)
        assert stage.ear.notes == ["open"], "it is no speech"
        assert theatre.complaints == []
