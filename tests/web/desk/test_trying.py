"""Trying things out from the desk: what is pretended, said, heard and played, without an audience."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import pytest

from relay.application.audio import LiveAudio
from relay.application.composition import Relay
from relay.application.desk import trying
from relay.application.desk.playing import PIECE
from relay.application.desk.pretending import Pretence, What, pretended
from relay.application.desk.trying import SILENT, decibels
from relay.application.serving import serving
from relay.companion.serving.server import CompanionServer
from relay.config import CompanionSection
from relay.model import DESK, AudienceMessage, Caller, Kind, Role
from relay.platforms.base import Platform
from relay.web.desk.actions import DeskError
from relay.web.overlay.messages import ClipEnded, Cue, PageSound, Ready, Started, ToPage
from relay.web.overlay.sink import OverlaySink
from tests.doubles.obs import ObsDouble
from tests.end_to_end.stage import EchoBrain, relaying, settings
from tests.support import PATIENCE, eventually
from tests.web.desk.page import RawPage, opened

IN_PRIVATE = Caller(source="terminal", name="terminal", roles=frozenset({Role.STREAMER}), in_private=True)


def nowhere(*_: object) -> Sequence[Platform]:
    return []


@dataclass
class Studio:
    """A relay without a platform, and a page of its desk."""

    relay: Relay
    audio: LiveAudio
    page: RawPage
    brain: EchoBrain
    folder: Path
    arrived: list[AudienceMessage] = field(default_factory=list)
    posted: list[tuple[str, str]] = field(default_factory=list)

    async def do(self, action: str, /, **fields: Any) -> Any:
        answer = await self.page.ask(action, **fields)
        assert answer["ok"], answer
        return answer["answer"]

    async def refused(self, action: str, /, **fields: Any) -> dict[str, str]:
        answer: dict[str, dict[str, str]] = await self.page.ask(action, **fields)
        return answer["error"]

    def audited(self) -> list[str]:
        lines = (self.folder / next(self.folder.glob("*audit*")).name).read_text().splitlines()
        return [json.loads(line)["what"] for line in lines]


@asynccontextmanager
async def studio(folder: Path, *, voice: Literal["none", "espeak"] = "none", **sections: Any) -> AsyncIterator[Studio]:
    brain = EchoBrain()
    companion = CompanionServer(CompanionSection(port=0, speech=voice), brain=brain)
    config = settings(folder, web={"port": 0}, **sections)
    audio = LiveAudio(config)
    async with (
        companion,
        relaying(config, companion.url, nowhere, audio=audio) as (relay, _),
        serving(config, relay, audio) as server,
        opened(server.url) as page,
    ):
        it = Studio(relay, audio, page, brain, folder)
        relay.events.arrived.subscribe(it.arrived.append)
        relay.events.posted.subscribe(lambda platform, post, error: it.posted.append((platform, post.text)))
        yield it


async def test_a_relay_without_a_platform_is_talked_to_from_the_desk(tmp_path: Path) -> None:
    async with studio(tmp_path) as it:
        asked = await it.do("pretend", what="question", name="Ann", text="how are you?")
        await eventually(lambda: [platform for platform, _ in it.posted] == [DESK])
        await it.do("pretend", what="raid", name="Ben", amount=7)
        await eventually(lambda: len(it.posted) == 2)
        await it.do("say", text="Now, where were we?")
        await eventually(lambda: len(it.brain.asked) == 3)

    assert "how are you?" in it.posted[0][1] and "7 viewers" in it.posted[1][1]
    assert asked["key"] == it.arrived[0].key
    assert it.brain.asked[2] == "Now, where were we?"
    assert it.audited() == ["pretend question by Ann: how are you?", "pretend raid by Ben", "say Now, where were we?"]


async def test_what_cannot_be_tried_is_refused_with_the_reason(tmp_path: Path) -> None:
    async with studio(tmp_path) as it:
        assert (await it.refused("pretend", what="chat", name="Ann"))["field"] == "text"
        assert (await it.refused("pretend", what="reward", name="Ann"))["field"] == "title"
        assert (await it.refused("pretend", what="chat", name=" \n", text="hi"))["field"] == "name"
        assert "obs.enabled" in (await it.refused("threshold", decibels=-30))["text"]
        assert "speech.enabled" in (await it.refused("speak"))["text"]
        assert "no recording" in (await it.refused("play"))["text"]


async def test_what_is_pretended_is_marked_where_it_waits_for_a_decision(tmp_path: Path) -> None:
    term = {"blocked_terms": ["spoiler"], "blocked_terms_are": "hold"}
    async with studio(tmp_path, filters=term, outbound=term) as it:
        await it.page.show("held")
        await it.do("pretend", what="question", name="Ann", text="is that a spoiler?")
        question = await held_from(it, "audience")
        listed = await it.relay.controls.run("held", IN_PRIVATE)
        await it.do("approve", id=question["id"])
        answer = await held_from(it, "companion")

    assert (question["pretended"], answer["pretended"]) == (True, True)
    assert f"{question['id']} pretended, Ann (desk)" in listed


async def test_an_obs_without_a_microphone_is_well_and_shows_no_level(tmp_path: Path) -> None:
    async with ObsDouble() as obs, studio(tmp_path, obs={"enabled": True, "url": obs.url, "inputs": []}) as it:
        await it.page.show("strip", "try")
        await it.page.until("strip", lambda frame: ("obs", "ok") in lights(frame["state"]))
        refused = await it.refused("threshold", decibels=-30)

    assert it.audio.lines()[0] == "OBS: no microphone is watched"
    assert it.page.states["strip"]["state"]["microphone"] is None
    assert it.page.states["try"]["state"]["microphone"] is None
    assert "obs.inputs" in refused["text"]


def lights(strip: dict[str, Any]) -> list[tuple[str, str]]:
    return [(light["name"], light["state"]) for light in strip["lights"]]


async def held_from(it: Studio, source: str) -> dict[str, Any]:
    """What waits for a decision, once it is from there."""
    frame = await it.page.until("held", lambda frame: [row["from"] for row in frame["state"]["rows"]] == [source])
    row: dict[str, Any] = frame["state"]["rows"][0]
    return row


def line(at: float, text: str, **over: Any) -> str:
    return json.dumps({"at": at, "platform": "twitch", "author": {"id": "7", "name": "Ann"}, "text": text} | over)


async def test_a_recording_is_brought_in_pieces_played_pretended_and_stopped(tmp_path: Path) -> None:
    boss = {"id": "1", "name": "Boss", "roles": ["moderator", "subscriber"]}
    async with studio(tmp_path) as it:
        await it.do("recording", text="\n".join([line(0.5, "second"), "not a line"]))
        more = [line(0.0, "!relay pause", author=boss), line(0.6, "", kind="online"), line(90_000.0, "too late")]
        state = await it.do("recording", text="\n".join(more), is_first=False)
        assert (state["lines"], state["seconds"], state["skipped"]) == (4, 90_000.0, 1)

        await it.do("play", speed=100)
        assert "stop" in (await it.refused("recording", text=""))["text"]
        await it.page.show("try")
        await it.page.until("try", lambda frame: frame["state"]["recording"]["played"] == 3)
        await it.do("stop")
        await it.page.until("try", lambda frame: not frame["state"]["recording"]["is_playing"])
        paused = it.relay.runtime.switches().paused

    assert [(each.text, each.viewer) for each in it.arrived] == [
        ("!relay pause", f"{DESK}:twitch.1"),
        ("second", f"{DESK}:twitch.7"),
    ]
    assert it.arrived[0].author.roles == {Role.VIEWER, Role.SUBSCRIBER}
    assert not paused
    assert it.audited() == ["play a recording of 4 lines, pretended", "stop the recording"]


async def test_a_recording_is_bounded_and_its_mistakes_are_named(tmp_path: Path) -> None:
    async with studio(tmp_path) as it:
        assert (await it.refused("recording", text="x" * (PIECE + 1)))["field"] == "text"
        mistakes = await it.do("recording", text="\n".join(["[]", "no", "{}", "no"]))

    assert mistakes["lines"] == 0 and mistakes["skipped"] == 4
    assert [problem.split(":")[0] for problem in mistakes["problems"]] == ["line 1", "line 2", "line 3"]


@pytest.mark.parametrize(
    ("what", "kind", "amount"),
    [("cheer", Kind.CHEER, 100), ("gift", Kind.GIFT, 5), ("sub", Kind.SUBSCRIBE, None), ("follow", Kind.FOLLOW, None)],
)
def test_what_is_left_out_is_as_usual(what: What, kind: Kind, amount: int | None) -> None:
    message = pretended(Pretence(what=what), "1", 5.0)

    assert (message.kind, message.amount, message.author.name, message.pretended) == (kind, amount, "Alex", True)


def test_a_reward_is_one_that_nobody_has_to_be_told_about() -> None:
    message = pretended(Pretence(what="reward", title="Hydrate!", amount=50, text="cheers"), "1", 5.0)

    assert message.reward is not None and not message.reward.awaits_outcome
    assert (message.detail, message.reward.title, message.reward.cost, message.amount) == (
        "Hydrate!",
        "Hydrate!",
        50,
        None,
    )


def test_what_nobody_could_do_is_named() -> None:
    with pytest.raises(DeskError, match="title: has to name the reward"):
        pretended(Pretence(what="reward", title=" "), "1", 5.0)


@pytest.mark.parametrize(("level", "shown"), [(1.0, 0.0), (0.1, -20.0), (0.0, SILENT), (1e-9, SILENT)])
def test_levels_are_shown_in_decibels_of_full_scale(level: float, shown: float) -> None:
    assert decibels(level) == shown


async def test_what_was_refused_or_told_is_told_once_more(tmp_path: Path) -> None:
    async with studio(tmp_path, filters={"repeat_within": 60}) as it:
        await it.do("pretend", what="chat", name="Ann", text="who are you then?")
        await eventually(lambda: len(it.posted) == 1)
        await it.relay.quiet(empty=True)
        second = await it.do("pretend", what="chat", name="Ann", text="who are you then?")
        await it.relay.quiet(empty=True)
        assert "rejected" in await it.relay.runtime.why(second["key"])

        await it.do("again", id=second["key"])
        await eventually(lambda: len(it.posted) == 2)
        gone = await it.refused("again", id="desk:nothing")

    assert it.posted[1] == it.posted[0]
    assert gone["code"] == "gone"
    assert it.audited()[-1] == f"again {second['key']}"


class Listener:
    """A page of the overlay that plays what it is told to, at once."""

    def __init__(self, sink: OverlaySink) -> None:
        self._sink = sink

    def send(self, message: ToPage) -> None:
        if isinstance(message, Cue):
            for report in (Started(id=message.id, at=0.0), ClipEnded(id=message.id)):
                asyncio.get_running_loop().call_soon(self._sink.hear, self, report)

    def drop(self) -> None: ...


async def test_it_is_found_out_where_a_sentence_is_heard(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trying, "OTHERS_WITHIN", 0.0)
    monkeypatch.setattr(trying, "HEARD_WITHIN", 0.0)
    speech = {"enabled": True, "sinks": ["overlay"]}
    async with studio(tmp_path, voice="espeak", speech=speech) as it:
        unheard = await it.do("speak", text="Is anybody there?")
        it.audio.overlay.hear(Listener(it.audio.overlay), Ready(version=2, sound=PageSound.ON))
        monkeypatch.setattr(trying, "HEARD_WITHIN", PATIENCE)
        heard = await it.do("speak")

    assert unheard == {"overlay": "no page is open", "sinks": [{"name": "overlay", "played": False}]}
    assert heard == {"overlay": "open", "sinks": [{"name": "overlay", "played": True}]}


async def test_the_threshold_moves_at_once_and_what_obs_tells_is_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("activity", "microphone"):
        monkeypatch.setattr(f"relay.obs.{module}.SILENCE", PATIENCE)
    async with ObsDouble() as obs, studio(tmp_path, obs={"enabled": True, "url": obs.url, "inputs": ["Mic/Aux"]}) as it:
        microphone = it.audio.streamers_microphone
        assert microphone is not None
        await eventually(lambda: "listening" in microphone.health())
        await it.do("threshold", decibels=-60)
        await obs.meters({"Mic/Aux": 0.005})
        await it.page.show("try")
        frame = await it.page.until("try", lambda frame: frame["state"]["microphone"]["inputs"])

    shown = frame["state"]["microphone"]
    assert shown["inputs"] == [{"name": "Mic/Aux", "level": -46.0, "talks": True}]
    assert (shown["threshold"], shown["configured"]) == (-60.0, -40.0)
    assert it.audited() == ["threshold -40 to -60 dBFS, for this run"]
