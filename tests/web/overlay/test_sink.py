"""The overlay as its pages see it: raw WebSockets against the running server."""

import asyncio
import io
import json
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import av
import pytest
from hypothesis import given
from hypothesis import strategies as st

import relay.web.overlay.page
import relay.web.overlay.routes
from relay.web.overlay.messages import ClipEnded, Cue, Ready, Started, Sync, ToPage, parse
from relay.web.overlay.sink import OverlaySink
from tests.support import PATIENCE
from tests.web.clips import clip
from tests.web.stage import Ear, Stage


@pytest.fixture(autouse=True)
def nobody_hangs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Visitors answer no pings, and may take their time."""
    monkeypatch.setattr(relay.web.overlay.page, "SILENCE", 2 * PATIENCE)


class Visitor:
    """A page without a browser. It answers no pings."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.socket = socket

    async def says(self, kind: str, **fields: object) -> None:
        await self.socket.send_json({"type": kind, **fields})

    async def is_ready(self, *, sound: bool = True) -> None:
        await self.says("ready", version=1, sound=sound)

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


class Street:
    """Where visitors come from."""

    def __init__(self, http: aiohttp.ClientSession, stage: Stage) -> None:
        self.http = http
        self.stage = stage

    async def visitor(self) -> Visitor:
        return Visitor(await self.http.ws_connect(f"{self.stage.url}/overlay/ws"))

    async def listener(self) -> Visitor:
        """A visitor who can hear, known to the sink."""
        visitor = await self.visitor()
        await visitor.is_ready()
        await visitor.hears("volume")
        return visitor


@pytest.fixture
async def street(stage: Stage) -> AsyncIterator[Street]:
    async with aiohttp.ClientSession() as http:
        yield Street(http, stage)


async def test_a_page_learns_the_version_and_opens_the_sink_when_it_can_be_heard(stage: Stage, street: Street) -> None:
    page = await street.visitor()

    assert await page.hears("hello") == {"type": "hello", "version": 1}
    assert not stage.sink.is_open

    await page.is_ready()
    await stage.ear.notes_are("open")


async def test_a_muted_page_gets_captions_and_never_counts_as_heard(stage: Stage, street: Street) -> None:
    muted = await street.visitor()
    await muted.is_ready(sound=False)
    await muted.hears("caption")
    assert not stage.sink.is_open

    page = await street.listener()
    stage.sink.play(clip("Hello."))
    cue = (await page.hears("clip"))["id"]
    await page.says("started", id=cue, at=0.0)
    assert (await muted.hears("caption"))["text"] == "Hello."
    await page.says("ended", id=cue)
    assert (await muted.hears("caption"))["text"] == ""


async def test_what_is_heard_elsewhere_is_shown_to_whoever_comes(stage: Stage, street: Street) -> None:
    stage.sink.caption("Said in Discord.")
    muted = await street.visitor()
    await muted.is_ready(sound=False)

    assert (await muted.hears("caption"))["text"] == "Said in Discord."


async def test_a_clip_is_served_as_a_wav_file_while_it_is_queued(stage: Stage, street: Street) -> None:
    page = await street.listener()
    hello = clip("Hello.", 0.5)
    stage.sink.play(hello)
    cue = await page.hears("clip")
    assert (cue["text"], cue["duration"], cue["start"]) == ("Hello.", 0.5, 0.0)

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

    assert (await page.socket.receive_json(timeout=PATIENCE))["text"] == "Hello."


async def test_a_pause_holds_whoever_comes_and_goes_meanwhile(stage: Stage, street: Street) -> None:
    stage.sink.pause()
    first = await street.listener()
    await first.socket.close()
    await stage.ear.notes_are("open", "closed")

    second = await street.listener()

    assert (await second.socket.receive_json(timeout=PATIENCE))["type"] == "pause"


