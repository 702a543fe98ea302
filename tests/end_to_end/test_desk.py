"""The desk of a real relay around the embedded companion: what its pages see, and what they do to it."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from relay.application.audio import LiveAudio
from relay.application.composition import Relay
from relay.application.desk.past import AGO
from relay.application.serving import serving
from relay.companion.serving.server import CompanionServer
from relay.model import Kind
from relay.moderation.audit import Audit
from relay.platforms.base import Platform
from tests.end_to_end.stage import EchoBrain, RecordingPlatform, message, relaying, settings
from tests.support import eventually
from tests.web.desk.page import RawPage, opened

HELD = "look at evil.example"


@dataclass
class DeskStage:
    """A relay with its desk, and one page of that."""

    relay: Relay
    url: str
    page: RawPage
    twitch: RecordingPlatform

    async def say(self, *texts: str, first: int = 1, **over: Any) -> None:
        """Somebody else each time writes one of them."""
        numbered = enumerate(texts, first)
        await self.relay.receive(*(message(n, text, **({"author": f"v{n}"} | over)) for n, text in numbered))


@asynccontextmanager
async def desk_stage(folder: Path, companion: CompanionServer, **sections: Any) -> AsyncIterator[DeskStage]:
    own = {"web": {"port": 0}, "filters": {"links": "hold"}} | sections
    config = settings(folder, **own)
    audio, twitch = LiveAudio(config), RecordingPlatform("twitch")

    def platforms(*_: object) -> Sequence[Platform]:
        return [twitch]

    async with (
        relaying(config, companion.url, platforms, audio=audio) as (relay, _),
        serving(config, relay, audio) as server,
        opened(server.url) as page,
    ):
        yield DeskStage(relay, server.url, page, twitch)


@pytest.fixture
async def stage(tmp_path: Path, companion: CompanionServer) -> AsyncIterator[DeskStage]:
    async with desk_stage(tmp_path, companion) as stage:
        yield stage


def lights_of(frame: dict[str, Any]) -> dict[str, str]:
    return {light["name"]: light["state"] for light in frame["state"]["lights"]}


async def test_the_strip_tells_who_has_the_floor_what_is_set_and_how_each_connection_is(
    stage: DeskStage, brain: EchoBrain
) -> None:
    page = stage.page
    await page.show("strip")
    await page.until("strip", lambda frame: frame["state"]["floor"]["state"] == "free")
    brain.may_answer.clear()
    await stage.say("hi")
    await page.until("strip", lambda frame: frame["state"]["floor"]["state"] == "thinking")
    stage.relay.voice.speaks("game:npc")
    talking = await page.until("strip", lambda frame: frame["state"]["floor"]["talking"])
    await page.ask("pause")
    paused = await page.until("strip", lambda frame: frame["state"]["switches"]["paused"])
    ready = await page.until("strip", lambda frame: lights_of(frame)["store"] == "ok")

    assert lights_of(ready) == {"voxta": "ok", "twitch": "ok", "store": "ok"}
    assert talking["state"]["floor"]["talking"] == [{"name": "npc", "streamer": False}]
    assert paused["state"]["halt"] == "paused"


async def test_what_waits_is_shown_in_its_order_with_why_and_can_be_told_first_or_dropped(
    stage: DeskStage, brain: EchoBrain
) -> None:
    page = stage.page
    brain.may_answer.clear()
    await stage.say("first of all")
    await eventually(lambda: brain.asked != [])
    await stage.say("one is here", "what is the second about?", "three is here", first=2)
    await page.show("next")
    shown = (await page.until("next", lambda frame: frame["state"]["total"] == 3))["state"]["rows"]
    assert [row["text"] for row in shown] == ["one is here", "what is the second about?", "three is here"]
    assert shown[1]["reasons"] == ["question"]
    assert (shown[0]["who"], shown[0]["waited"] < 60, shown[0]["left"] > 0) == ("V2", True, True)

    assert (await page.ask("now", key="twitch:m4"))["ok"]
    assert (await page.ask("drop", key="twitch:m2"))["ok"]
    after = (await page.until("next", lambda frame: frame["state"]["total"] == 2))["state"]["rows"]
    brain.may_answer.set()
    await eventually(lambda: len(brain.asked) == 3)

    assert [(row["key"], row["reasons"]) for row in after] == [("twitch:m4", ["first"]), ("twitch:m3", ["question"])]
    assert ["three" in brain.asked[1], "second" in brain.asked[2]] == [True, True]
    assert (await page.ask("drop", key="twitch:m2"))["error"]["code"] == "gone"


async def test_what_is_held_is_shown_with_the_part_it_is_held_for_and_decided(
    stage: DeskStage, brain: EchoBrain
) -> None:
    page = stage.page
    await stage.say("\N{GRINNING FACE} " + HELD, HELD + " two", HELD + " three")
    await page.show("held")
    rows = (await page.until("held", lambda frame: frame["state"]["total"] == 3))["state"]["rows"]
    units = rows[0]["text"].encode("utf-16-le")
    start, end = rows[0]["spans"][0]
    assert units[2 * start : 2 * end].decode("utf-16-le") == "evil.example"
    assert (rows[0]["from"], rows[0]["reason"], rows[0]["left"] > 0) == ("audience", "link", True)

    edited = await page.ask("edit", id=rows[0]["id"], text="look at my page")
    approved = await page.ask("approve", id=rows[1]["id"])
    rejected = await page.ask("reject", id=rows[2]["id"])
    await eventually(lambda: len(brain.asked) == 2)

    assert [answer["ok"] for answer in (edited, approved, rejected)] == [True, True, True]
    assert "my page" in brain.asked[0] and "evil" not in brain.asked[0]
    assert (await page.ask("approve", id=rows[2]["id"]))["error"]["code"] == "gone"


async def test_an_emergency_silences_drops_and_pauses_and_one_press_undoes_the_pause(
    stage: DeskStage, brain: EchoBrain
) -> None:
    brain.may_answer.clear()
    await stage.say("hi", "and again", "and once more")
    await eventually(lambda: bool(brain.asked) and len(stage.relay.forwarder.waiting) == 2)

    assert (await stage.page.ask("emergency"))["answer"] == "Silent and paused; 2 messages were dropped."
    assert (stage.relay.runtime.switches().paused, len(stage.relay.forwarder.waiting)) == (True, 0)

    assert (await stage.page.ask("resume"))["ok"]
    assert not stage.relay.runtime.switches().paused


async def test_two_moderators_at_once_undo_nothing_of_each_other(stage: DeskStage) -> None:
    async with opened(stage.url) as other:
        terms = [f"word{chr(97 + number)}" for number in range(20)]
        asked = [page.ask("block", term=term) for page, term in zip([stage.page, other] * 10, terms, strict=True)]
        mine, theirs = asked[::2], asked[1::2]

        async def one_by_one(questions: list[Any]) -> None:
            for question in questions:
                assert (await question)["ok"]

        await asyncio.gather(one_by_one(mine), one_by_one(theirs))

    assert sorted(stage.relay.runtime.switches().blocked_terms) == terms


async def test_a_hundred_held_messages_are_decided_in_a_row_by_two_moderators(stage: DeskStage) -> None:
    await stage.say(*(f"{HELD} number {number}" for number in range(100)))
    await eventually(lambda: len(stage.relay.runtime.held()) == 100)
    ids = [held.id for held in stage.relay.runtime.held()]

    async with opened(stage.url) as other:

        async def decide(page: RawPage, do: str, ordered: list[str]) -> list[str]:
            return [held_id for held_id in ordered if (await page.ask(do, id=held_id))["ok"]]

        done = await asyncio.gather(decide(stage.page, "reject", ids), decide(other, "reject", ids[::-1]))

    assert sorted(done[0] + done[1]) == sorted(ids)
    assert stage.relay.runtime.held() == []


async def test_states_can_be_asked_for_once(stage: DeskStage) -> None:
    await stage.say(HELD, kind=Kind.CHAT)
    await eventually(lambda: len(stage.relay.runtime.held()) == 1)

    state, held, following = [(await stage.page.ask(name))["answer"] for name in ("state", "held", "next")]

    assert state["held"] == 1
    assert [row["text"] for row in held["rows"]] == [HELD]
    assert following["rows"] == []


async def test_the_feed_joins_what_was_said_with_what_was_answered(stage: DeskStage, brain: EchoBrain) -> None:
    page = stage.page
    await stage.say("hello there")
    await stage.say("*#evil", first=2, author="bad")
    await page.show("feed")
    frames = await page.rows_until("feed", lambda rows: any(row.get("released") for row in rows))
    await page.rows_until("feed", lambda rows: all(row["outcome"] for row in rows if row["type"] == "message"), frames)
    rows = list(frames.values())

    said = next(row for row in rows if row["id"] == "twitch:m1")
    answer = next(row for row in rows if row["id"] == said["reply"])
    assert (said["who"], said["text"], said["outcome"]) == ("V1", "hello there", "forwarded")
    assert (answer["type"], answer["asked"][0]["id"], answer["phase"]) == ("reply", "twitch:m1", "done")
    assert answer["text"].startswith("You said:")
    assert (await page.ask("why", key="twitch:m1"))["answer"] == "twitch:m1: forwarded (user)"


async def test_support_is_ticked_off_for_all_and_told_again_as_something_new(
    stage: DeskStage, brain: EchoBrain, tmp_path: Path
) -> None:
    page = stage.page
    await stage.say("", kind=Kind.FOLLOW)
    await stage.say("", kind=Kind.RAID, amount=42, first=2)
    await page.show("support")
    rows = await page.rows_until("support", lambda rows: all(row["outcome"] for row in rows) and len(rows) == 2)
    assert [row["kind"] for row in rows.values()] == ["follow", "raid"]
    asked = len(brain.asked)

    assert (await page.ask("tick", id="twitch:m2"))["ok"]
    assert (await page.ask("again", id="twitch:m2"))["ok"]
    assert (await page.ask("again", id="twitch:m1"))["ok"]
    await eventually(lambda: len(brain.asked) > asked)
    await page.show()  # what came before an answer was not kept
    await page.show("support")
    after = await page.rows_until(
        "support", lambda rows: all(row["told_again"] and row["outcome"] for row in rows) and len(rows) == 2
    )

    assert [row["ticked"] for row in after.values()] == [None, "streamer"]
    assert [row["outcome"] for row in after.values()] == ["forwarded", "forwarded"]
    assert (await page.ask("tick", id="twitch:m9"))["error"]["code"] == "gone"
    assert "tick twitch:m2" in [entry["what"] for entry in Audit(settings(tmp_path).audit_file).newest(10)]


async def test_what_somebody_wrote_who_wants_to_be_forgotten_leaves_open_pages_at_once(stage: DeskStage) -> None:
    page = stage.page
    await stage.say("my secret", author="ann")
    await stage.say("my secret gift", author="ann", kind=Kind.CHEER, amount=100, first=2)
    await stage.say("hello there", author="bob", first=3)
    await stage.relay.quiet(empty=True)
    await page.show("feed")
    rows = await page.rows_until("feed", lambda rows: "my secret gift" in said(rows))
    await stage.say("!forget me", author="ann", first=4)
    await page.rows_until(
        "feed", lambda rows: "secret" not in str([said(rows), [row.get("asked") for row in rows]]), rows
    )

    support = (await page.ask("older", topic="support", before=99))["answer"]
    assert [(row["id"], row["text"]) for row in support] == [("twitch:m2", "")]
    assert "hello there" in str(await page.ask("viewer", viewer="twitch:bob"))
    assert "secret" not in str(await page.ask("viewer", viewer="twitch:ann"))


class TestAfterARestart:
    """Also one that the page asked for."""

    async def test_the_feed_has_what_was_said_before_and_how_it_ended(
        self, tmp_path: Path, companion: CompanionServer
    ) -> None:
        async with desk_stage(tmp_path, companion) as stage:
            await stage.say("hello there", "another thing")
            await stage.relay.quiet(empty=True)
        async with desk_stage(tmp_path, companion) as stage:
            await stage.say("and now?", first=3)
            await stage.page.show("feed")
            rows = await stage.page.rows_until("feed", lambda rows: len(said(rows)) == 3 and all(ended(rows)))
            viewer = (await stage.page.ask("viewer", viewer="twitch:v1"))["answer"]

        assert said(list(rows.values())) == ["hello there", "another thing", "and now?"]
        assert [row["text"] for row in viewer["rows"]] == ["hello there"]

    async def test_support_has_what_came_before_with_its_ticks(
        self, tmp_path: Path, companion: CompanionServer
    ) -> None:
        async with desk_stage(tmp_path, companion) as stage:
            await stage.say("", "", kind=Kind.FOLLOW)
            await stage.say("", kind=Kind.RAID, amount=42, first=3)
            await stage.page.ask("tick", id="twitch:m1")
            await stage.page.ask("tick", id="twitch:m2")
            await stage.page.ask("tick", id="twitch:m2", ticked=False)
            await stage.page.ask("again", id="twitch:m3")
            await stage.relay.quiet(empty=True)
        async with desk_stage(tmp_path, companion) as stage:
            await stage.page.show("support")
            rows = await stage.page.rows_until("support", lambda rows: len(rows) == 3 and all(ended(rows)))
            assert (await stage.page.ask("tick", id="twitch:m2"))["ok"]
            assert (await stage.page.ask("again", id="twitch:m3"))["ok"]
            await stage.page.rows_until("support", lambda rows: any(row["told_again"] == 2 for row in rows))
        async with desk_stage(tmp_path, companion) as stage:
            await stage.page.show("support")
            later = await stage.page.rows_until("support", lambda rows: len(rows) == 3 and all(ended(rows)))

        assert [(row["kind"], row["ticked"], row["told_again"]) for row in rows.values()] == [
            ("follow", "streamer", 0), ("follow", None, 0), ("raid", None, 1),
        ]  # fmt: skip
        assert [row["ticked"] for row in later.values()] == ["streamer", "streamer", None]
        assert [row["told_again"] for row in later.values()] == [0, 0, 2]

    async def test_what_was_longer_ago_than_a_stream_stays_away(
        self, tmp_path: Path, companion: CompanionServer
    ) -> None:
        async with desk_stage(tmp_path, companion) as stage:
            await stage.say("long ago", at=time.time() - AGO - 60)
            await stage.say("just now", first=2)
            await stage.relay.quiet(empty=True)
        async with desk_stage(tmp_path, companion) as stage:
            await stage.page.show("feed")
            rows = await stage.page.rows_until("feed", lambda rows: "just now" in said(rows))

        assert said(list(rows.values())) == ["just now"]


def said(rows: Sequence[dict[str, Any]]) -> list[str]:
    return [row["text"] for row in rows if row["type"] == "message"]


def asked(rows: Sequence[dict[str, Any]]) -> list[str]:
    return [each["text"] for row in rows if row["type"] == "reply" for each in row["asked"]]


def ended(rows: Sequence[dict[str, Any]]) -> list[bool]:
    return [row["outcome"] is not None for row in rows if row["type"] == "message"]


async def test_a_viewer_is_shown_with_what_they_wrote(stage: DeskStage) -> None:
    await stage.say("one thing", "another thing", author="ann")
    await stage.say("somebody else", first=3)
    await stage.page.ask("mute", viewer="twitch:ann")

    viewer = (await stage.page.ask("viewer", viewer="twitch:ann"))["answer"]
    older = (await stage.page.ask("older", topic="feed", before=99, text="thing"))["answer"]

    assert (viewer["name"], viewer["muted"], viewer["remembered"]) == ("Ann", True, None)
    assert [row["text"] for row in viewer["rows"]] == ["one thing", "another thing"]
    assert [row["text"] for row in older if row["type"] == "message"] == ["one thing", "another thing"]


JUNK: list[Any] = [
    None,
    [],
    "x",
    7,
    {"nothing": 1},
    {"id": "\x00", "key": "a b", "viewer": "\ud800", "text": "{{x}}"},
    {"id": {}},
]


async def test_no_fields_make_an_action_fail_by_a_mistake_of_ours(
    stage: DeskStage, caplog: pytest.LogCaptureFixture
) -> None:
    offered = (await stage.page.raw('{"id": 0, "do": "nothing"}'))["text"].partition("there are ")[2].split(", ")
    assert {"silence", "approve", "edit", "now", "again", "viewer"} <= set(offered)
    for number, (name, fields) in enumerate(product(offered, JUNK)):
        await stage.page.socket.send_json({"id": f"junk {number}", "do": name, "with": fields})

    answers = [await stage.page.answer(f"junk {number}") for number in range(len(offered) * len(JUNK))]

    wrong = [answer["error"] for answer in answers if not answer["ok"]]
    assert all(error["text"] and error["code"] in ("invalid", "gone", "failed", "unavailable") for error in wrong)
    assert [record for record in caplog.records if record.exc_info] == []
    assert (await stage.page.ask("state"))["ok"]
