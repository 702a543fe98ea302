"""Playback, told as timelines over sinks that play when they are told to."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from relay.replies.replies import Replies
from relay.replies.reply import Phase, Reply, Sentence
from relay.speech.playback import GRACE, Playback
from tests.speech.fakes import Clock, Library, ManualSink, add, end, settle
from tests.support import alongside, eventually
from tests.virtual_time import VirtualLoop

HELLO, BYE = Sentence("r1", "Hello there my friend.", 0, 22, "a"), Sentence("r1", " Good bye.", 22, 32, "b")


class Stage:
    def __init__(self) -> None:
        self.said: list[str] = []

    def sentence_began(self, sentence: Sentence, duration: float) -> None:
        self.said.append(f"{sentence.text.strip()} {duration:g} s")

    def reply_heard(self, reply: Reply) -> None:
        self.said.append(f"{reply.id} heard")


class Ticking(Clock):
    """Goes on with each look at it."""

    tick = 0.0

    def __call__(self) -> float:
        self.now += self.tick
        return self.now


class Scene:
    """A running playback with everything around it."""

    def __init__(self, *sinks: ManualSink, clock: Callable[[], float] | None = None) -> None:
        self.sinks = sinks or (ManualSink(),)
        self.library, self.stage, self.clock = Library(), Stage(), Clock()
        self.replies = Replies()
        self.playback = Playback(self.library.fetch, clock=clock or self.clock)
        self.playback.listen(self.stage)
        self.playback.play_on(self.sinks)

    def says(self, sentence: Sentence) -> Reply:
        """Another sentence has come."""
        reply = add(self.replies, sentence)
        self.playback.say(reply, sentence)
        return reply

    def whole(self, message_id: str) -> None:
        """The text of a reply is complete."""
        self.playback.whole(end(self.replies, message_id))

    async def say(self, *sentences: Sentence, whole: bool = True) -> Reply:
        [reply, *_] = [self.says(sentence) for sentence in sentences]
        if whole:
            self.whole(reply.id)
        await self.queued(len(sentences))
        return reply

    async def queued(self, count: int) -> None:
        await eventually(lambda: len(self.sinks[0].queue) == count)


@asynccontextmanager
async def playing(*sinks: ManualSink) -> AsyncIterator[Scene]:
    scene = Scene(*sinks)
    async with alongside(scene.playback.run()):
        yield scene


async def test_sentences_are_heard_in_order_and_each_is_announced() -> None:
    async with playing() as scene:
        await scene.say(HELLO, BYE)

        scene.sinks[0].advance(2.0)

        assert scene.stage.said == ["Hello there my friend. 1 s", "Good bye. 1 s", "r1 heard"]
        assert not scene.playback.is_busy


async def test_a_clip_sounds_from_its_first_frame_on() -> None:
    async with playing() as scene:
        assert scene.playback.sounding is None
        await scene.say(HELLO)
        assert scene.playback.sounding is None

        scene.sinks[0].advance(0.5)

        assert scene.playback.sounding is not None
        assert scene.playback.sounding[1] == 0.5


async def test_it_is_known_when_each_sink_last_began_to_play() -> None:
    async with playing(ManualSink("overlay"), ManualSink("discord")) as scene:
        await scene.say(HELLO, BYE)
        assert scene.playback.heard_at == {}

        for sink in scene.sinks:
            scene.clock.now += 1
            sink.advance(0.5)
        assert scene.playback.heard_at == {"overlay": 101.0, "discord": 102.0}

        scene.clock.now += 1
        scene.sinks[0].advance(1.0)
        assert scene.playback.heard_at == {"overlay": 103.0, "discord": 102.0}


async def test_a_clip_that_arrives_late_does_not_overtake() -> None:
    async with playing() as scene:
        scene.library.slow["a"] = asyncio.Event()
        scene.says(HELLO)
        scene.says(BYE)
        await eventually(lambda: "b" in scene.library.clips)
        assert not scene.sinks[0].queue

        scene.library.slow["a"].set()
        await scene.queued(2)

        assert [clip.text for clip in scene.sinks[0].queue] == [HELLO.text, BYE.text]


async def test_a_reply_is_heard_only_when_its_text_is_complete() -> None:
    async with playing() as scene:
        await scene.say(HELLO, whole=False)

        scene.sinks[0].advance(1.0)
        assert scene.stage.said == ["Hello there my friend. 1 s"]
        scene.whole("r1")

        assert scene.stage.said[-1] == "r1 heard"


@pytest.mark.parametrize(
    ("seconds", "heard"), [(0.0, ""), (0.5, "Hello there"), (1.0, HELLO.text), (1.6, "Hello there my friend. Good")]
)
async def test_a_cut_tells_what_was_heard_and_empties_the_sinks(seconds: float, heard: str) -> None:
    async with playing() as scene:
        reply = await scene.say(HELLO, BYE)
        scene.sinks[0].advance(seconds)

        scene.playback.cut(reply)

        assert reply.phase is Phase.CUT
        assert reply.heard == heard
        assert f"{reply.heard} {reply.unheard}".split() == (HELLO.text + BYE.text).split()
        assert not scene.sinks[0].queue
        assert not scene.playback.is_busy


async def test_a_reply_cut_before_its_clip_came_was_not_heard() -> None:
    async with playing() as scene:
        scene.library.slow["a"] = asyncio.Event()
        reply = scene.says(HELLO)
        assert reply.phase is Phase.GENERATING

        scene.playback.cut(reply)

        assert (reply.phase, reply.heard, reply.unheard) == (Phase.CUT, "", HELLO.text)


async def test_when_all_is_forgotten_it_stays_known_how_far_it_was_heard() -> None:
    async with playing() as scene:
        reply = await scene.say(HELLO, BYE)
        scene.sinks[0].advance(0.5)

        scene.playback.clear()

        assert (reply.heard, reply.is_open) == ("Hello there", True)
        assert not scene.sinks[0].queue
        assert not scene.playback.is_busy


async def test_after_a_pause_it_goes_on_in_the_same_place() -> None:
    async with playing() as scene:
        await scene.say(HELLO)
        scene.sinks[0].advance(0.4)
        scene.playback.pause()
        scene.sinks[0].advance(5.0)
        assert scene.sinks[0].is_paused

        scene.playback.resume()
        scene.sinks[0].advance(0.6)

        assert scene.stage.said[-1] == "r1 heard"


async def test_a_reply_paused_before_its_first_frame_is_not_lost() -> None:
    async with playing() as scene:
        scene.playback.pause()
        await scene.say(HELLO)
        scene.clock.now += 60

        scene.playback.resume()
        scene.sinks[0].advance(1.0)

        assert scene.stage.said == ["Hello there my friend. 1 s", "r1 heard"]


async def test_cutting_one_reply_leaves_the_others_to_be_heard() -> None:
    async with playing() as scene:
        other = Sentence("r2", "Another one.", 0, 12, "c")
        reply = await scene.say(HELLO, BYE)
        scene.says(other)
        scene.whole("r2")

        scene.playback.cut(reply)
        await eventually(lambda: [clip.text for clip in scene.sinks[0].queue] == [other.text])
        scene.sinks[0].advance(1.0)

        assert scene.stage.said == ["Another one. 1 s", "r2 heard"]


async def test_cutting_a_later_reply_does_not_disturb_the_one_that_is_heard() -> None:
    async with playing() as scene:
        last = Sentence("r3", "The last one.", 0, 13, "d")
        await scene.say(HELLO)
        other = scene.says(Sentence("r2", "Another one.", 0, 12, "c"))
        scene.says(last)
        scene.whole("r3")
        await settle()
        scene.sinks[0].advance(0.3)
        heard = scene.playback.sounding

        scene.playback.cut(other)
        await settle()

        assert scene.playback.sounding == heard is not None
        assert [clip.text for clip in scene.sinks[0].queue] == [HELLO.text], "it goes on where it is"
        scene.sinks[0].advance(0.7)
        await scene.queued(1)
        scene.sinks[0].advance(1.0)
        assert scene.stage.said == ["Hello there my friend. 1 s", "r1 heard", "The last one. 1 s", "r3 heard"]
        assert (other.phase, other.heard) == (Phase.CUT, "")


async def test_what_another_sink_still_plays_of_a_reply_is_cut_with_it() -> None:
    async with playing(ManualSink("overlay"), ManualSink("discord")) as scene:
        scene.library.slow["b"] = asyncio.Event()
        reply = scene.says(HELLO)
        scene.says(BYE)
        await scene.queued(1)
        leader, late = scene.sinks
        leader.advance(1.0)
        late.advance(0.8)

        scene.playback.cut(reply)

        assert not late.queue


async def test_a_clip_that_cannot_be_had_is_left_out() -> None:
    async with playing() as scene:
        scene.library.bad.add("a")
        scene.says(HELLO)
        scene.says(BYE)
        scene.whole("r1")
        await scene.queued(1)

        scene.sinks[0].advance(1.0)

        assert scene.stage.said == ["Hello there my friend. 0 s", "Good bye. 1 s", "r1 heard"]


async def test_a_reply_whose_last_clip_cannot_be_had_is_over_after_the_one_before() -> None:
    async with playing() as scene:
        scene.library.bad.add("b")
        scene.says(HELLO)
        scene.says(BYE)
        scene.whole("r1")
        await scene.queued(1)
        await settle()

        scene.sinks[0].advance(1.0)

        assert scene.stage.said == ["Hello there my friend. 1 s", "Good bye. 0 s", "r1 heard"]


async def test_a_sentence_that_must_not_be_heard_is_left_out() -> None:
    async with playing() as scene:
        scene.says(Sentence("r1", "My number is 123.", 0, 17, ""))
        scene.whole("r1")

        await eventually(lambda: scene.stage.said == ["My number is 123. 0 s", "r1 heard"])


async def test_a_clip_waits_until_there_was_enough_silence_after_the_one_before() -> None:
    async with playing() as scene:
        await scene.say(HELLO, whole=False)
        scene.says(replace(BYE, gap=0.5))
        scene.sinks[0].advance(1.0)
        await eventually(lambda: "b" in scene.library.clips)
        scene.playback.align_sinks()
        assert not scene.sinks[0].queue

        scene.clock.now += 0.5
        scene.whole("r1")
        scene.playback.changed(scene.sinks[0])

        await scene.queued(1)
        scene.sinks[0].advance(1.0)
        assert scene.stage.said == ["Hello there my friend. 1 s", "Good bye. 1 s", "r1 heard"]


async def test_a_gap_that_passes_between_two_looks_at_the_clock_is_over() -> None:
    ticking = Ticking()
    scene = Scene(clock=ticking)
    async with alongside(scene.playback.run()):
        await scene.say(HELLO, whole=False)
        scene.says(replace(BYE, gap=0.02))
        await eventually(lambda: "b" in scene.library.clips)
        ticking.tick = 0.015

        scene.sinks[0].advance(1.0)

        await scene.queued(1)


async def test_a_gap_that_has_passed_already_delays_nothing() -> None:
    async with playing() as scene:
        await scene.say(HELLO, whole=False)
        scene.sinks[0].advance(1.0)
        scene.clock.now += 0.6

        scene.says(replace(BYE, gap=0.5))

        await scene.queued(1)


async def test_a_clip_with_a_gap_does_not_overtake_one_that_still_plays() -> None:
    async with playing() as scene:
        await scene.say(HELLO, whole=False)
        scene.clock.now += 0.6

        scene.says(replace(BYE, gap=0.5))
        await eventually(lambda: "b" in scene.library.clips)
        scene.playback.changed(scene.sinks[0])

        assert [clip.text for clip in scene.sinks[0].queue] == [HELLO.text]


async def test_a_sink_that_reports_nothing_delays_the_next_sentence_and_does_not_stop_it() -> None:
    async with playing() as scene:
        await scene.say(HELLO, BYE)

        scene.clock.now += GRACE + 2.0
        scene.playback.align_sinks()
        scene.playback.resume()
        scene.playback.changed(scene.sinks[0])

        await eventually(lambda: scene.stage.said[:1] == ["Hello there my friend. 1 s"])
        scene.clock.now += GRACE + 2.0
        scene.playback.changed(scene.sinks[0])
        await eventually(lambda: scene.stage.said[-1] == "r1 heard")


def test_where_nothing_is_reported_it_goes_on_after_a_pause_and_after_a_gap_by_itself() -> None:
    async def story() -> None:
        scene = Scene(clock=asyncio.get_running_loop().time)
        async with alongside(scene.playback.run()):
            scene.says(HELLO)
            scene.says(replace(BYE, gap=0.5))
            scene.whole("r1")
            await settle()
            scene.playback.pause()
            await asyncio.sleep(60.0)
            assert scene.stage.said == []

            scene.playback.resume()
            await asyncio.sleep(GRACE + 0.25)
            assert scene.stage.said == ["Hello there my friend. 1 s"]
            assert [clip.text for clip in scene.sinks[0].queue] == [HELLO.text]
            await asyncio.sleep(0.5)
            assert [clip.text for clip in scene.sinks[0].queue] == [HELLO.text, BYE.text]
            await asyncio.sleep(GRACE)
            assert scene.stage.said[1:] == ["Good bye. 1 s", "r1 heard"]

    loop = VirtualLoop()
    try:
        loop.run(story())
    finally:
        loop.close()


async def test_a_sink_that_was_away_for_a_moment_has_as_much_longer(caplog: pytest.LogCaptureFixture) -> None:
    async with playing() as scene:
        scene.says(HELLO)
        await eventually(lambda: len(scene.sinks[0].queue) == 1)
        scene.sinks[0].advance(0.2)

        scene.clock.now += GRACE
        scene.playback.changed(scene.sinks[0])
        scene.clock.now += GRACE
        scene.says(BYE)
        await eventually(lambda: len(scene.sinks[0].queue) == 2)

        assert "does not say what became" not in caplog.text


async def test_a_sink_without_sound_leads_only_where_no_other_is_open() -> None:
    shown, heard = ManualSink(has_sound=False), ManualSink("discord")
    async with playing(shown, heard) as scene:
        await scene.say(HELLO)
        shown.advance(1.0)
        assert scene.stage.said == []
        heard.advance(0.1)
        assert scene.stage.said == ["Hello there my friend. 1 s"]

    alone = ManualSink(has_sound=False)
    async with playing(alone) as scene:
        await scene.say(HELLO)
        alone.advance(0.1)
        assert scene.stage.said == ["Hello there my friend. 1 s"]


async def test_nothing_is_voiced_when_nobody_could_hear_it() -> None:
    async with playing(ManualSink(is_open=False)) as scene:
        reply = scene.says(HELLO)

        assert not reply.is_voicing


async def test_a_reply_is_over_when_the_only_sink_closes_in_mid_speech() -> None:
    async with playing() as scene:
        await scene.say(HELLO, BYE)
        scene.sinks[0].advance(0.5)

        scene.sinks[0].set_open(False)

        assert scene.stage.said[-1] == "r1 heard"
        assert not scene.playback.is_busy


async def test_a_sink_that_is_seen_closed_before_it_tells_takes_the_reply_with_it() -> None:
    async with playing() as scene:
        reply = await scene.say(HELLO, BYE, whole=False)
        scene.sinks[0].is_open = False
        assert not scene.playback.say(reply, Sentence("r1", " See you.", 32, 41, "c"))
        scene.whole("r1")

        scene.sinks[0].set_open(False)

        assert scene.stage.said[-1] == "r1 heard"
        assert not scene.playback.is_busy


async def test_what_a_sink_had_when_it_closed_is_not_said_again_by_another() -> None:
    discord, overlay = ManualSink("discord"), ManualSink("overlay")
    async with playing(discord, overlay) as scene:
        reply = await scene.say(HELLO, whole=False)
        discord.is_open = False
        scene.playback.say(reply, BYE)
        overlay.advance(1.0)
        assert scene.stage.said == [], "the one that closed leads on with what it had"

        discord.set_open(False)

        assert scene.stage.said == ["Hello there my friend. 1 s"]


async def test_all_sinks_are_as_loud_as_the_playback() -> None:
    sinks = ManualSink("discord"), ManualSink("overlay", is_open=False)

    Scene(*sinks).playback.set_volume(0.25)

    assert [sink.volume for sink in sinks] == [0.25, 0.25]


async def test_a_beginning_tells_that_what_was_before_it_is_over() -> None:
    async with playing() as scene:
        reply = await scene.say(HELLO, BYE)
        lost = scene.sinks[0].queue.popleft()
        assert lost.text == HELLO.text

        scene.sinks[0].advance(0.5)

        assert scene.stage.said == ["Hello there my friend. 1 s", "Good bye. 1 s"]
        scene.playback.cut(reply)
        assert reply.phase is Phase.CUT
        assert reply.heard == "Hello there my friend. Good"


async def test_the_first_open_sink_leads_and_the_next_takes_over() -> None:
    discord, overlay = ManualSink("discord"), ManualSink("overlay")
    async with playing(discord, overlay) as scene:
        await scene.say(HELLO, BYE)
        await eventually(lambda: len(overlay.queue) == 2)
        overlay.advance(1.1)
        assert scene.stage.said == [], "the follower does not count"
        discord.advance(0.9)

        discord.set_open(False)
        overlay.advance(0.9)

        assert scene.stage.said == ["Hello there my friend. 1 s", "Good bye. 1 s", "r1 heard"]


async def test_a_sink_that_opens_during_a_pause_is_paused_too() -> None:
    discord, overlay = ManualSink("discord"), ManualSink("overlay", is_open=False)
    async with playing(discord, overlay) as scene:
        await scene.say(HELLO)
        scene.playback.pause()

        overlay.set_open(True)

        assert overlay.is_paused


async def test_what_a_sink_had_not_got_yet_when_it_closed_is_said_by_another() -> None:
    discord, overlay = ManualSink("discord"), ManualSink("overlay")
    async with playing(discord, overlay) as scene:
        scene.library.slow["a"] = asyncio.Event()
        reply = scene.says(HELLO)
        discord.is_open = False

        assert scene.playback.say(reply, BYE)

        scene.library.slow["a"].set()
        await eventually(lambda: len(overlay.queue) == 2)
        overlay.advance(2.0)
        assert scene.stage.said == ["Hello there my friend. 1 s", "Good bye. 1 s"]


async def test_after_a_clip_whose_end_was_lost_the_next_ones_are_fed_on() -> None:
    async with playing() as scene:
        await scene.say(HELLO, BYE, whole=False)
        scene.sinks[0].queue.popleft()
        scene.sinks[0].advance(0.5)

        scene.says(Sentence("r1", " See you.", 32, 41, "c"))

        await scene.queued(2)
