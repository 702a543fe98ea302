"""Whatever Voxta tells, people do and sinks suffer, in any order: nobody is talked over, and nothing stays stuck."""

import asyncio
from collections import Counter
from collections.abc import Callable
from contextlib import suppress

from hypothesis import given, settings
from hypothesis import strategies as st

from relay.application.events import Events
from relay.application.routing import ReplyRouter
from relay.config import FloorSection, OutboundSection
from relay.model import ReplyText
from relay.moderation.outbound import Outbound
from relay.replies.replies import Replies
from relay.replies.screening import Screening
from relay.speech.floor import Floor
from relay.speech.making_up import ANSWER_WAIT
from relay.speech.people import LEASE
from relay.speech.playback import GRACE, Playback
from relay.speech.voice import Voice
from relay.wire import server
from relay.wire.messages import WireMessage
from tests.speech.fakes import Clock, Library, ManualSink, settle
from tests.speech.test_voice import Voxta
from tests.support import examples

REPLY_TIMEOUT = 30.0
WORDS = "One two three. "


class Room:
    """Text and voice over one sink, driven by hand."""

    def __init__(self, after: str) -> None:
        section = FloorSection.model_validate({"after": after})
        self.clock, self.sink, self.voxta = Clock(), ManualSink(), Voxta()
        self.floor = Floor(section, REPLY_TIMEOUT, doubt=1.0)
        self.shown: list[ReplyText] = []
        self.lengths: Counter[str] = Counter()
        screening = Screening(Outbound(OutboundSection()), self.shown.append, hold_for=60.0)
        playback = Playback(Library().fetch, clock=self.clock)
        playback.play_on([self.sink])
        replies = Replies()
        self.voice = Voice(
            section,
            floor=self.floor,
            playback=playback,
            replies=replies,
            voxta=self.voxta,
            over=screening.over,
            given_up=lambda _: None,
            changed=lambda: None,
            clock=self.clock,
        )
        self.answers = ReplyRouter(
            replies,
            self.voice,
            screening,
            Events(),
            name_of=lambda _: "Vox",
            record=lambda _: None,
            is_known=lambda: False,
        )

    def hear(self, what: str, number: int) -> None:
        name = f"r{number}"
        self.answers.hear(self._message(what, name))

    def _message(self, what: str, name: str) -> WireMessage:
        match what:
            case "begins":
                return server.ReplyGenerating(message_id=name)
            case "goes on":
                start = self.lengths[name]
                self.lengths[name] += len(WORDS)
                url = f"{name}-{start}"
                return server.ReplyChunk(message_id=name, start_index=start, text=WORDS, audio_url=url)
            case "ends":
                return server.ReplyEnd(message_id=name)
            case "is cancelled":
                return server.ReplyCancelled(message_id=name)
            case "works" | "waits":
                return server.ChatFlow(state=server.WAITING if what == "waits" else "ProcessingUserMessage")
            case "is completed":
                return server.SpeechPlaybackCompleted(message_id=name)
            case _:
                return server.InterruptSpeech()

    async def passes(self, seconds: float, step: float = 0.1) -> None:
        """Time, in small steps; what waits for the loop is done in between."""
        for _ in range(max(1, round(seconds / step))):
            await settle()
            self.clock.now += step
            self.voice.look()
            self.check()
            self.sink.advance(step)
            self.voice.playback.changed(self.sink)

    def check(self) -> None:
        if self.floor.speakers(self.clock.now):
            assert self.sink.is_paused or not self.sink.queue, "the companion talks over a person"


ANN = "voice:ann"


def understood(room: Room) -> None:
    """What Ann said is told to Voxta."""
    room.floor.asked(room.clock.now)
    room.voice.asked()


def done(room: Room) -> None:
    room.voice.expect_words(is_expected=True)
    room.voice.stopped(ANN, is_done=True)


OURS: dict[str, Callable[[Room], object]] = {
    "sounds": lambda room: room.voice.talks(ANN),
    "speaks": lambda room: room.voice.speaks(ANN),
    "stops": lambda room: room.voice.stopped(ANN),
    "is done": done,
    "is understood": understood,
    "said nothing": lambda room: room.voice.expect_words(is_expected=False),
    "orders": lambda room: room.voice.answered_otherwise(),
    "skip": lambda room: room.voice.stop(),
    "silence": lambda room: room.voice.silence(),
    "sink closes": lambda room: room.sink.set_open(False),
    "sink opens": lambda room: room.sink.set_open(True),
}
VOXTA = st.sampled_from(
    ["begins", "goes on", "goes on", "ends", "is cancelled", "is completed", "interrupt", "works", "waits"]
)
STEPS = st.lists(
    st.one_of(
        st.tuples(VOXTA, st.integers(1, 3)),
        st.tuples(st.sampled_from(list(OURS)), st.just(0)),
        st.tuples(st.just("time"), st.integers(1, 30)),
    ),
    max_size=40,
)


async def play(room: Room, steps: list[tuple[str, int]]) -> None:
    for what, number in steps:
        if what in OURS:
            OURS[what](room)
        elif what == "time":
            await room.passes(number / 10)
        else:
            room.hear(what, number)
        room.check()


async def whole_evening(after: str, steps: list[tuple[str, int]]) -> Room:
    room = Room(after)
    task = asyncio.create_task(room.voice.run())
    try:
        await play(room, steps)
        for number in (1, 2, 3):
            room.hear("ends", number)
        room.voice.stopped(ANN)
        await room.passes(LEASE + ANSWER_WAIT + GRACE, step=0.5)
        room.clock.now += REPLY_TIMEOUT + 60
        await room.passes(60, step=3.0)
        assert not task.done()
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
    return room


@settings(deadline=None, max_examples=examples(200))
@given(st.sampled_from(["reply", "resume", "nothing"]), STEPS)
def test_no_order_of_things_lets_two_talk_at_once_or_leaves_anything_stuck(
    after: str, steps: list[tuple[str, int]]
) -> None:
    room = asyncio.run(whole_evening(after, steps))

    assert room.floor.is_free(room.clock.now)
    assert not room.voice.playback.is_busy
    assert not room.sink.is_paused
    assert max(Counter(reply.message_id for reply in room.shown).values(), default=0) <= 1, "posted twice"
