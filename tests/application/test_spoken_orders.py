"""What is ordered aloud is done by the controls of a whole relay; nobody is in a call, and no page is open."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from relay.application.audio import LiveAudio
from relay.application.composition import Relay
from relay.application.spoken_orders import LOUDEST
from relay.application.statistics import Statistics
from relay.config.loading import Config
from relay.hearing.base import Hearer, SpokenText
from relay.hearing.one_stream import BLOCK_BYTES, STREAM_BLOCK, OneStream
from relay.hearing.partial_text import STEADY
from relay.inbox.base import Inbox
from relay.model import AudienceMessage, Role, Talker
from relay.moderation.audit import Audit
from relay.platforms.simulated import QuietPlatform
from relay.replies.replies import Replies
from relay.speech.base import Sink
from relay.speech.chime import chime
from relay.speech.floor import FloorState
from relay.speech.voice import Voice
from relay.wire import server
from tests.end_to_end.stage import settings
from tests.speech.fakes import ManualSink, begin
from tests.support import alongside, eventually

PEOPLE = {
    "voice:1": Talker(name="Ann", id="1", is_streamer=True, roles=frozenset({Role.STREAMER}), channel="lounge"),
    "voice:2": Talker(name="Mia", id="2", roles=frozenset({Role.MODERATOR}), channel="lounge"),
    "voice:3": Talker(name="Bob", id="3", roles=frozenset({Role.VIEWER, Role.SUBSCRIBER, Role.VIP}), channel="lounge"),
}
ANN, MIA, BOB = PEOPLE


class Loudspeaker(LiveAudio):
    """People by name, and a loudspeaker that is driven by hand."""

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        self.sink = ManualSink()
        self.shown: list[str] = []
        """The subtitles."""

    @property
    def place(self) -> str:
        return "discord"

    def open(self, voice: Voice) -> Sequence[Sink]:
        self._sinks = {"overlay": self.sink}
        return [self.sink]

    def tell(self, hearer: Hearer, muted: Callable[[], Collection[str]]) -> None:
        super().tell(hearer, muted)
        self.hearer = hearer

    def people(self) -> list[str]:
        return [talker.name for talker in PEOPLE.values()]

    def subtitle(self, name: str, text: str) -> None:
        self.shown.append(f"{name}: {text}")

    def talker(self, speaker: str) -> Talker:
        return PEOPLE[speaker]


class Room:
    def __init__(self, folder: Path, *, through_voxta: bool = False, **sections: Any) -> None:
        config = settings(folder, forwarding={"nicknames": ["Vox"]}, **sections)
        self.audio = Loudspeaker(config)
        if through_voxta:
            self.audio.voices = OneStream()
        self.sink = self.audio.sink
        self.relay = Relay(
            config,
            lambda *_: [QuietPlatform("discord")],
            voxta_url="http://127.0.0.1:9",
            statistics=Statistics(),
            audio=self.audio,
        )
        self.told: list[AudienceMessage] = []
        self.relay.events.arrived.subscribe(self.told.append)
        self._audit = Audit(config.audit_file)

    async def carrying_out(self) -> None:
        """What is ordered at Voxta's own microphone."""
        async with asyncio.TaskGroup() as tasks:
            for _, work in self.relay.spoken.rooms():
                tasks.create_task(work)

    def passes_on(self, who: str) -> None:
        """Somebody speaks, and Voxta hears it by way of the relay."""
        stream = self.ear
        stream.speech_began(who)
        stream.speech(who, bytes([1, 0]) * BLOCK_BYTES)
        stream.turn_ended(who)
        for _ in range(round(2 / STREAM_BLOCK)):
            stream.read()
        self.relay.events.received(server.SpeechRecognitionStart())

    def understands(self, text: str) -> None:
        """Voxta has understood this."""
        self.relay.events.received(server.SpeechRecognitionEnd(text=text))

    @property
    def ear(self) -> OneStream:
        assert self.audio.hearing is not None
        return self.audio.hearing

    async def hears(self, who: str, text: str) -> None:
        await self.audio.hearer.said(SpokenText(who, text, time.monotonic()))

    def noted(self) -> list[str]:
        """The lines of the audit log."""
        return ["{who} ({source} {id}): {what}".format_map(line) for line in self._audit.newest(10)]

    @property
    def chimes(self) -> int:
        """How often it was said that something was understood."""
        return sum(clip.pcm == chime().pcm for clip in self.sink.queue)

    @property
    def is_paused(self) -> bool:
        return self.relay.runtime.switches().paused

    async def set_volume(self, percent: int) -> None:
        await self.relay.runtime.switch(self.relay.runtime.switches().with_(volume=percent / 100))


