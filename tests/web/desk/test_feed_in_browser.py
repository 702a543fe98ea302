"""The feed, support and Try in a real browser: a long stream stays fast, and what is tried is answered in the page."""

import re
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import ViewportSize, expect

from relay.model import Kind
from tests.end_to_end.stage import message
from tests.support import eventually
from tests.web.desk.office import TERM, Office
from tests.web.desk.page import opened

pytestmark = pytest.mark.asyncio(loop_scope="session")

MARKUP = "<img src=x onerror=document.title='hacked'>"
LONG = 10_000
DRAWN = 60
"""Rows in the document at most, of however many there are: two screens of low ones."""
ROWS = "article.entry"
PHONE = ViewportSize(width=380, height=800)


async def test_a_pretended_raid_is_answered_in_the_page_and_ticked_off_and_told_again(desk: Office) -> None:
    async with desk.page("/#try") as page:
        panel = page.locator("section", has=page.get_by_role("heading", name="Pretend", exact=True))
        await panel.get_by_label("What happens").select_option("raid")
        await panel.get_by_label("Who").fill(MARKUP[:50])
        await panel.get_by_label("Viewers", exact=True).fill("7")
        await panel.get_by_role("button", name="Pretend").press("Enter")
        row = page.locator(ROWS, has_text="raids with 7 viewers")
        await expect(row).to_contain_text("pretended")
        await expect(row.locator(".answer")).to_contain_text("is raiding the stream with 7 viewers")

        await page.evaluate("location.hash = 'live'")
        await expect(page.get_by_label("Feed").locator(ROWS, has_text="raids with 7 viewers")).to_be_visible()

        await page.evaluate("location.hash = 'support'")
        support = page.locator(".support article")
        await support.get_by_role("checkbox").check()
        await expect(support).to_contain_text("ticked off by")
        await support.get_by_role("button", name="Tell again").click()
        await expect(support).to_contain_text("told again 1 time")
        assert await page.title() == "Voxta Relay"


async def test_what_comes_of_something_pretended_is_in_view_also_on_a_phone(desk: Office) -> None:
    async with desk.page("/#try", viewport=PHONE) as page:
        await page.get_by_label("What they ask").fill("Is it far?")
        await page.get_by_role("button", name="Pretend").click()
        answer = page.locator(ROWS, has_text="Is it far?").locator(".answer")
        await expect(answer).to_be_in_viewport(ratio=1)
        await expect(page.locator(".notice")).to_have_count(0)  # it would hide what it tells


async def test_what_the_streamer_says_stands_with_its_answer_among_what_was_said(desk: Office) -> None:
    async with desk.page("/#try") as page:
        await page.get_by_label("Your words").fill("Now, where were we?")
        await page.get_by_role("button", name="Say it").click()
        await expect(page.get_by_text("Said.")).to_be_visible()

        await page.evaluate("location.hash = 'live'")
        row = page.get_by_label("Feed").locator(ROWS, has_text="where were we?")
        await expect(row).to_have_count(1)
        await expect(row.locator(".answer")).to_contain_text("You said: Now, where were we?")
        await expect(row).to_contain_text("streamer")
        for what in ("said", "answers"):
            await page.locator("section.feed:visible").get_by_label("What is shown").select_option(what)
            await expect(row).to_be_visible()


async def test_a_row_opens_who_wrote_it_by_keyboard_alone(desk: Office) -> None:
    await desk.hear("you absolute walnut", author="Ben", platform="discord")
    async with desk.page("/#live") as page:
        await expect(page.locator(ROWS, has_text="walnut").locator(".answer")).to_contain_text("walnut")
        await page.get_by_role("feed").focus()
        await page.keyboard.press("End")
        await page.evaluate("getSelection().selectAllChildren(document.activeElement.querySelector('.said'))")
        await page.keyboard.press("Enter")
        dialog = page.get_by_role("dialog")
        await expect(dialog).to_contain_text("The companion was told, and answered.")
        await expect(dialog.get_by_label("Word or phrase to block")).to_have_value("you absolute walnut")

        await dialog.get_by_label("Word or phrase to block").fill("walnut")
        await page.keyboard.press("Enter")
        await expect(page.get_by_text("walnut is blocked.")).to_be_visible()
        for _ in range(2):
            await dialog.get_by_role("button", name=re.compile("Mute|Sure")).press("Enter")
        await expect(dialog.get_by_role("button", name="Hear them again")).to_be_visible()
        await page.keyboard.press("Escape")
        switches = desk.relay.runtime.switches()
        assert (set(switches.blocked_terms), set(switches.muted)) == ({"walnut"}, {"discord:ben"})