async def test_who_comes_late_joins_where_the_others_are(stage: Stage, street: Street) -> None:
    leader = await street.listener()
    stage.sink.set_volume(0.5)
    stage.sink.play(clip("First.", 4.0))
    stage.sink.play(clip("Second."))
    await leader.says("started", id=(await leader.hears("clip"))["id"], at=1.5)
    await stage.ear.notes_are("open", "First. started")
    stage.sink.pause()

    late = await street.visitor()
    await late.is_ready()

    assert (await late.hears("volume"))["volume"] == 0.5
    assert (await late.socket.receive_json())["type"] == "pause"
    first, second = await late.hears("clip"), await late.hears("clip")
    assert (first["text"], second["text"]) == ("First.", "Second.")
    assert 1.5 <= first["start"] < 3.0
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


class Recorder:
    """A page that keeps what it is told."""

    def __init__(self) -> None:
        self.messages: list[ToPage] = []

    def send(self, message: ToPage) -> None:
        self.messages.append(message)

    def drop(self) -> None:
        raise AssertionError("nothing here is to be dropped")

    @property
    def cue(self) -> str:
        """The clip it heard of last."""
        return next(message.id for message in reversed(self.messages) if isinstance(message, Cue))


def together() -> tuple[OverlaySink, Ear, Recorder, Recorder]:
    """A sink with two pages, the leader first."""
    sink, ear, leader, other = OverlaySink(), Ear(), Recorder(), Recorder()
    sink.listen(ear)
    for page in (leader, other):
        sink.hear(page, Ready(version=1, sound=True))
    return sink, ear, leader, other


@pytest.mark.parametrize("how", ["closes", "is muted", "fails"])
async def test_when_the_last_listener_goes_the_sink_closes_and_forgets(stage: Stage, street: Street, how: str) -> None:
    page = await street.listener()
    hello = clip("Hello.", 4.0)
    stage.sink.play(hello)
    stage.sink.play(clip("Never."))
    cue = (await page.hears("clip"))["id"]
    await page.says("started", id=cue, at=1.0)
    await stage.ear.notes_are("open", "Hello. started")

    match how:
        case "closes":
            await page.socket.close()
        case "is muted":
            await page.is_ready(sound=False)
        case "fails":
            await page.says("error", id=cue)

    await stage.ear.notes_are("open", "Hello. started", "closed")
    assert 1.0 <= stage.sink.seconds_heard(hello) < 3.0
    again = await street.visitor()
    await again.is_ready()
    assert [(await again.socket.receive_json())["type"] for _ in range(2)] == ["hello", "volume"]


async def test_a_page_whose_script_hangs_is_noticed(
    stage: Stage, street: Street, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relay.web.overlay.page, "SILENCE", 2.0)
    monkeypatch.setattr(relay.web.overlay.page, "PING_EVERY", 0.05)
    hung, alive = await street.visitor(), await street.visitor()
    await hung.is_ready()
    await stage.ear.notes_are("open")

    async def answer() -> None:
        await alive.is_ready(sound=False)
        while True:
            await alive.hears("ping")
            await alive.says("pong")

    answering = asyncio.create_task(answer())
    await stage.ear.notes_are("open", "closed")
    assert (await hung.is_dismissed())[0] == aiohttp.WSCloseCode.GOING_AWAY
    assert not answering.done()
    answering.cancel()


async def test_a_page_that_reads_nothing_never_blocks_and_is_dropped(stage: Stage, street: Street) -> None:
    slow = await street.listener()
    quick = await street.listener()
    transport = slow.socket._response.connection.transport  # type: ignore[union-attr]
    transport.pause_reading()  # type: ignore[union-attr]
    long = clip("x" * 100_000)

    for _ in range(600):
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
        ('{"type": "ready", "version": 2, "sound": true}', "ready.version"),
        ('{"type": "ready", "version": 1, "sound": "loud"}', "ready.sound"),
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
    await stage.ear.notes_are("open", "closed")


@given(
    st.text(max_size=50)
    | st.dictionaries(st.sampled_from(["type", "id", "at"]), st.text() | st.floats()).map(json.dumps)
)
def test_parsing_a_hostile_frame_fails_in_one_way_only(text: str) -> None:
    try:
        parse(text)
    except ValueError as error:
        assert str(error)