@asynccontextmanager
async def opened(inbox: Inbox) -> AsyncIterator[None]:
    await inbox.open()
    yield
    await inbox.close()


@asynccontextmanager
async def through_voxta(folder: Path) -> AsyncIterator[Room]:
    """Voxta recognises what people in the voice channel say."""
    room = Room(folder, through_voxta=True)
    async with opened(room.relay.inbox), alongside(room.ear.run()):
        room.ear.open()
        yield room


@pytest.fixture
async def room(tmp_path: Path) -> AsyncIterator[Room]:
    room = Room(tmp_path)
    async with opened(room.relay.inbox):
        yield room


@pytest.mark.parametrize(
    ("text", "before", "after"),
    [
        ("Vox, louder!", 100, 120),
        ("A bit quieter, please.", 100, 80),
        ("Vox, lauter.", 195, 200),
        ("quieter", 30, 20),
        ("quieter", 10, 10),
        ("louder", 0, 20),
    ],
)
async def test_it_gets_louder_and_quieter_by_a_fifth_and_never_the_other_way(
    room: Room, text: str, before: int, after: int
) -> None:
    await room.set_volume(before)

    await room.hears(ANN, text)

    assert room.sink.volume == after / 100 <= LOUDEST
    assert room.noted() == ([f"Ann (voice 1): volume {after}"] if after != before else [])
    assert room.chimes == 1


async def test_a_pause_lasts_until_somebody_says_to_go_on(room: Room) -> None:
    await room.hears(ANN, "Vox, pause.")
    assert room.is_paused

    await room.hears(ANN, "Vox, go on!")

    assert not room.is_paused
    assert room.noted() == ["Ann (voice 1): pause", "Ann (voice 1): resume"]
    assert room.chimes == 2
    assert room.told == []


async def test_to_go_on_is_no_order_where_nothing_is_paused(room: Room) -> None:
    await room.hears(ANN, "Go on!")

    assert [message.text for message in room.told] == ["Go on!"]
    assert (room.noted(), room.chimes) == ([], 0)


@pytest.mark.parametrize(("text", "control"), [("Skip that, please.", "skip"), ("Vox, be quiet!", "interrupt")])
async def test_an_answer_is_given_up(room: Room, text: str, control: str) -> None:
    reply = begin(Replies(), "r1")
    room.relay.voice.thinking(reply)

    await room.hears(ANN, text)

    assert reply.is_silenced
    assert room.noted() == [f"Ann (voice 1): {control}"]
    assert room.chimes == 1


async def test_a_moderator_orders_under_their_own_name(room: Room) -> None:
    await room.hears(MIA, "Vox, pause!")

    assert room.is_paused
    assert room.noted() == ["Mia (voice 2): pause"]


@pytest.mark.parametrize("text", ["Vox, stop!", "skip", "pause", "louder", "quieter", "go on"])
async def test_what_anybody_else_says_is_no_order_and_told(room: Room, text: str) -> None:
    await room.hears(ANN, "pause")
    reply = begin(Replies(), "r1")
    room.relay.voice.thinking(reply)
    before = room.relay.runtime.switches()

    assert not room.audio.hearer.is_all(BOB, text)
    await room.hears(BOB, text)

    assert [(message.author.name, message.text) for message in room.told] == [("Bob", text)]
    assert (room.relay.runtime.switches(), reply.is_silenced) == (before, False)
    assert room.relay.floor.state(time.monotonic()) is FloorState.THINKING
    assert (room.noted(), room.chimes) == (["Ann (voice 1): pause"], 1)


async def test_an_order_is_known_before_its_turn_is_over(room: Room) -> None:
    assert room.audio.hearer.is_all(ANN, "Vox, stop")
    assert not room.audio.hearer.is_all(ANN, "Vox, stop being")


async def test_an_order_through_voxtas_ear_is_carried_out_before_voxta_has_ended_the_turn(tmp_path: Path) -> None:
    async with through_voxta(tmp_path) as room:
        room.passes_on(MIA)
        room.relay.events.received(server.SpeechRecognitionPartial(text="Vox, pause"))
        for _ in range(round(STEADY / STREAM_BLOCK) + 1):
            room.ear.read()

        await eventually(lambda: room.noted() == ["Mia (voice 2): pause"])


