"""The overlay page in a real browser. Verdicts count frames of what it played, however long that took."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import numpy as np
import pytest
import pytest_asyncio
from aiohttp import ClientSession
from playwright.async_api import ConsoleMessage, Page, Route, expect

from relay.speech.base import RATE, Clip
from relay.web.overlay import sink as overlay_sink
from relay.web.overlay.messages import ClipEnded, PageSound, Pose, Position, Ready, Started
from tests.browser import Pages, noting
from tests.companion.endpoints import wav
from tests.doubles.ports import free_port
from tests.recording import listen, messages, until
from tests.support import PATIENCE, eventually
from tests.web.clips import clip
from tests.web.pngs import png
from tests.web.stage import Recorder, Stage, staged

pytestmark = pytest.mark.asyncio(loop_scope="session")

TOKEN = "a-token-nobody-guesses"
FADE = round(0.006 * RATE)
"""Frames after which a fade is over."""
SILENT = 2 * FADE
"""Frames after which nothing is heard of what was stopped: the fade, and the blocks that were under way."""
BEGINNING = 2 * SILENT
"""Frames that are heard of a beginning at least, also where it is faded in twice."""
A_WHILE = round(0.06 * RATE)
"""Frames after which one may look whether there was more to be heard."""
APART = 0.15 + 0.02
"""Seconds the others may be apart from the page that leads, and what two looks at the clock of the sound may differ."""
CLOSE = 0.03
"""Seconds that a page may be wrong about what it has played."""
WORDS = "#caption .words"
LONG = 20.0
"""Seconds of a clip that is never heard to its end."""

expect.set_options(timeout=PATIENCE * 1000)


class Theatre:
    """A running server and the pages that show its overlay."""

    def __init__(self, pages: Pages, stage: Stage, leaving: AsyncExitStack) -> None:
        self.pages = pages
        self.stage = stage
        self.sink = stage.sink
        self.ear = stage.ear
        self.complaints: list[str] = []
        self._leaving = leaving

    async def page(self, options: str = "") -> Page:
        page = await self._leaving.enter_async_context(self.pages.page(recorded=True))
        self._leaving.enter_context(noting(page, self.complaints, is_fine=_was_late))
        await page.goto(f"{self.stage.url}/overlay?{options}")
        return page

    async def open(self, options: str = "") -> Page:
        """A page that has told the relay whether it can be heard, and is recorded if so."""
        has_sound, sound = ("false", PageSound.MUTED) if "mute" in options else ("true", PageSound.ON)
        before = self._heard_of(sound)
        page = await self.page(options)
        await until(page, f"isRecording === {has_sound} && said.some(({{ sound }}) => sound === {json.dumps(sound)})")
        await eventually(lambda: self._heard_of(sound) > before and self.sink.is_open)
        return page

    def _heard_of(self, sound: PageSound) -> int:
        """How often a page told the relay that it has this sound: it may say first that it waits for its sound."""
        return sum(isinstance(report, Ready) and report.sound is sound for report in self.sink.reports)

    async def play(self, *clips: Clip) -> None:
        """Queue clips, and wait until the first is heard."""
        for each in clips:
            self.sink.play(each)
        await eventually(lambda: f"{clips[0].text} started" in self.ear.notes)

    async def play_loaded(self, *clips: Clip, on: tuple[Page, ...]) -> None:
        """Queue clips, which are heard as soon as all these pages have loaded all of them."""
        self.sink.pause()
        before = [await page.evaluate("decoded") for page in on]
        for each in clips:
            self.sink.play(each)
        for page, earlier in zip(on, before, strict=True):
            await until(page, f"decoded === {earlier + len(clips)}")
        self.sink.resume()


def _was_late(line: ConsoleMessage) -> bool:
    """What the page that leads has played to its end is gone."""
    return "/overlay/clips/" in line.location["url"] and "404" in line.text


def place(sample: float, played: Clip) -> float:
    """Where in a clip of `tests.web.clips` a sample stands, in seconds."""
    return (sample * 32_768 - 1) / 31_999 * played.duration


async def begun(page: Page, played: Clip) -> float:
    """Where in a clip the page began to be heard, in seconds: as far as it came in its first moments.

    It is faded in, and once more where it found that it was late.
    """
    await until(page, f"isRecording && framesHeard() > {BEGINNING}")
    samples = (await listen(page)).samples
    return place(samples[np.flatnonzero(samples)[:BEGINNING]].max(), played)


async def near(page: Page) -> float:
    """Seconds that the page may be wrong: the later it is with its orders, as it was held up, the more."""
    return CLOSE + float(await page.evaluate("late")) / RATE


@pytest_asyncio.fixture(loop_scope="session")
async def theatre(pages: Pages) -> AsyncIterator[Theatre]:
    async with staged() as stage, AsyncExitStack() as leaving:
        theatre = Theatre(pages, stage, leaving)
        yield theatre
        assert theatre.complaints == []


async def paused_on_its_way(theatre: Theatre, page: Page) -> Clip:
    """A clip that has stopped before its end. The slower the machine is, the longer the clip has to be for that."""
    for seconds in (0.8, 3.2, 12.8):
        hello = clip(f"Hello for {seconds} s.", seconds)
        await theatre.play(hello)
        await eventually(lambda: theatre.sink.seconds_heard(hello) > 0.2)  # noqa: B023 - awaited at once
        theatre.sink.pause()
        await until(page, "told.at(-1).type === 'pause'")
        await messages(page, "told", "pause")
        if await page.evaluate(f"said.at(-1).type === 'position' && said.at(-1).seconds < {0.9 * seconds}"):
            return hello
        theatre.sink.resume()
    raise AssertionError("this machine is too slow to pause a clip of 12.8 s")


async def test_clips_are_heard_in_order_without_a_gap(theatre: Theatre) -> None:
    page = await theatre.open()
    for seconds in (0.1, 0.8, 3.2):  # a page that is held up for as long as a clip lasts hands on the next too late
        texts = [f"{number}, {seconds} s." for number in ("One", "Two", "Three", "Four")]
        before = await listen(page)
        theatre.ear.notes.clear()
        await theatre.play_loaded(*(clip(text, seconds) for text in texts), on=(page,))
        await theatre.ear.notes_are(*(f"{text} {what}" for text in texts for what in ("started", "ended")))
        heard = (await listen(page)).since(before.end)
        heard = heard[np.flatnonzero(heard)[0] :]
        if np.all(heard) and len(heard) >= 3 * seconds * RATE - 2:  # nor do two clips overlap
            break

    assert np.count_nonzero(heard == 0) == 0
    ends = [*np.flatnonzero(np.diff(heard) < 0) + 1, len(heard)]
    # what a slow machine begins late is the first clip, which then runs on into the second
    assert np.diff(ends)[-2:] == pytest.approx(seconds * RATE, abs=2)
    assert 3 * seconds * RATE - 2 <= len(heard) <= 4 * seconds * RATE + 2


async def test_the_relay_knows_how_much_was_heard(pages: Pages) -> None:
    async with staged(clock=lambda: 0.0) as stage, AsyncExitStack() as leaving:
        theatre = Theatre(pages, stage, leaving)
        page = await theatre.open()
        hello = clip("Hello.", LONG)
        await theatre.play(hello)
        await eventually(lambda: theatre.sink.seconds_heard(hello) > 0.4)

        theatre.sink.pause()
        await until(page, "told.at(-1).type === 'pause'")
        [pause] = await messages(page, "told", "pause")
        sound = await listen(page, past=pause["done"] + SILENT)
        *reports, last = await messages(page, "said", "position")
        await eventually(lambda: theatre.sink.seconds_heard(hello) == last["seconds"])

        assert last["seconds"] == pytest.approx(place(sound.samples.max(), hello), abs=await near(page))
        before = 0.0
        for report in reports:
            played = sound.up_to(report["frame"])  # nothing yet, where a page that is held up begins late
            heard = place(played[-1], hello) if len(played) else 0.0
            assert before - CLOSE <= report["seconds"] <= heard + await near(page)
            before = heard


async def test_after_a_pause_it_goes_on_where_it_was(theatre: Theatre) -> None:
    page = await theatre.open()
    hello = await paused_on_its_way(theatre, page)
    [*_, pause], [*_, started] = await messages(page, "told", "pause"), await messages(page, "said", "started")
    before = await listen(page, past=pause["done"] + SILENT)

    theatre.sink.resume()
    await eventually(lambda: f"{hello.text} ended" in theatre.ear.notes)

    after = (await listen(page)).since(before.end)
    after = after[np.flatnonzero(after)[0] + FADE :]
    reached = place(before.since(started["frame"]).max(), hello)
    assert reached == pytest.approx(place(after[0], hello), abs=await near(page))
    assert place(after[-1], hello) == pytest.approx(hello.duration, abs=0.001)
    assert np.count_nonzero(np.diff(after) < 0) == 0
    assert theatre.ear.notes[-2:] == [f"{hello.text} started", f"{hello.text} ended"]
    assert theatre.sink.seconds_heard(hello) == hello.duration


async def test_a_cut_silences_the_page_and_its_caption_at_once(theatre: Theatre) -> None:
    page = await theatre.open()
    hello = clip("Hello.", LONG)
    await theatre.play(hello, clip("Never."))
    await expect(page.locator(WORDS)).to_have_text("Hello.")
    await eventually(lambda: theatre.sink.seconds_heard(hello) > 0.2)

    theatre.sink.cut()
    await expect(page.locator(WORDS)).to_have_text("")

    [*_, cut] = await messages(page, "told", "cut")
    sound = await listen(page, past=cut["done"] + A_WHILE)
    assert sound.end - cut["done"] < SILENT
    assert theatre.ear.notes == ["open", "Hello. started"]
    await theatre.play(clip("Next.", 0.1))
    await theatre.ear.notes_are("open", "Hello. started", "Next. started", "Next. ended")


async def test_the_volume_changes_what_is_heard(theatre: Theatre) -> None:
    page = await theatre.open()
    theatre.sink.set_volume(0.5)

    await theatre.play(clip("Hello.", 0.3))
    await theatre.ear.notes_are("open", "Hello. started", "Hello. ended")

    assert (await listen(page)).samples.max() == pytest.approx(0.5 * 32_000 / 32_768, rel=0.01)


async def test_two_pages_play_together_and_count_once(theatre: Theatre) -> None:
    first = await theatre.open()
    second = await theatre.open()

    hello = clip("Hello.", LONG)
    await theatre.play_loaded(hello, on=(first, second))
    await until(second, "number(told, 'sync') === 1")
    [sync] = await messages(second, "told", "sync")
    then = sync["done"] + A_WHILE
    there = place((await listen(second, past=then)).up_to(then)[-1], hello)
    earliest, latest = (sync["seconds"] + (then - sync[told]) / RATE for told in ("done", "frame"))
    apart = APART + await second.evaluate("late") / RATE
    assert earliest - apart < there < latest + apart

    theatre.sink.cut()
    await theatre.play_loaded(clip("Next.", 0.1), on=(first, second))
    for page in (first, second):
        await until(page, "number(said, 'ended') === 1")
    await eventually(lambda: [type(report) for report in theatre.sink.reports].count(ClipEnded) == 2)
    assert theatre.ear.notes == ["open", "Hello. started", "Next. started", "Next. ended"]


async def test_a_page_that_comes_late_begins_where_the_others_are(theatre: Theatre) -> None:
    await theatre.open()
    hello = clip("Hello.", LONG)
    await theatre.play(hello)
    await eventually(lambda: theatre.sink.seconds_heard(hello) > 0.3)

    late = await theatre.open()
    await expect(late.locator(WORDS)).to_have_text("Hello.")

    assert await begun(late, hello) > 0.3


async def test_when_the_leading_page_closes_the_other_carries_on(theatre: Theatre) -> None:
    leader = await theatre.open()
    second = await theatre.open()
    hello = clip("Hello.", 0.8)
    await theatre.play_loaded(hello, on=(leader, second))
    await eventually(lambda: "Hello. started" in theatre.ear.notes)

    await leader.close()

    await theatre.ear.notes_are("open", "Hello. started", "Hello. ended")
    await until(second, "said.at(-1).type === 'ended'")
    assert place((await listen(second)).samples.max(), hello) == pytest.approx(hello.duration, abs=0.001)
    assert theatre.sink.is_open


async def test_when_the_only_page_closes_the_sink_does_too(pages: Pages, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(overlay_sink, "AWAY", 0.05)
    async with staged(clock=lambda: 0.0) as stage, AsyncExitStack() as leaving:
        theatre = Theatre(pages, stage, leaving)
        page = await theatre.open()
        hello = clip("Hello.", LONG)
        await theatre.play(hello)
        await eventually(lambda: theatre.sink.seconds_heard(hello) > 0.2)

        await page.close()

        await theatre.ear.notes_are("open", "Hello. started", "closed")
        *_, last = (report for report in stage.sink.reports if isinstance(report, Position))
        assert theatre.sink.seconds_heard(hello) == last.seconds > 0.2


async def test_captions_are_text_whatever_they_say(theatre: Theatre) -> None:
    page = await theatre.open()
    hostile = "<img src=x onerror=alert(1)><script>alert(2)</script>"

    await theatre.play(clip(hostile, LONG, speaker=hostile))

    await expect(page.locator(WORDS)).to_have_text(hostile)
    assert await page.locator("#caption :not(.speaker, .words, .word)").count() == 0


async def test_captions_follow_the_sentences_and_can_be_left_out(theatre: Theatre) -> None:
    page, muted, plain = await theatre.open(), await theatre.open("mute=1"), await theatre.open("captions=0")

    for seconds in (0.1, 0.8, 3.2):  # a page that is held up for as long as a clip lasts goes straight to the next
        theatre.ear.notes.clear()
        await theatre.play(clip("One.", seconds), clip("Two.", seconds))
        await theatre.ear.notes_are("One. started", "One. ended", "Two. started", "Two. ended")
        for shown in (page, muted):
            await until(shown, "captions.at(-1) === ''")
        captions = [await shown.evaluate("captions.splice(0)") for shown in (page, muted, plain)]
        if captions[1] == ["One.", "Two.", ""]:
            break

    assert captions == [["One.", "Two.", ""], ["One.", "Two.", ""], []]


async def test_a_muted_page_alone_shows_the_captions_at_the_pace_of_the_speech(theatre: Theatre) -> None:
    page = await theatre.open("mute=1")

    theatre.sink.pause()
    for text in ("One.", "Two."):
        theatre.sink.play(clip(text, 0.1))
    theatre.sink.resume()

    await theatre.ear.notes_are("open", "One. started", "One. ended", "Two. started", "Two. ended")
    await until(page, "captions.at(-1) === ''")
    assert await page.evaluate("captions") == ["One.", "Two.", ""]
    assert theatre.sink.condition() == "open, without sound (mute=1)"


async def test_a_page_loaded_anew_in_mid_speech_goes_on_where_it_was(
    theatre: Theatre, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(overlay_sink, "AWAY", PATIENCE)
    page = await theatre.open()
    hello = clip("Hello.", LONG)
    await theatre.play(hello)
    await eventually(lambda: theatre.sink.seconds_heard(hello) > 0.3)
    before = theatre.sink.seconds_heard(hello)

    await page.reload()
    await expect(page.locator(WORDS)).to_have_text("Hello.")
    assert await begun(page, hello) > before
    assert theatre.ear.notes == ["open", "Hello. started", "open"]


# Captions

SENTENCE = (
    "Well, if you ask me, the dragon had it coming, because nobody who sleeps on that much gold for nine hundred years "
    "can be surprised when, one fine morning, three dwarves and a cross burglar come in through the back "
    "door and ask, politely at first, whether a part of it might perhaps be theirs instead."
)
"""As long as a sentence gets."""


async def size(page: Page, selector: str) -> float:
    return float(await page.evaluate(f"parseFloat(getComputedStyle(document.querySelector({selector!r})).fontSize)"))


async def test_captions_have_a_size_that_fits_the_source(theatre: Theatre) -> None:
    page = await theatre.open("mute=1")
    for width, height, pixels in ((800, 600, 36.0), (1920, 1080, 64.8), (300, 200, 16.0), (1080, 1920, 48.6)):
        await page.set_viewport_size({"width": width, "height": height})

        assert await size(page, "#caption") == pytest.approx(pixels)


async def test_the_word_that_is_said_is_in_view_all_through_a_long_sentence(theatre: Theatre) -> None:
    assert len(SENTENCE) == 300
    page = await theatre.open("mute=1")
    await theatre.play(clip(SENTENCE, LONG, speaker="Vox"))

    for width, height in ((800, 600), (1920, 1080), (300, 120)):
        await page.set_viewport_size({"width": width, "height": height})
        for look in ("outline", "box", "bubble"):
            seen = await page.evaluate(READ_ALL, look)
            assert seen == [[index, True] for index in range(len(SENTENCE.split()))], (width, height, look)


READ_ALL = """async (look) => {
  document.body.dataset.look = look;
  const { Captions } = (await import("/static/overlay.js")).modules["captions.js"];
  const box = document.getElementById("caption");
  const captions = new Captions(box, { named: true });
  const words = [...box.querySelectorAll(".word")].map((word, index) => [word.textContent, index + 1]);
  captions.show({ speaker: "Vox", words });
  const view = box.querySelector(".words").getBoundingClientRect();
  return words.map(([, end]) => {
    captions.follow(end - 0.5);
    const word = box.querySelector(".now").getBoundingClientRect();
    return [box.querySelectorAll(".said").length, word.height > 0
      && word.top >= view.top - 1 && word.bottom <= view.bottom + 1
      && word.left >= 0 && word.right <= innerWidth && word.top >= 0 && word.bottom <= innerHeight];
  });
}"""
"""Reads what the page shows from the first word to the last: how many were said before, and whether it is in view."""


async def test_words_light_up_as_they_are_heard(theatre: Theatre) -> None:
    leader = Recorder()
    theatre.sink.hear(leader, Ready(version=2, sound=PageSound.ON))
    page = await theatre.open("mute=1")
    theatre.sink.play(clip("One two three four five.", pcm=bytes(2 * RATE * 200)))  # each word is said for long
    theatre.sink.hear(leader, Started(id=leader.cue, at=90.0))

    await expect(page.locator(".now")).to_have_text("three ")
    assert await page.locator(".said").all_text_contents() == ["One ", "two "]

    theatre.sink.hear(leader, Started(id=leader.cue, at=120.0))
    await expect(page.locator(".now")).to_have_text("four ")


async def test_the_character_is_named_in_a_colour_of_its_own_unless_asked_not_to(theatre: Theatre) -> None:
    page, plain = await theatre.open(), await theatre.open("name=0")
    colours = []
    for speaker in ("Vox", "Ada", "Vox"):
        theatre.sink.cut()
        theatre.sink.play(clip("Hello.", LONG, speaker=speaker))
        await expect(page.locator("#caption .speaker")).to_have_text(speaker)
        colours.append(await page.evaluate("getComputedStyle(document.querySelector('.speaker')).color"))
        assert await page.locator("#caption").get_attribute("data-character") == speaker

    assert colours[0] == colours[2] != colours[1]
    await expect(plain.locator(WORDS)).to_have_text("Hello.")
    await expect(plain.locator("#caption .speaker")).to_be_hidden()


@pytest.mark.parametrize(("text", "direction"), [("Hello there.", "ltr"), ("שלום לכולם.", "rtl")])
async def test_captions_run_in_the_direction_of_their_script(theatre: Theatre, text: str, direction: str) -> None:
    page = await theatre.open("mute=1")

    await theatre.play(clip(text, LONG))

    await expect(page.locator(WORDS)).to_have_css("direction", direction)


async def test_the_interrupt_button_is_there_when_asked_for(theatre: Theatre) -> None:
    page = await theatre.open("controls=1")
    await page.get_by_role("button", name="Interrupt").click()

    await until(page, "notices.includes('Silenced.')")
    assert theatre.stage.runtime.calls == ["interrupt"]

    plain = await theatre.open()
    await expect(plain.get_by_role("button", name="Interrupt")).to_be_hidden()


async def test_it_speaks_german_where_the_address_says_so(theatre: Theatre) -> None:
    page = await theatre.open("controls=1&lang=de")

    await expect(page.get_by_role("button", name="Unterbrechen")).to_be_visible()
    await expect(page.locator("html")).to_have_attribute("lang", "de")
    await expect(page.locator("#gone")).to_have_text("Keine Verbindung zum Relay. Es versucht es weiter…")


async def test_it_speaks_the_language_of_the_browser(theatre: Theatre) -> None:
    async with ClientSession() as http:
        for language, word in {"de-AT,de;q=0.9": "Unterbrechen", "en-GB": "Interrupt", "xx": "Interrupt"}.items():
            async with http.get(f"{theatre.stage.url}/overlay", headers={"Accept-Language": language}) as answer:
                assert f">{word}</button>" in await answer.text()


async def test_what_a_streamer_writes_into_custom_css_works(theatre: Theatre) -> None:
    page = await theatre.open()

    await page.evaluate("""() => {
        const style = document.createElement("style");
        style.innerHTML = `
          #caption { --size: 50px; --color: rgb(255, 0, 0); --now-color: rgb(0, 0, 255) }
          #caption[data-character="Vox"] { --speaker-color: rgb(0, 255, 0) }`;
        document.head.appendChild(style);
    }""")
    await theatre.play(clip("Hello there.", LONG, speaker="Vox"))

    await expect(page.locator(WORDS)).to_have_css("font-size", "50px")
    await expect(page.locator(WORDS)).to_have_css("color", "rgb(255, 0, 0)")
    await expect(page.locator("#caption .speaker")).to_have_css("color", "rgb(0, 255, 0)")
    await expect(page.locator(".now")).to_have_css("color", "rgb(0, 0, 255)")
    await expect(page.locator("body")).to_have_css("background-color", "rgba(0, 0, 0, 0)")


async def test_what_cannot_be_loaded_any_more_when_it_was_cut_off_is_no_failure(theatre: Theatre) -> None:
    page, asked, is_cut = await theatre.open(), asyncio.Event(), asyncio.Event()

    async def late(route: Route) -> None:
        asked.set()
        await is_cut.wait()
        await route.fulfill(body="no sound at all")

    await page.route("**/overlay/clips/**", late, times=1)
    theatre.sink.play(clip("Hello.", LONG))
    await asked.wait()
    theatre.sink.cut()
    await until(page, "told.at(-1).type === 'cut'")
    is_cut.set()

    await theatre.play(clip("Next.", LONG))
    assert await messages(page, "said", "error") == []


async def test_a_page_survives_a_restart_of_the_relay(pages: Pages) -> None:
    port = free_port()
    async with AsyncExitStack() as leaving:
        async with staged(port=port) as stage:
            theatre = Theatre(pages, stage, leaving)
            page = await theatre.open()
            await theatre.play(clip("Hello.", LONG))

        await expect(page.locator(WORDS)).to_have_text("")
        gone = (await messages(page, "told", "close"))[0]["done"]
        assert (await listen(page, past=gone + A_WHILE)).end - gone < SILENT
        await expect(page.get_by_role("status")).to_contain_text("No connection")

        async with staged(port=port) as again:
            await eventually(lambda: again.sink.is_open)
            await expect(page.get_by_role("status")).to_be_hidden()


async def test_a_token_in_the_address_opens_page_socket_and_clips(pages: Pages) -> None:
    async with staged(token=TOKEN) as stage, AsyncExitStack() as leaving:
        theatre = Theatre(pages, stage, leaving)
        page = await theatre.open(f"token={TOKEN}&controls=1")

        await theatre.play(clip("Hello.", 0.1))
        await theatre.ear.notes_are("open", "Hello. started", "Hello. ended")
        await page.get_by_role("button", name="Interrupt").click()

        await until(page, "notices.includes('Silenced.')")
        assert theatre.complaints == []


AGE = "() => { const now = performance.now.bind(performance); performance.now = () => now() + 600_000; }"
"""Makes the page one that has been open for ten minutes."""


async def test_where_autoplay_is_blocked_a_click_makes_it_heard_at_once(pages: Pages) -> None:
    async with pages.strict() as strict, staged() as stage, AsyncExitStack() as leaving:
        theatre = Theatre(strict, stage, leaving)
        page = await theatre.page()
        await page.evaluate(AGE)
        button = page.get_by_role("button", name="Click to hear")
        await expect(button).to_be_visible()
        await eventually(lambda: stage.sink.condition() == "a page waits for a click to be heard")
        await theatre.play(clip("Read me.", 0.1))
        await stage.ear.notes_are("open", "Read me. started", "Read me. ended")
        assert await page.evaluate("captions") == ["Read me.", ""]

        await button.click()

        await eventually(lambda: stage.sink.has_sound)
        await expect(button).to_be_hidden()
        await until(page, "isRecording")
        await theatre.play(clip("Hello.", 0.1))
        await eventually(lambda: stage.ear.notes[-1] == "Hello. ended")
        assert await page.evaluate("framesHeard() > 0")
        assert theatre.complaints == []


async def test_a_sound_of_the_streamer_is_heard_beside_the_speech(
    pages: Pages, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("sounds")
    (folder / "bell.wav").write_bytes(wav(0.2, rate=48_000))
    async with staged(sounds=folder) as stage, AsyncExitStack() as leaving:
        theatre = Theatre(pages, stage, leaving)
        page = await theatre.open()
        assert stage.sink.effect("bell.wav")
        await until(page, f"framesHeard() >= {0.2 * RATE}")
        assert stage.ear.notes == ["open"], "it is no speech"
        assert theatre.complaints == []


SEEN = """() => {
  window.seen = [];
  const shown = () => seen.push(document.querySelector("#avatar img.shown")?.dataset.name);
  new MutationObserver(shown).observe(document.getElementById("avatar"), { subtree: true, attributes: true });
}"""


async def test_the_picture_that_fits_is_shown_and_nothing_jumps(
    pages: Pages, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("pictures")
    names = ("silent", "silent.blink", "speaking", "joy.speaking")
    for name, colour in zip(names, ("red", "green", "blue", "white"), strict=True):
        (folder / f"{name}.png").write_bytes(png(colour))
    (folder / "thinking.png").write_bytes(b"this is no picture")
    async with staged(token=TOKEN, pictures=folder) as stage, AsyncExitStack() as leaving:
        page, complaints = await leaving.enter_async_context(pages.page(kept=False)), list[str]()
        leaving.enter_context(noting(page, complaints, is_fine=lambda line: "thinking" in line.location["url"]))
        await page.clock.install()
        await page.goto(f"{stage.url}/overlay?avatar=1&bounce=0&mute=1&captions=0&token={TOKEN}")
        shown = page.locator("#avatar img.shown")

        async def shows(name: str, pose: Pose) -> None:
            stage.sink.pose(pose)
            await expect(page.locator("#avatar")).to_have_attribute("data-state", pose.state)
            await expect(shown).to_have_attribute("data-name", name)
            assert await shown.evaluate("image => image.naturalWidth") == 8, "it was loaded before"

        await shows("silent", Pose(state="silent"))
        place = await shown.bounding_box()
        await shows("speaking", Pose(state="speaking", mood="anger", open=True))
        await shows("joy.speaking", Pose(state="speaking", mood="joy", open=True))
        await shows("silent", Pose(state="speaking", mood="joy", open=False))
        await shows("silent", Pose(state="thinking"))  # its file is no picture
        assert await shown.bounding_box() == place

        await page.evaluate(SEEN)
        await page.clock.fast_forward(6_500)
        await until(page, "seen.includes('silent.blink')")
        await until(page, "seen.at(-1) === 'silent'")
        assert complaints == []


async def test_who_wants_less_motion_sees_pictures_that_keep_still(
    pages: Pages, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("pictures")
    (folder / "silent.png").write_bytes(png("red"))
    async with staged(pictures=folder) as stage, AsyncExitStack() as leaving:
        for is_moving in (True, False):
            page = await leaving.enter_async_context(
                pages.page(reduced_motion="no-preference" if is_moving else "reduce")
            )
            await page.goto(f"{stage.url}/overlay?avatar=1&mute=1&captions=0")
            await expect(page.locator("#avatar img.shown")).to_have_count(1)
            stage.sink.pose(Pose(state="speaking", open=True))
            await expect(page.locator("#avatar.open")).to_have_count(1)

            moved = await page.locator("#avatar.bouncing").count()
            assert (moved == 1) is is_moving


async def test_what_people_said_stands_apart_from_the_companions_captions(theatre: Theatre) -> None:
    page = await theatre.open("mute=1")
    theatre.sink.pause()
    theatre.sink.play(clip("Hello.", LONG, speaker="Vox"))
    for number in range(4):
        theatre.sink.subtitle("Ann", f"<b>Line</b> {number}")

    lines = page.locator("#subtitles p")
    await expect(lines).to_have_text([f"Ann <b>Line</b> {number}" for number in (1, 2, 3)])
    await expect(lines.first).to_have_attribute("data-person", "Ann")
    above, below = await page.locator("#subtitles").bounding_box(), await page.locator("#caption").bounding_box()
    assert above is None or below is None or above["y"] + above["height"] <= below["y"]