async def test_who_goes_back_leaves_a_viewer_behind_and_can_press_what_is_there(desk: Office) -> None:
    await desk.receive(message(50, kind=Kind.RAID, author="kim", amount=7))
    async with desk.page("/#live") as page:
        await page.get_by_role("link", name="Support").click()
        await page.locator(".support-entry", has_text="Kim").click()
        await expect(page.get_by_role("dialog")).to_be_visible()

        await page.go_back()
        await page.get_by_role("button", name="Pause").click()

        await eventually(lambda: desk.relay.runtime.switches().paused)
    await desk.control("resume")


async def test_what_is_pressed_in_a_row_counts_although_the_row_changes_meanwhile(desk: Office) -> None:
    await desk.hear(f"a {TERM}", author="Ben")
    await eventually(lambda: len(desk.held) == 1)
    async with desk.page("/#live") as page:
        row = page.get_by_label("Feed").locator(ROWS, has_text=TERM)
        await row.get_by_role("button", name="More about Ben").hover()
        await page.mouse.down()
        [held] = desk.held
        await desk.control(f"reject {held}")
        await expect(row.locator(".outcome")).to_have_class("outcome rejected")
        await page.mouse.up()
        await expect(page.get_by_role("dialog")).to_contain_text(TERM)


async def test_of_a_long_stream_only_what_is_in_view_is_in_the_document(desk: Office) -> None:
    """The feed is filled from here, at once; taking so many in is another test's."""
    async with desk.page("/#live") as page:
        await page.evaluate(
            """async (count) => {
              const { modules } = await import("/static/desk.js");
              const { Rows } = modules["desk/rows.js"];
              const { h } = modules["desk/dom.js"];
              const make = (item) => {
                const element = h("article", {class: "entry"}, item.text);
                return { element, update: ({ text }) => { element.textContent = text; } };
              };
              const text = (id) => `row ${id} ` + "words ".repeat(id % 97);
              const items = Array.from({ length: count }, (_, id) => ({ id, text: text(id) }));
              const rows = new Rows({ label: "Long", make, open: ({ id }) => { window.opened = id; } });
              document.querySelector("main").replaceChildren(rows.element);
              rows.show(items);
              window.rows = rows;
              window.items = items;
            }""",
            LONG,
        )
        rows = page.locator(".rows")
        texts = "[...document.querySelectorAll('article.entry')].map((row) => parseInt(row.textContent.slice(4)))"
        in_view = """[...document.querySelectorAll('article.entry')].filter((row) => {
          const at = row.getBoundingClientRect(), box = document.querySelector('.rows').getBoundingClientRect();
          return at.bottom > box.top && at.top < box.bottom; }).map((row) => parseInt(row.textContent.slice(4)))"""

        assert (await page.evaluate(in_view))[-1] == LONG - 1
        for share in (0.0, 0.37, 0.8):
            await rows.evaluate("(box, share) => { box.scrollTop = share * box.scrollHeight; }", share)
            await page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
            drawn, seen = await page.evaluate(texts), await page.evaluate(in_view)
            assert len(drawn) < DRAWN and drawn == list(range(drawn[0], drawn[0] + len(drawn)))
            assert seen and abs(seen[0] / LONG - share) < 0.1

        before = await page.evaluate(in_view)
        await page.evaluate("rows.show([...items, { id: 10000, text: 'row 10000' }, { id: 10001, text: 'row 10001' }])")
        assert await page.evaluate(in_view) == before
        await page.get_by_role("button", name="2 new").click()
        assert (await page.evaluate(in_view))[-1] == LONG + 1
        await page.keyboard.press("Home")
        await page.keyboard.press("ArrowDown")
        await page.keyboard.press("Enter")
        assert await page.evaluate("window.opened") == 1


@pytest_asyncio.fixture(loop_scope="session")
async def paused(desk: Office) -> AsyncIterator[None]:
    """Nothing is told: that would change rows, and have them come to the pages by themselves."""
    await desk.control("pause")
    yield
    await desk.control("clear")
    await desk.control("resume")


@pytest.mark.usefixtures("paused")
async def test_the_feed_is_searched_beyond_what_the_page_has_each_time_it_is_seen(desk: Office) -> None:
    await desk.receive(*(message(n, f"line {n} of the day", kind=Kind.NOTICE) for n in range(100, 700)))
    async with desk.page("/#live") as page:
        await expect(page.locator(ROWS, has_text="line 699 of the day")).to_be_visible()
        await page.keyboard.press("/")
        await page.keyboard.type("LINE 123")
        await expect(page.locator(ROWS)).to_have_count(1)
        await expect(page.locator(ROWS)).to_contain_text("line 123 of the day")

        await page.evaluate("location.hash = 'rules'")
        await expect(page.get_by_role("heading", name="Rules", level=1)).to_be_attached()
        await desk.hear("once more line 123")
        await page.evaluate("location.hash = 'live'")
        await expect(page.locator(ROWS)).to_have_text([re.compile("line 123 of the day"), re.compile("once more")])