class TestAtVoxtasOwnMicrophone:
    """What Voxta understands there is the streamer's, and Voxta tells the character all of it."""

    @pytest.fixture
    async def room(self, room: Room) -> AsyncIterator[Room]:
        """Somebody speaks there."""
        async with alongside(room.carrying_out()):
            room.relay.events.received(server.SpeechRecognitionStart())
            yield room

    async def test_the_streamer_orders(self, room: Room) -> None:
        room.understands("Vox, louder!")

        await eventually(lambda: room.chimes == 1)
        assert room.noted() == ["streamer (voice ): volume 120"]
        assert room.told == [], "it is Voxta that tells what is said there"

    async def test_an_order_need_not_wait_for_the_end_and_is_carried_out_once(self, room: Room) -> None:
        for text in ("Vox", "Vox louder", "Vox louder"):
            room.relay.events.received(server.SpeechRecognitionPartial(text=text))
        await eventually(lambda: room.noted() == ["streamer (voice ): volume 120"])
        room.relay.events.received(server.SpeechRecognitionPartial(text="Vox louder please"))
        room.understands("Vox, louder, please!")
        room.relay.events.received(server.SpeechRecognitionStart())
        room.understands("Vox, pause!")

        await eventually(lambda: room.noted()[1:] == ["streamer (voice ): pause"])

    async def test_what_is_heard_in_the_call_too_is_done_once_and_as_often_as_it_is_said(self, room: Room) -> None:
        await room.hears(ANN, "louder")
        await room.hears(ANN, "louder")
        for text in ("louder", "louder", "pause"):
            room.relay.events.received(server.SpeechRecognitionStart())
            room.understands(text)
        await eventually(lambda: room.is_paused)
        await room.hears(MIA, "pause")

        assert room.noted()[:2] == ["Ann (voice 1): volume 120", "Ann (voice 1): volume 140"]
        assert room.noted()[2] == "streamer (voice ): pause"
        assert room.chimes == 4, "what a moderator says is never the streamer's"

    async def test_what_is_said_there_later_is_another_order(self, room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("relay.application.spoken_orders.BOTH_EARS", 0.0)
        await room.hears(ANN, "louder")
        room.understands("louder")

        await eventually(lambda: room.noted()[1:] == ["streamer (voice ): volume 140"])

    async def test_an_end_without_its_beginning_is_nobodys(self, room: Room) -> None:
        for text in ("Hello.", "louder"):
            room.understands(text)

        assert await nothing_is_ordered(room)


async def nothing_is_ordered(room: Room) -> bool:
    """Whether the next order is the first."""
    room.relay.events.received(server.SpeechRecognitionStart())
    room.understands("pause")
    await eventually(lambda: bool(room.noted()))
    return room.noted() == ["streamer (voice ): pause"]


async def test_what_anybody_says_through_voxtas_ear_is_not_taken_for_the_streamers(tmp_path: Path) -> None:
    async with through_voxta(tmp_path) as room, alongside(room.carrying_out()):
        room.passes_on(BOB)
        room.understands("Louder!")
        await eventually(lambda: [message.text for message in room.told] == ["Louder!"])
        room.passes_on(MIA)
        room.understands("Pause!")
        await eventually(lambda: bool(room.noted()))

        assert room.noted() == ["Mia (voice 2): pause"]


async def test_what_people_say_to_each_other_is_shown_and_not_told(tmp_path: Path) -> None:
    room = Room(tmp_path, voice={"subtitles": ["overlay"]})
    async with opened(room.relay.inbox):
        await room.hears(ANN, "Bob, take the left door!")
        await room.hears(BOB, "Which one?")

    assert room.audio.shown == ["Ann: Bob, take the left door!", "Bob: Which one?"]
    assert [message.text for message in room.told] == ["Which one?"]


async def test_who_hears_nothing_is_sent_no_sound(room: Room) -> None:
    room.sink.is_open = False

    await room.hears(ANN, "pause")

    assert room.is_paused
    assert not room.sink.queue


async def test_an_order_that_cannot_be_done_is_not_confirmed(room: Room, caplog: pytest.LogCaptureFixture) -> None:
    await room.relay.inbox.close()

    await room.hears(ANN, "Vox, pause!")

    assert (room.is_paused, room.chimes) == (False, 0)
    assert "what Ann ordered aloud (pause) did not work" in caplog.text
