"""The voice, told as timelines: people talk, sentences are heard, and Voxta is told."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from relay.config import FloorSection
from relay.errors import VoxtaError
from relay.model import Forward, SendAs
from relay.replies.replies import Replies
from relay.replies.reply import Phase, Reply, Sentence
from relay.speech.floor import Floor, FloorState
from relay.speech.making_up import ANSWER_WAIT, UNDERSTOOD_WITHIN
from relay.speech.playback import Playback
from relay.speech.reports import OWN_CUT_WAIT
from relay.speech.voice import Voice
from tests.speech.fakes import Clock, Library, ManualSink, add, begin, cancel, end, settle
from tests.support import alongside, eventually

QUESTION = Forward(
    id="f", keys=("twitch:1",), send_as=SendAs.USER, body="hello", origins=(), chat_id="c", after_index=0
)
HELLO, BYE = Sentence("r1", "Hello there my friend.", 0, 22, "a"), Sentence("r1", " Good bye.", 22, 32, "b")


class Voxta:
    """Writes down what it is told."""

    def __init__(self) -> None:
        self.told: list[str] = []
        self.refuses = False

    async def interrupt(self) -> None:
        self._be_told("interrupt")

    async def speech_started(self, message_id: str, start: int, end: int, duration: float) -> None:
        self.told.append(f"started {message_id} {start}-{end} {duration:g} s")

    async def speech_completed(self, message_id: str) -> None:
        self.told.append(f"completed {message_id}")

    async def rewrite(self, message_id: str, text: str) -> None:
        self.told.append(f"rewrite {message_id} {text!r}")

    async def ask_for_reply(self) -> None:
        self._be_told("ask")

    async def have_said(self, text: str) -> None:
        self._be_told(f"say {text!r}")

    def _be_told(self, what: str) -> None:
        self.told.append(what)
        if self.refuses:
            raise VoxtaError("no")


class Scene:
    def __init__(self, *, plays: bool = True, **settings: object) -> None:
        section = FloorSection.model_validate({"min_speech": 0.5, "silence": 0.4} | settings)
        self.clock, self.sink, self.library, self.voxta = Clock(), ManualSink(), Library(), Voxta()
        self.floor = Floor(section, 30.0, doubt=1.0)
        self.shown: list[str] = []
        self.given_up: list[Forward] = []
        self.replies = Replies()
        playback = Playback(self.library.fetch, clock=self.clock)
        playback.play_on([self.sink])
        self.voice = Voice(
            section,
            floor=self.floor,
            playback=playback,
            replies=self.replies,
            voxta=self.voxta,
            over=self._show,
            given_up=self.given_up.append,
            changed=lambda: None,
            plays=plays,
            clock=self.clock,
        )

    def _show(self, reply: Reply) -> None:
        self.shown.append(f"{reply.id} {'whole' if reply.phase is Phase.DONE else repr(reply.heard)}")

    def thinking(self, message_id: str) -> Reply:
        """A reply is generated."""
        self.voice.thinking(reply := begin(self.replies, message_id))
        return reply

    def starts(self, message_id: str) -> None:
        """Voxta is about to tell the text of a reply."""
        self.voice.started(begin(self.replies, message_id))

    def says(self, sentence: Sentence) -> None:
        """Another sentence of a reply has come; what comes of one that is over does not reach the voice."""
        if begin(self.replies, sentence.message_id).is_open:
            self.voice.say(add(self.replies, sentence), sentence)

    def text_ended(self, message_id: str) -> None:
        """The text of a reply is complete."""
        self.voice.text_ended(end(self.replies, message_id))

    def cancelled(self, message_id: str) -> None:
        """Voxta has given up a reply."""
        self.voice.cancelled(cancel(self.replies, message_id))

    async def reply(self, *sentences: Sentence, whole: bool = True) -> None:
        self.thinking(sentences[0].message_id)
        for sentence in sentences:
            self.says(sentence)
        if whole:
            self.text_ended(sentences[0].message_id)
        await eventually(lambda: len(self.sink.queue) == len(sentences))

    def passes(self, seconds: float) -> None:
        """Time passes, with a look every tenth of a second."""
        for _ in range(round(seconds * 10)):
            self.clock.now += 0.1
            self.sink.advance(0.1)
            self.voice.look()

    async def told(self, *expected: str) -> None:
        await eventually(lambda: len(self.voxta.told) >= len(expected))
        assert self.voxta.told == list(expected)


@asynccontextmanager
async def speaking(*, plays: bool = True, **settings: object) -> AsyncIterator[Scene]:
    scene = Scene(plays=plays, **settings)
    async with alongside(scene.voice.run()):
        yield scene


async def test_a_reply_is_announced_sentence_by_sentence_and_completed() -> None:
    async with speaking() as scene:
        await scene.reply(HELLO, BYE)
        assert not scene.floor.is_free(scene.clock.now)

        scene.passes(2.0)

        await scene.told("started r1 0-22 1 s", "started r1 22-32 1 s", "completed r1")
        assert scene.shown == ["r1 whole"]
        assert scene.floor.is_free(scene.clock.now)


@pytest.mark.parametrize("ends", [Scene.text_ended, Scene.cancelled])
async def test_a_reply_that_was_stopped_before_its_first_sentence_came_is_acknowledged_once(
    ends: Callable[[Scene, str], None],
) -> None:
    async with speaking() as scene:
        scene.starts("r1")
        scene.voice.stop()
        scene.says(HELLO)

        ends(scene, "r1")
        scene.cancelled("r1")

        await scene.told("interrupt", "completed r1")
        await settle()
        assert scene.voxta.told == ["interrupt", "completed r1"]


async def test_a_reply_of_which_the_beginning_was_missed_is_not_said_and_keeps_nobody_waiting() -> None:
    async with speaking() as scene:
        scene.voice.say(add(scene.replies, BYE), BYE)
        scene.text_ended("r1")

        await scene.told("started r1 22-32 0 s", "completed r1")
        assert not scene.sink.queue
        assert scene.floor.is_free(scene.clock.now)


async def test_a_reply_that_was_heard_before_its_text_ended_is_over_with_its_text() -> None:
    async with speaking() as scene:
        await scene.reply(HELLO, whole=False)
        scene.passes(1.0)

        scene.text_ended("r1")

        await scene.told("started r1 0-22 1 s", "completed r1")
        assert scene.shown == ["r1 whole"]


async def test_silence_ends_also_what_waits_behind_what_is_said() -> None:
    async with speaking() as scene:
        await scene.reply(HELLO)
        scene.says(Sentence("r2", "Another one.", 0, 12, "c"))
        scene.text_ended("r2")

        assert scene.voice.silence()
        await settle()
        assert not scene.voice.playback.is_busy
        assert not scene.sink.queue


async def test_silence_ends_a_reply_between_its_sentences_where_it_was_heard() -> None:
    async with speaking() as scene:
        await scene.reply(HELLO, whole=False)
        scene.passes(1.0)

        assert scene.voice.silence()
        scene.says(BYE)

        assert not scene.voice.playback.is_busy
        assert scene.shown == [f"r1 {HELLO.text!r}"]


async def test_a_reply_is_being_said_once_it_is_heard() -> None:
    async with speaking() as scene:
        assert not scene.voice.is_speaking
        scene.voice.asked()
        assert not scene.voice.is_speaking, "it is only asked for"
        scene.thinking("r1")
        assert not scene.voice.is_speaking

        await scene.reply(HELLO)
        scene.passes(0.5)

        assert scene.voice.is_speaking


async def test_sound_pauses_a_reply_and_noise_lets_it_go_on() -> None:
    async with speaking() as scene:
        await scene.reply(HELLO, BYE)
        scene.passes(0.5)

        scene.voice.talks("voice:ann")
        assert scene.sink.is_paused
        scene.passes(1.2)

        assert not scene.sink.is_paused


async def test_who_only_listens_gives_the_reply_back_at_once_and_takes_it_with_what_is_meant() -> None:
    async with speaking() as scene:
        await scene.reply(HELLO, BYE)
        scene.passes(0.5)
        scene.voice.speaks("voice:ann")
        assert scene.sink.is_paused

        scene.voice.listens("voice:ann")
        assert not scene.sink.is_paused
        scene.voice.says_more("voice:ann")

        assert scene.sink.is_paused


async def test_of_a_chat_that_is_gone_nothing_is_said_and_the_floor_is_free() -> None:
    async with speaking() as scene:
        await scene.reply(HELLO, BYE)
        scene.passes(0.5)

        scene.voice.forget()

        assert not scene.sink.queue
        assert scene.floor.is_free(scene.clock.now)
        assert not scene.voice.is_speaking


async def test_when_all_is_given_up_it_ends_where_it_was_heard() -> None:
    async with speaking() as scene:
        await scene.reply(HELLO)
        scene.says(Sentence("r2", "And more of it.", 0, 15, "c"))
        scene.passes(0.6)

        scene.voice.all_cancelled()

        assert not scene.sink.queue
        assert scene.shown == ["r1 'Hello there'", "r2 ''"]


async def test_what_a_client_plays_itself_keeps_the_floor_until_voxta_waits_for_people() -> None:
    async with speaking() as scene:
        scene.thinking("r9")
        scene.voice.played_elsewhere("r9", 5.0)
        assert scene.voice.is_speaking

        scene.voice.completed_elsewhere("r8")
        assert scene.voice.is_speaking, "that was another one"
        scene.voice.completed_elsewhere("r9")

        assert not scene.voice.is_speaking
        assert scene.floor.is_free(scene.clock.now)


async def test_a_turn_of_voxtas_keeps_the_floor() -> None:
    async with speaking() as scene:
        scene.voice.turn(is_over=False)
        assert not scene.floor.is_free(scene.clock.now)

        scene.voice.turn(is_over=True)

        assert scene.floor.is_free(scene.clock.now)


async def test_a_person_who_talks_on_ends_the_reply_where_it_was_heard() -> None:
    async with speaking() as scene:
        await scene.reply(HELLO, BYE)
        scene.passes(0.5)

        scene.voice.speaks("voice:ann")
        assert scene.sink.is_paused, "paused at once"
        scene.passes(0.5)

        assert not scene.sink.queue
        assert scene.shown == ["r1 'Hello there'"]
        await scene.told("started r1 0-22 1 s", "interrupt", "completed r1")
        scene.passes(OWN_CUT_WAIT + 0.1)
        await scene.told("started r1 0-22 1 s", "interrupt", "completed r1", "rewrite r1 'Hello there'")


async def test_a_text_that_voxta_has_cut_off_itself_is_left_as_it_is() -> None:
    async with speaking() as scene:
        await scene.reply(HELLO, BYE)
        scene.passes(0.5)
        scene.voice.stop()

        scene.voice.text_changed("r1", "Hello there my")
        scene.passes(OWN_CUT_WAIT + 0.1)

        await scene.told("started r1 0-22 1 s", "completed r1")
        assert scene.floor.is_free(scene.clock.now)


async def test_the_finished_text_of_a_reply_is_not_taken_for_one_that_voxta_cut_off() -> None:
    async with speaking() as scene:
        await scene.reply(HELLO, BYE)
        scene.passes(0.5)
        scene.voice.stop()

        scene.voice.text_changed("r1", HELLO.text + BYE.text)
        assert not scene.floor.is_free(scene.clock.now), (
            "what is sent now would be answered with the whole text in mind"
        )
        scene.passes(OWN_CUT_WAIT + 0.1)

        await scene.told("started r1 0-22 1 s", "completed r1", "rewrite r1 'Hello there'")
        await eventually(lambda: scene.floor.is_free(scene.clock.now))


async def test_a_chunk_without_sound_is_told_as_heard_in_no_time() -> None:
    async with speaking() as scene:
        scene.thinking("r1")
        scene.says(Sentence("r1", "Psst.", 0, 5, ""))
        scene.text_ended("r1")

        await scene.told("started r1 0-5 0 s", "completed r1")
        assert scene.floor.is_free(scene.clock.now)


async def test_a_chunk_whose_sound_cannot_be_had_is_told_as_heard_in_no_time() -> None:
    async with speaking() as scene:
        scene.library.bad.add("a")
        scene.thinking("r1")
        scene.says(HELLO)
        scene.says(BYE)
        scene.text_ended("r1")
        await eventually(lambda: len(scene.sink.queue) == 1)
        scene.passes(1.0)

        await scene.told("started r1 0-22 0 s", "started r1 22-32 1 s", "completed r1")


async def test_a_reply_that_ends_twice_is_completed_once() -> None:
    async with speaking() as scene:
        await scene.reply(HELLO)
        scene.passes(1.0)

        scene.text_ended("r1")
        scene.cancelled("r1")

        await scene.told("started r1 0-22 1 s", "completed r1")


async def test_voxta_is_told_nothing_when_others_play_its_speech() -> None:
    async with speaking(plays=False) as scene:
        scene.sink.is_open = False
        scene.thinking("r1")
        scene.says(HELLO)
        scene.text_ended("r1")
        scene.thinking("r2")
        scene.voice.stop()

        await scene.told("interrupt")


async def test_its_own_speech_told_back_by_voxta_does_not_take_the_floor() -> None:
    async with speaking() as scene:
        await scene.reply(HELLO)
        scene.passes(1.0)

        scene.voice.played_elsewhere("r1", 1.0)

        assert scene.floor.is_free(scene.clock.now)


async def test_a_reply_nobody_heard_leaves_no_message() -> None:
    async with speaking() as scene:
        scene.voice.speaks("voice:ann")
        await scene.reply(HELLO)

        scene.passes(0.7 + OWN_CUT_WAIT)

        await scene.told("interrupt", "completed r1", "rewrite r1 ''")
        assert scene.shown == ["r1 ''"]


async def test_a_cough_changes_nothing_but_the_time() -> None:
    async with speaking() as scene:
        await scene.reply(HELLO)
        scene.passes(0.5)

        scene.voice.speaks("voice:ann")
        scene.passes(0.2)
        scene.voice.stopped("voice:ann")
        scene.passes(0.5)
        assert not scene.sink.is_paused
        scene.passes(0.5)

        await scene.told("started r1 0-22 1 s", "completed r1")
        assert scene.shown == ["r1 whole"]


async def interrupted(scene: Scene) -> None:
    await scene.reply(HELLO, BYE)
    scene.passes(0.5)
    scene.voice.speaks("voice:ann")
    scene.passes(1.0)
    scene.voice.text_changed("r1", "Hello there")
    scene.voice.stopped("voice:ann")
    scene.passes(0.5)
    await eventually(lambda: len(scene.voxta.told) == 3)
    scene.voxta.told.clear()


@pytest.mark.parametrize(
    ("speaker", "wants_none"),
    [("voice:ann", Voice.answered_otherwise), ("game:npc", Voice.leave_unanswered)],
    ids=["an order", "no answer is wanted"],
)
async def test_who_interrupts_and_is_owed_no_answer_gets_none(
    speaker: str, wants_none: Callable[[Voice], None]
) -> None:
    async with speaking() as scene:
        await scene.reply(HELLO, BYE)
        scene.passes(0.5)
        scene.voice.speaks(speaker)
        scene.passes(1.0)

        wants_none(scene.voice)
        scene.voice.text_changed("r1", "Hello there")
        scene.voice.stopped(speaker)
        scene.passes(0.5)

        assert scene.floor.is_free(scene.clock.now)
        scene.passes(ANSWER_WAIT + 0.1)
        await settle()
        assert "interrupt" in scene.voxta.told
        assert "ask" not in scene.voxta.told


async def test_an_order_that_is_understood_later_ends_the_wait_for_an_answer() -> None:
    async with speaking() as scene:
        await interrupted(scene)
        assert not scene.floor.is_free(scene.clock.now)

        scene.voice.answered_otherwise()

        assert scene.floor.is_free(scene.clock.now)
        scene.passes(ANSWER_WAIT + 0.1)
        await settle()
        assert scene.voxta.told == []


async def test_whom_voxta_has_not_understood_yet_it_is_not_asked_to_answer() -> None:
    async with speaking() as scene:
        scene.voice.recognising(is_under_way=True)
        await interrupted(scene)
        scene.passes(ANSWER_WAIT + 0.1)
        await settle()
        assert scene.voxta.told == []

        scene.voice.recognising(is_under_way=False)
        scene.passes(ANSWER_WAIT - 0.1)
        await settle()
        assert scene.voxta.told == []
        scene.passes(0.2)

        await scene.told("ask")


async def test_what_voxta_never_understands_is_not_waited_for_without_end() -> None:
    async with speaking() as scene:
        await interrupted(scene)
        scene.voice.recognising(is_under_way=True)

        scene.passes(UNDERSTOOD_WITHIN + 0.1)

        await scene.told("ask")


async def test_an_order_leaves_nobody_unanswered_who_interrupts_after_it() -> None:
    async with speaking() as scene:
        scene.voice.answered_otherwise()

        await interrupted(scene)
        scene.passes(ANSWER_WAIT + 0.1)

        await scene.told("ask")


async def test_who_wants_no_answer_leaves_nobody_unanswered_who_interrupts_after_it() -> None:
    async with speaking() as scene:
        scene.voice.speaks("game:npc")
        scene.voice.leave_unanswered()
        scene.voice.stopped("game:npc")
        scene.passes(1.0)

        await interrupted(scene)
        assert not scene.floor.is_free(scene.clock.now), "nothing else is sent meanwhile"
        scene.passes(ANSWER_WAIT + 0.1)

        await scene.told("ask")


async def test_expected_words_keep_the_floor_until_it_is_known_that_there_are_none() -> None:
    async with speaking() as scene:
        scene.voice.expect_words(is_expected=True)
        assert not scene.floor.is_free(scene.clock.now)

        scene.voice.expect_words(is_expected=False)

        assert scene.floor.is_free(scene.clock.now)


@pytest.mark.parametrize(("after", "told"), [("reply", ["ask"]), ("resume", ["say 'my friend. Good bye.'"])])
async def test_when_the_person_is_done_the_companion_is_asked_to_go_on(after: str, told: list[str]) -> None:
    async with speaking(after=after) as scene:
        await interrupted(scene)
        assert not scene.floor.is_free(scene.clock.now), "nothing else is sent meanwhile"

        scene.passes(ANSWER_WAIT + 0.1)

        await scene.told(*told)


@pytest.mark.parametrize("after", ["reply", "resume"])
async def test_a_voxta_that_refuses_to_go_on_leaves_the_floor_free(after: str) -> None:
    async with speaking(after=after) as scene:
        await interrupted(scene)
        scene.voxta.refuses = True

        scene.passes(ANSWER_WAIT + 0.1)

        await eventually(lambda: scene.floor.is_free(scene.clock.now))


async def test_nothing_is_asked_when_voxta_answers_the_person_by_itself() -> None:
    async with speaking() as scene:
        await interrupted(scene)

        scene.thinking("r2")
        scene.passes(ANSWER_WAIT + 0.1)
        scene.text_ended("r2")

        assert scene.floor.is_free(scene.clock.now)
        assert scene.voxta.told == []


async def cut_off(scene: Scene) -> None:
    """Ann talks over a reply until it is given up, and talks on; Voxta has not cut its text yet."""
    await scene.reply(HELLO)
    scene.voice.speaks("voice:ann")
    scene.passes(0.6)
    await eventually(lambda: "interrupt" in scene.voxta.told)
    scene.voxta.told.clear()


async def test_nothing_is_asked_while_voxta_works_on_what_the_person_said() -> None:
    async with speaking() as scene:
        await cut_off(scene)
        scene.voice.stopped("voice:ann")
        scene.passes(0.5)

        scene.voice.turn(is_over=False)
        scene.passes(ANSWER_WAIT + 0.1)
        await eventually(lambda: bool(scene.voxta.told))

        assert scene.voxta.told == ["rewrite r1 ''"]


async def test_nothing_is_asked_when_the_words_of_the_person_were_sent_before_they_fell_silent() -> None:
    async with speaking() as scene:
        await cut_off(scene)

        scene.floor.asked(scene.clock.now)
        scene.voice.asked()
        scene.voice.stopped("voice:ann")
        scene.passes(ANSWER_WAIT + 1.0)
        await eventually(lambda: bool(scene.voxta.told))

        assert scene.voxta.told == ["rewrite r1 ''"]
        assert not scene.floor.is_free(scene.clock.now), "the answer is awaited"


def completed_elsewhere(scene: Scene, message_id: str) -> None:
    scene.voice.completed_elsewhere(message_id)


@pytest.mark.parametrize("late", [Scene.cancelled, completed_elsewhere, Scene.text_ended])
async def test_what_comes_late_of_a_reply_does_not_free_the_floor_for_what_was_asked_since(
    late: Callable[[Scene, str], None],
) -> None:
    async with speaking() as scene:
        scene.thinking("r1")
        scene.floor.asked(scene.clock.now)
        scene.voice.asked()

        late(scene, "r1")

        assert not scene.floor.is_free(scene.clock.now)


async def test_nothing_is_asked_when_the_settings_say_so() -> None:
    async with speaking(after="nothing") as scene:
        await interrupted(scene)

        assert scene.floor.is_free(scene.clock.now)
        scene.passes(ANSWER_WAIT + 0.1)
        assert scene.voxta.told == []


async def test_a_reply_voxta_cancels_ends_where_it_was_heard() -> None:
    async with speaking() as scene:
        await scene.reply(HELLO, whole=False)
        scene.passes(0.5)

        scene.cancelled("r1")
        scene.passes(OWN_CUT_WAIT + 0.1)

        await scene.told("started r1 0-22 1 s", "completed r1", "rewrite r1 'Hello there'")
        assert scene.floor.is_free(scene.clock.now)


@pytest.mark.parametrize("by", ["a moderator", "a person who talks"])
async def test_a_reply_knows_whether_it_was_stopped_on_purpose(by: str) -> None:
    async with speaking() as scene:
        await scene.reply(HELLO, BYE)
        scene.passes(0.5)
        if by == "a moderator":
            scene.voice.stop()
        else:
            scene.voice.speaks("voice:ann")
            scene.passes(2.0)
            scene.voice.look()

        reply = scene.replies.get("r1")
        assert reply is not None
        assert (reply.phase, reply.is_stopped) == (Phase.CUT, by == "a moderator")


async def test_what_begins_after_a_question_that_was_stopped_before_its_answer_began_answers_nobody() -> None:
    async with speaking() as scene:
        scene.replies.asked(QUESTION)
        scene.floor.asked(scene.clock.now)
        scene.voice.asked()
        scene.voice.turn(is_over=False)

        assert scene.voice.stop()
        scene.voice.turn(is_over=True)

        await scene.told("interrupt")
        assert scene.given_up == [QUESTION]
        assert scene.thinking("r1").forward is None


async def test_what_begins_after_a_question_that_a_person_talked_over_answers_nobody() -> None:
    async with speaking() as scene:
        scene.replies.asked(QUESTION)
        scene.floor.asked(scene.clock.now)
        scene.voice.asked()

        scene.voice.speaks("voice:ann")
        scene.passes(1.0)

        await scene.told("interrupt")
        assert scene.given_up == [QUESTION]
        assert scene.thinking("r1").forward is None


async def test_stopping_an_answer_gives_up_no_question() -> None:
    async with speaking() as scene:
        scene.replies.asked(QUESTION)
        await scene.reply(HELLO)

        assert scene.voice.stop()
        assert not scene.given_up


async def test_stopping_one_reply_lets_the_next_be_heard() -> None:
    async with speaking() as scene:
        await scene.reply(HELLO)
        scene.passes(0.5)
        scene.says(Sentence("r2", "Another one.", 0, 12, "c"))
        scene.text_ended("r2")

        assert scene.voice.stop()
        await eventually(lambda: [clip.text for clip in scene.sink.queue] == ["Another one."])
        scene.passes(1.0)

        assert scene.shown == ["r1 'Hello there'", "r2 whole"]
        assert "interrupt" not in scene.voxta.told, "its text was complete; Voxta had nothing left to stop"


async def test_silencing_stops_everything_and_a_second_time_there_is_nothing_to_stop() -> None:
    async with speaking() as scene:
        await scene.reply(HELLO, whole=False)

        assert scene.voice.silence()
        scene.passes(OWN_CUT_WAIT + 0.1)
        await scene.told("interrupt", "completed r1", "rewrite r1 ''")

        await eventually(lambda: scene.floor.state(scene.clock.now) is FloorState.IDLE)
        assert not scene.voice.silence()


async def test_a_reply_with_sound_that_nobody_can_hear_is_completed_all_the_same() -> None:
    async with speaking() as scene:
        scene.sink.is_open = False
        scene.thinking("r1")
        scene.says(HELLO)

        scene.text_ended("r1")

        await scene.told("started r1 0-22 0 s", "completed r1")
        assert scene.floor.is_free(scene.clock.now)


async def test_a_voxta_that_refuses_an_interruption_still_hears_of_the_rest() -> None:
    async with speaking() as scene:
        scene.voxta.refuses = True
        await scene.reply(HELLO, whole=False)

        scene.voice.silence()
        scene.passes(OWN_CUT_WAIT + 0.1)

        await scene.told("interrupt", "completed r1", "rewrite r1 ''")


async def test_the_end_of_another_reply_does_not_free_the_floor() -> None:
    async with speaking() as scene:
        scene.thinking("r2")

        scene.voice.completed_elsewhere("r1")

        assert not scene.floor.is_free(scene.clock.now)


async def test_a_reply_that_may_not_be_interrupted_goes_on_though_a_thread_paused_it() -> None:
    async with speaking() as scene:
        scene.floor.asked(scene.clock.now, interruptible=False)
        scene.voice.asked()
        await scene.reply(HELLO)
        assert not scene.voice.may_pause
        scene.sink.pause()

        scene.voice.speaks("voice:ann")

        assert not scene.sink.is_paused
        scene.passes(1.0)
        assert scene.shown == ["r1 whole"]


async def test_a_sink_that_closes_during_a_pause_ends_the_reply_and_the_pause() -> None:
    async with speaking() as scene:
        await scene.reply(HELLO, BYE)
        scene.passes(0.3)
        scene.voice.speaks("voice:ann")

        scene.sink.set_open(False)

        assert scene.shown == ["r1 whole"]
        scene.voice.stopped("voice:ann", is_done=True)
        assert scene.floor.is_free(scene.clock.now)
        await scene.told("started r1 0-22 1 s", "started r1 22-32 0 s", "completed r1")


async def test_the_floor_is_kept_until_voxta_knows_that_the_reply_was_given_up() -> None:
    async with speaking() as scene:
        await scene.reply(HELLO, whole=False)

        scene.voice.stop()

        assert not scene.floor.is_free(scene.clock.now), "what is sent now would be interrupted as well"
        scene.passes(OWN_CUT_WAIT + 0.1)
        await eventually(lambda: scene.floor.is_free(scene.clock.now))
        assert scene.voxta.told == ["interrupt", "completed r1", "rewrite r1 ''"]


async def test_what_still_comes_of_a_reply_that_was_given_up_is_neither_said_nor_waited_for() -> None:
    async with speaking() as scene:
        await scene.reply(HELLO, whole=False)
        scene.voice.stop()
        scene.passes(OWN_CUT_WAIT + 0.1)
        await eventually(lambda: scene.floor.is_free(scene.clock.now))

        reply = scene.thinking("r1")
        scene.says(BYE)
        scene.text_ended("r1")

        assert not reply.is_voicing
        assert scene.floor.is_free(scene.clock.now)


async def test_a_reply_whose_end_was_lost_does_not_keep_the_next_one_from_ending() -> None:
    async with speaking() as scene:
        await scene.reply(HELLO, whole=False)
        scene.passes(1.0)

        scene.thinking("r2")
        scene.says(Sentence("r2", "Another one.", 0, 12, "c"))
        scene.text_ended("r2")
        await eventually(lambda: len(scene.sink.queue) == 1)
        scene.passes(1.0)

        assert scene.shown == ["r2 whole"]
        assert scene.floor.is_free(scene.clock.now)


async def test_an_emoji_without_sound_does_not_end_what_was_heard() -> None:
    async with speaking() as scene:
        scene.thinking("r1")
        scene.says(HELLO)
        scene.says(Sentence("r1", " \U0001f600", 22, 24, ""))
        scene.says(Sentence("r1", " Good bye.", 24, 34, "b"))
        await eventually(lambda: len(scene.sink.queue) == 2)
        scene.passes(1.6)

        scene.voice.stop()

        assert scene.shown == ["r1 'Hello there my friend. \U0001f600 Good'"]


async def test_after_a_reply_that_was_given_up_before_it_had_sound_the_next_one_is_heard() -> None:
    async with speaking(after="nothing") as scene:
        scene.voice.speaks("voice:ann")
        scene.thinking("r1")
        scene.passes(1.0)
        scene.voice.stopped("voice:ann")
        scene.passes(0.5)
        await scene.told("interrupt")
        scene.says(HELLO)
        assert not scene.voice.playback.is_busy

        await scene.reply(Sentence("r2", "Another one.", 0, 12, "c"))
        scene.passes(1.0)

        assert scene.shown == ["r2 whole"]


async def test_noise_that_goes_on_gives_the_reply_back_though_nothing_else_happens() -> None:
    async with speaking() as scene:
        await scene.reply(HELLO)
        scene.passes(0.1)
        scene.voice.talks("voice:ann")
        assert scene.sink.is_paused

        scene.clock.now += 1.0

        await eventually(lambda: not scene.sink.is_paused)


def test_people_may_silence_the_companion_from_the_start() -> None:
    assert Scene().voice.may_pause


def test_the_end_of_speech_that_nobody_knows_of_changes_nothing() -> None:
    scene = Scene()

    scene.voice.completed_elsewhere("r1")

    assert scene.floor.is_free(scene.clock.now)


async def test_of_a_chat_that_is_gone_nothing_is_told_any_more() -> None:
    async with speaking() as scene:
        await scene.reply(HELLO, whole=False)

        scene.voice.forget()
        scene.text_ended("r1")
        await settle()

        assert scene.voxta.told == []
