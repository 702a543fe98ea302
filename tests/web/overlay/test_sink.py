"""The overlay as its pages see it: raw WebSockets against the running server."""

import asyncio
import io
import json
import time
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import av
import numpy as np
import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st

import relay.web.overlay.page
import relay.web.overlay.routes
from relay.speech.base import RATE
from relay.web.overlay import sink as overlay_sink
from relay.web.overlay.messages import (
    ClipEnded,
    Cue,
    CutClips,
    PageSound,
    Position,
    Ready,
    Started,
    Sync,
    Volume,
    parse,
)
from relay.web.overlay.sink import OverlaySink
from tests.support import PATIENCE, eventually
from tests.web.clips import clip
from tests.web.stage import Ear, Recorder, Stage


@pytest.fixture(autouse=True)
def nobody_hangs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Visitors answer no pings and are sent none, and may take their time."""
    monkeypatch.setattr(relay.web.overlay.page, "SILENCE", 2 * PATIENCE)
    monkeypatch.setattr(relay.web.overlay.page, "PING_EVERY", PATIENCE)
    monkeypatch.setattr(overlay_sink, "AWAY", PATIENCE)


class Visitor:
    """A page without a browser. It answers no pings."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.socket = socket

    async def says(self, kind: str, **fields: object) -> None:
        await self.socket.send_json({"type": kind, **fields})

    async def is_ready(self, sound: str = "on", *, captions: bool = True) -> None:
        await self.says("ready", version=2, sound=sound, captions=captions)

    async def is_cued(self) -> str:
        """The text of the next clip it is given."""
        return text_of(await self.hears("clip"))

    async def hears(self, kind: str) -> dict[str, Any]:
        async with asyncio.timeout(PATIENCE):
            while (message := await self.socket.receive_json())["type"] != kind:
                pass
            return dict(message)

    async def is_dismissed(self) -> tuple[int | None, str]:
        async with asyncio.timeout(PATIENCE):
            while (message := await self.socket.receive()).type is aiohttp.WSMsgType.TEXT:
                pass
        return self.socket.close_code, str(message.extra or "")


def text_of(cue: dict[str, Any]) -> str:
    return "".join(text for text, _ in cue["words"])


class Street:
    """Where visitors come from."""

    def __init__(self, http: aiohttp.ClientSession, stage: Stage) -> None:
        self.http = http
        self.stage = stage

    async def visitor(self) -> Visitor:
        return Visitor(await self.http.ws_connect(f"{self.stage.url}/overlay/ws"))

    async def listener(self, sound: str = "on") -> Visitor:
        """A visitor who can hear or read along, known to the sink."""
        visitor = await self.visitor()
        await visitor.is_ready(sound)
        await visitor.hears("volume")
        return visitor


@pytest.fixture
async def street(stage: Stage) -> AsyncIterator[Street]:
    async with aiohttp.ClientSession() as http:
        yield Street(http, stage)


async def test_a_page_learns_the_version_and_opens_the_sink_when_it_can_be_heard(stage: Stage, street: Street) -> None:
    page = await street.visitor()

    assert await page.hears("hello") == {"type": "hello", "version": 2}
    assert not stage.sink.is_open

    await page.is_ready()
    await stage.ear.notes_are("open")


@pytest.mark.parametrize("sound", ["waiting", "muted"])
async def test_a_page_without_sound_opens_the_sink_and_plays_along_in_captions(
    stage: Stage, street: Street, sound: str
) -> None:
    page = await street.visitor()
    await page.is_ready(sound)
    await stage.ear.notes_are("open")
    assert not stage.sink.has_sound

    stage.sink.play(clip("Hello."))
    await page.says("started", id=(await page.hears("clip"))["id"], at=0.0)

    await stage.ear.notes_are("open", "Hello. started")


@pytest.mark.parametrize("sound", ["waiting", "muted"])
async def test_a_page_that_neither_sounds_nor_shows_anything_counts_as_none(
    stage: Stage, street: Street, sound: str
) -> None:
    page = await street.visitor()
    await page.is_ready(sound, captions=False)
    await eventually(lambda: stage.sink.pages == 1)
    assert not stage.sink.is_open

    await page.is_ready("on", captions=False)
    await stage.ear.notes_are("open")