@pytest.mark.usefixtures("paused")
async def test_what_a_filter_leaves_is_looked_for_beyond_what_the_page_has(desk: Office) -> None:
    raid = message(1000, kind=Kind.RAID, author="rae", amount=7)
    await desk.receive(raid, *(message(n, f"later line {n}", kind=Kind.NOTICE) for n in range(1001, 1600)))
    async with desk.page("/#live") as page:
        for _ in ("until all of it has come", "and with the newest rows alone"):
            await page.reload()
            await expect(page.locator(ROWS, has_text="later line 1599")).to_be_visible()

        await page.get_by_label("What is shown").select_option("support")
        await expect(page.locator(ROWS, has_text="Rae")).to_be_visible()


@pytest.mark.usefixtures("paused")
async def test_support_that_nobody_has_seen_to_is_looked_for_beyond_what_the_page_has(desk: Office) -> None:
    raids = [message(2000 + n, kind=Kind.RAID, author=f"x{n}", amount=7) for n in range(300)]
    await desk.receive(*raids)
    async with desk.page("/#support") as page, opened(desk.url) as other:
        await expect(page.locator(ROWS, has_text="X299")).to_be_visible()
        for raid in raids[1:]:
            await other.ask("tick", id=raid.key)
        await page.reload()
        await expect(page.locator(".count")).to_have_text(re.compile("^[1-9]"))

        await page.get_by_label("Only what is not ticked off").check()

        await expect(page.locator(ROWS, has_text="X0")).to_be_visible()
        await expect(page.get_by_text("All of it is ticked off.")).to_be_hidden()


ANSWERED = """async (markup) => {
  const { feed } = (await import("/static/desk.js")).modules["desk/feed.js"];
  const asked = {
    id: "twitch:1", n: 0, type: "message", kind: "chat", who: markup, viewer: "twitch:ann", platform: "twitch",
    text: "how are you?", amount: null, detail: null, pretended: false, again: 0, age: 5, outcome: "forwarded",
    reason: "user", reply: "reply:1",
  };
  const reply = {
    id: "reply:1", n: 1, type: "reply", who: "Vox", text: `Very well. ${markup} And you?`, heard: "Very well.",
    phase: "cut", cut: true, pretended: false, age: 4, released: "Very well.",
    asked: [{ id: "twitch:1", who: "Ann", text: "how are you?" }],
    posted: [{ platform: "twitch", error: "the channel is gone" }],
  };
  const rows = [asked, reply];
  const watch = (_, show) => setTimeout(() => show({ anew: true, total: 2, rows }));
  const connection = { watch, ask: async () => [] };
  document.querySelector("main").replaceChildren(feed(connection));
}"""


async def test_an_answer_stands_with_its_question_and_what_nobody_heard_is_told_apart(desk: Office) -> None:
    async with desk.page("/#live") as page:
        await page.evaluate(ANSWERED, MARKUP)

        await expect(page.locator(ROWS)).to_have_count(1)
        answer = page.locator(".answer")
        await expect(answer.locator(".said").first).to_have_text("Very well.")
        await expect(answer.locator("s")).to_have_text(f" {MARKUP} And you?")
        await expect(answer).to_contain_text("cut off here")
        await expect(answer).to_contain_text("not posted to Twitch: the channel is gone")
        assert await page.title() == "Voxta Relay"


VIEWS = """async () => {
  const { modules } = await import("/static/desk.js");
  const row = (n, who, ticked) => ({
    id: `twitch:${n}`, n, type: "message", kind: "raid", who, viewer: "twitch:1", platform: "twitch", text: "",
    amount: 7, detail: null, pretended: false, again: 0, age: 0, outcome: "forwarded", reason: null, reply: null,
    told_again: 0, ticked,
  });
  const rows = [row(0, "Ann", "streamer"), row(1, "Bea", null)];
  const watch = (_, show) => setTimeout(() => show({ anew: true, total: 2, rows }));
  const connection = { watch, ask: async () => [] };
  const views = [modules["desk/feed.js"].feed(connection), modules["desk/support.js"].support(connection)];
  document.querySelector("main").replaceChildren(...views);
}"""


async def test_a_row_tells_when_it_happened_however_late_it_comes_into_view(desk: Office) -> None:
    async with desk.page("/#live", kept=False) as page:
        await page.clock.set_fixed_time("2026-05-01T20:00:00")
        await page.evaluate(VIEWS)
        raids = page.locator(ROWS, has_text="Ann")
        await expect(raids).to_have_count(2)
        then = await raids.all_text_contents()

        await page.clock.set_fixed_time("2026-05-01T22:30:00")
        await page.get_by_label("Search the feed").fill("Bea")
        await page.get_by_label("Only what is not ticked off").check()
        await expect(raids).to_have_count(0)
        await page.get_by_label("Search the feed").fill("")
        await page.get_by_label("Only what is not ticked off").uncheck()

        await expect(raids).to_have_text(then)