@pytest.mark.parametrize(
    ("pages", "is_muted", "condition"),
    [
        ([], False, "no page is open"),
        (["waiting"], False, "a page waits for a click to be heard"),
        (["waiting", "muted"], False, "a page waits for a click to be heard"),
        (["muted"], False, "open, without sound (mute=1)"),
        (["muted", "on"], False, "open"),
        (["on"], True, "open, but its source is muted in OBS"),
    ],
)
def test_its_condition_tells_whether_it_is_heard(pages: list[str], is_muted: bool, condition: str) -> None:
    sink = OverlaySink()
    sink.mute(is_muted)
    for sound in pages:
        sink.hear(Recorder(), Ready(version=2, sound=PageSound(sound)))

    assert sink.condition() == condition
    assert sink.has_sound is (condition == "open")


def test_a_page_that_is_of_no_use_to_anybody_is_told_as_such() -> None:
    sink = OverlaySink()
    sink.hear(Recorder(), Ready(version=2, sound=PageSound.MUTED, captions=False))

    assert sink.condition() == "a page is open that neither plays nor shows anything (mute=1 and captions=0)"


async def test_a_page_that_can_be_heard_leads_before_one_that_only_shows(stage: Stage, street: Street) -> None:
    silent = await street.listener("muted")
    stage.sink.play(clip("Hello.", 4.0))
    cue = (await silent.hears("clip"))["id"]
    await silent.says("started", id=cue, at=1.0)
    await stage.ear.notes_are("open", "Hello. started")

    heard = await street.listener()
    assert (await heard.hears("clip"))["start"] >= 1.0
    await silent.says("ended", id=cue)
    await heard.says("started", id=cue, at=1.5)

    assert (await silent.hears("sync"))["seconds"] == 1.5
    assert stage.ear.notes == ["open", "Hello. started"]


def test_each_word_is_told_with_the_second_at_which_it_was_said_and_by_whom() -> None:
    sink, page = OverlaySink(), Recorder()
    sink.hear(page, Ready(version=2, sound=PageSound.MUTED))

    sink.play(clip("Oh hello you", 12.0, speaker="Vox"))

    told = page.messages[-1]
    assert isinstance(told, Cue)
    assert (told.speaker, told.words) == ("Vox", (("Oh ", 2.0), ("hello ", 8.0), ("you", 12.0)))


async def test_a_page_that_loads_itself_anew_in_mid_speech_goes_on_where_it_was(stage: Stage, street: Street) -> None:
    page = await street.listener()
    hello = clip("Hello.", 8.0)
    stage.sink.play(hello)
    stage.sink.play(clip("Next."))
    cue = (await page.hears("clip"))["id"]
    await page.says("started", id=cue, at=3.0)
    await stage.ear.notes_are("open", "Hello. started")

    await page.socket.close()
    again = await street.listener()

    first = await again.hears("clip")
    assert (first["id"], await again.is_cued()) == (cue, "Next.")
    assert 3.0 <= first["start"] < 8.0
    assert stage.ear.notes == ["open", "Hello. started", "open"]
    await again.says("ended", id=cue)
    await stage.ear.notes_are("open", "Hello. started", "open", "Hello. ended")


async def test_what_is_said_while_the_only_page_loads_itself_anew_waits_for_it(stage: Stage, street: Street) -> None:
    page = await street.listener()
    stage.sink.play(clip("One."))
    await page.says("ended", id=(await page.hears("clip"))["id"])
    await stage.ear.notes_are("open", "One. started", "One. ended")

    await page.socket.close()
    await eventually(lambda: stage.sink.pages == 0)
    stage.sink.play(clip("Two."))
    again = await street.listener()

    assert await again.is_cued() == "Two."
    assert "closed" not in stage.ear.notes


async def test_nothing_counts_as_heard_while_the_only_page_is_away(stage: Stage, street: Street) -> None:
    page = await street.listener()
    hello = clip("Hello.", 8.0)
    stage.sink.play(hello)
    await page.says("started", id=(await page.hears("clip"))["id"], at=3.0)
    await stage.ear.notes_are("open", "Hello. started")

    await page.socket.close()
    await eventually(lambda: stage.sink.pages == 0)
    stage.sink.pause()
    stage.sink.resume()

    heard = stage.sink.seconds_heard(hello)
    assert stage.sink.is_open
    await asyncio.sleep(0)
    assert stage.sink.seconds_heard(hello) == heard


async def test_a_clip_is_served_as_a_wav_file_while_it_is_queued(stage: Stage, street: Street) -> None:
    page = await street.listener()
    hello = clip("Hello.", 0.5)
    stage.sink.play(hello)
    cue = await page.hears("clip")
    assert (text_of(cue), cue["duration"], cue["start"]) == ("Hello.", 0.5, 0.0)

    address = f"{stage.url}/overlay/clips/{cue['id']}.wav"
    async with street.http.get(address) as response:
        assert response.content_type == "audio/wav"
        wav = await response.read()
    assert wav[44:] == hello.pcm
    assert decoded(wav) == (48_000, 24_000)

    stage.sink.cut()
    async with street.http.get(address) as response:
        assert response.status == 404


def decoded(wav: bytes) -> tuple[int, int]:
    """Rate and number of the samples another program finds in a file."""
    with av.open(io.BytesIO(wav), "r") as file:
        frames = list(file.decode(audio=0))
    return frames[0].sample_rate, sum(frame.samples for frame in frames)


@pytest.mark.parametrize("cue", ["0-guess", "../overlay.js", "%2e%2e%2f", ""])
async def test_clips_cannot_be_guessed(stage: Stage, street: Street, cue: str) -> None:
    await street.listener()
    stage.sink.play(clip())

    async with street.http.get(f"{stage.url}/overlay/clips/{cue}.wav") as response:
        assert response.status == 404


async def test_orders_reach_the_page_in_order(stage: Stage, street: Street) -> None:
    page = await street.listener()

    stage.sink.set_volume(0.5)
    stage.sink.play(clip("Hello."))
    stage.sink.pause()
    stage.sink.resume()
    stage.sink.cut()

    kinds = [(await page.socket.receive_json(timeout=PATIENCE))["type"] for _ in range(5)]
    assert kinds == ["volume", "clip", "pause", "resume", "cut"]


async def test_no_clip_is_kept_for_later_while_nobody_can_hear(stage: Stage, street: Street) -> None:
    stage.sink.play(clip("Lost."))
    page = await street.listener()
    stage.sink.play(clip("Hello."))

    assert text_of(await page.socket.receive_json(timeout=PATIENCE)) == "Hello."


async def test_a_pause_holds_whoever_comes_and_goes_meanwhile(
    stage: Stage, street: Street, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(overlay_sink, "AWAY", 0.0)
    stage.sink.pause()
    first = await street.listener()
    await first.socket.close()
    await stage.ear.notes_are("open", "closed")

    second = await street.listener()

    assert (await second.socket.receive_json(timeout=PATIENCE))["type"] == "pause"


async def test_who_comes_late_joins_where_the_others_are(stage: Stage, street: Street) -> None:
    leader = await street.listener()
    stage.sink.set_volume(0.5)
    playing = clip("First.", 4.0)
    stage.sink.play(playing)
    stage.sink.play(clip("Second."))
    await leader.says("started", id=(await leader.hears("clip"))["id"], at=1.5)
    await stage.ear.notes_are("open", "First. started")
    stage.sink.pause()

    late = await street.visitor()
    await late.is_ready()

    assert (await late.hears("volume"))["volume"] == 0.5
    assert (await late.socket.receive_json())["type"] == "pause"
    first, second = await late.hears("clip"), await late.hears("clip")
    assert (text_of(first), text_of(second)) == ("First.", "Second.")
    assert 1.5 <= first["start"] == stage.sink.seconds_heard(playing)
    assert second["start"] == 0


def test_only_the_leader_counts_and_the_others_keep_up_with_it() -> None:
    sink, ear, leader, other = together()
    sink.play(clip("Hello."))

    sink.hear(other, Started(id=leader.cue, at=0.0))
    sink.hear(other, ClipEnded(id=leader.cue))
    assert ear.notes == ["open"]

    sink.hear(leader, Started(id=leader.cue, at=0.02))
    assert ear.notes == ["open", "Hello. started"]
    assert other.messages[-1] == Sync(id=leader.cue, seconds=0.02)


def test_a_page_whose_sound_comes_while_a_clip_is_on_its_way_has_that_clip_once() -> None:
    sink, page = OverlaySink(), Recorder()
    sink.hear(page, Ready(version=2, sound=PageSound.WAITING))
    sink.play(clip("Hello."))
    sink.play(clip("Next."))

    sink.hear(page, Ready(version=2, sound=PageSound.ON))

    assert [type(message) for message in page.messages] == [Volume, Cue, Cue, CutClips, Volume, Cue, Cue]
    assert page.messages[1:3] == page.messages[5:]


@pytest.mark.parametrize(
    ("last", "notes"),
    [
        (None, []),
        (Started, []),
        (ClipEnded, ["First. ended"]),
    ],
)
def test_when_the_leader_goes_the_next_takes_over_with_what_it_said_last(
    last: type[Started | ClipEnded] | None, notes: list[str]
) -> None:
    sink, ear, leader, other = together()
    sink.play(clip("First."))
    first = leader.cue
    sink.play(clip("Second."))
    sink.hear(leader, Started(id=first, at=0.0))
    if last is not None:
        sink.hear(other, last.model_validate({"id": first} | ({"at": 0.0} if last is Started else {})))

    sink.leave(leader)

    assert ear.notes == ["open", "First. started", *notes]
    assert sink.is_open
    sink.hear(other, ClipEnded(id=other.cue))
    assert ear.notes[-1] == "Second. ended"


def together() -> tuple[OverlaySink, Ear, Recorder, Recorder]:
    """A sink with two pages, the leader first."""
    sink, ear, leader, other = OverlaySink(), Ear(), Recorder(), Recorder()
    sink.listen(ear)
    for page in (leader, other):
        sink.hear(page, Ready(version=2, sound=PageSound.ON))
    return sink, ear, leader, other


@pytest.mark.parametrize("how", ["closes", "shows nothing any more", "fails"])
async def test_when_the_last_listener_goes_the_sink_closes_and_forgets(
    stage: Stage, street: Street, how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(overlay_sink, "AWAY", 0.05)
    page = await street.listener()
    hello = clip("Hello.", pcm=bytes(2 * RATE * 200))  # longer than anybody waits here
    stage.sink.play(hello)
    stage.sink.play(clip("Never."))
    cue = (await page.hears("clip"))["id"]
    await page.says("started", id=cue, at=1.0)
    await stage.ear.notes_are("open", "Hello. started")

    match how:
        case "closes":
            await page.socket.close()
        case "shows nothing any more":
            await page.is_ready("waiting", captions=False)
        case "fails":
            await page.says("error", id=cue)

    await stage.ear.notes_are("open", "Hello. started", "closed")
    assert 1.0 <= stage.sink.seconds_heard(hello) < 1.0 + PATIENCE
    again = await street.visitor()
    await again.is_ready()
    assert [(await again.socket.receive_json())["type"] for _ in range(2)] == ["hello", "volume"]


async def test_a_page_whose_script_hangs_is_noticed(
    stage: Stage, street: Street, monkeypatch: pytest.MonkeyPatch
) -> None:
    skipped, waits = 0.0, 0
    receive = web.WebSocketResponse.receive

    async def waiting(self: web.WebSocketResponse, timeout: float | None = None) -> aiohttp.WSMessage:
        nonlocal waits
        waits += 1
        return await receive(self, timeout)

    monkeypatch.setattr(web.WebSocketResponse, "receive", waiting)
    monkeypatch.setattr(relay.web.overlay.page, "PING_EVERY", 0.05)
    monkeypatch.setattr(relay.web.overlay.page, "CLOSE_GRACE", PATIENCE)
    hung, alive = await street.visitor(), await street.visitor()
    await hung.is_ready()
    await stage.ear.notes_are("open")
    await alive.is_ready("muted", captions=False)

    monkeypatch.setattr(asyncio.get_running_loop(), "time", lambda: time.monotonic() + skipped)
    said = 0

    def is_read() -> bool:
        return waits == 4 + said  # two of each page: for what made it ready, and after that

    for _ in range(2):
        await eventually(is_read)
        skipped += PATIENCE  # half of what a page may be silent for
        await alive.hears("ping")
        await alive.says("pong")
        said += 1

    assert (await hung.is_dismissed())[0] == aiohttp.WSCloseCode.GOING_AWAY
    await eventually(lambda: stage.sink.pages == 1)
    await alive.hears("ping")


async def test_a_page_that_reads_nothing_never_blocks_and_is_dropped(
    stage: Stage, street: Street, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relay.web.overlay.page, "MAX_WAITING", 16)
    slow = await street.listener()
    quick = await street.listener()
    transport = slow.socket._response.connection.transport  # type: ignore[union-attr]
    transport.pause_reading()  # type: ignore[union-attr]
    long = clip("x" * 100_000)

    for _ in range(200):
        stage.sink.play(long)
        stage.sink.cut()
        await quick.hears("cut")

    transport.resume_reading()  # type: ignore[union-attr]
    assert (await slow.is_dismissed())[0] in (aiohttp.WSCloseCode.ABNORMAL_CLOSURE, None)
    assert stage.sink.is_open


@pytest.mark.parametrize(
    ("frame", "complaint"),
    [
        ("", "message"),
        ("{", "message"),
        ("[]", "message"),
        ("null", "message"),
        ('{"type": "shutdown"}', "message"),
        ('{"type": "ready", "version": 3, "sound": "on"}', "ready.version"),
        ('{"type": "ready", "version": 2, "sound": "loud"}', "ready.sound"),
        ('{"type": "started", "id": "1", "at": -1}', "started.at"),
        ('{"type": "position", "id": "1", "seconds": 1e999}', "position.seconds"),
        ('{"type": "position", "id": "1", "seconds": NaN}', "position.seconds"),
        ('{"type": "ended"}', "ended.id"),
        ('{"type": "ended", "id": ""}', "ended.id"),
        ('{"type": "pong", "extra": 1}', "pong.extra"),
    ],
)
async def test_a_frame_that_breaks_the_rules_ends_the_connection_with_the_reason(
    stage: Stage, street: Street, frame: str, complaint: str
) -> None:
    page = await street.visitor()

    await page.socket.send_str(frame)

    code, reason = await page.is_dismissed()
    assert code == aiohttp.WSCloseCode.POLICY_VIOLATION
    assert reason.startswith(complaint)
    assert stage.ear.notes == []


async def test_frames_that_are_too_long_or_not_text_end_the_connection(stage: Stage, street: Street) -> None:
    long, binary = await street.visitor(), await street.visitor()

    await long.socket.send_str(json.dumps({"type": "ended", "id": "x" * 10_000}))
    await binary.socket.send_bytes(b"\x00")

    assert (await long.is_dismissed())[0] == aiohttp.WSCloseCode.MESSAGE_TOO_BIG
    assert (await binary.is_dismissed())[0] == aiohttp.WSCloseCode.UNSUPPORTED_DATA


async def test_reports_before_the_page_is_ready_do_not_count(stage: Stage, street: Street) -> None:
    leader = await street.listener()
    stage.sink.play(clip("Hello."))
    cue = (await leader.hears("clip"))["id"]
    stranger = await street.visitor()

    await stranger.says("started", id=cue, at=0.0)
    await stranger.is_ready()
    await stranger.hears("clip")

    assert stage.ear.notes == ["open"]


async def test_there_is_room_for_so_many_pages(stage: Stage, street: Street, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(relay.web.overlay.routes, "MAX_PAGES", 1)
    first = await street.visitor()
    await first.hears("hello")

    with pytest.raises(aiohttp.WSServerHandshakeError, match="503"):
        await street.visitor()


async def test_a_server_that_stops_lets_its_pages_go_at_once(stage: Stage, street: Street) -> None:
    page = await street.listener()

    async with asyncio.timeout(PATIENCE):
        await stage.server.__aexit__(None, None, None)

    await page.is_dismissed()
    assert stage.sink.pages == 0


@given(
    st.text(max_size=50)
    | st.dictionaries(st.sampled_from(["type", "id", "at"]), st.text() | st.floats()).map(json.dumps)
)
def test_parsing_a_hostile_frame_fails_in_one_way_only(text: str) -> None:
    try:
        parse(text)
    except ValueError as error:
        assert str(error)


def test_what_is_heard_of_a_page_follows_its_reports() -> None:
    now = 10.0
    sink, page = OverlaySink(lambda: now), Recorder()
    sink.hear(page, Ready(version=2, sound=PageSound.ON, captions=True))
    said = clip("Hello.", seconds=2.0)
    sink.play(said)
    cue = page.cue

    sink.hear(page, Started(id=cue, at=0.0))
    now = 10.5
    sink.hear(page, Position(id=cue, seconds=0.52))
    now = 11.0
    sink.pause()

    samples = np.frombuffer(said.pcm, "<i2")
    assert sink.played.between(10.5, 4800) == samples[24_000:28_800].tobytes(), "20 ms are no jump"
    assert not any(sink.played.between(11.0, 4800))
    sink.mute(True)
    sink.resume()
    assert sink.played.was_silent(11.0), "nobody hears what OBS does not play"
