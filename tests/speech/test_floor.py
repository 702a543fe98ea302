"""The floor, told as timelines: what happens at which second, and what has to be done."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.config import FloorSection
from relay.speech.floor import WORDS_WITHIN, Floor, FloorDecision, FloorState
from relay.speech.people import LEASE

TIMEOUT = 30.0
DOUBT = 1.0


def floor_with(**settings: object) -> Floor:
    return Floor(FloorSection.model_validate(settings), TIMEOUT, doubt=DOUBT)


def acts(floor: Floor, until: float, start: float = 0.0) -> list[tuple[float, FloorDecision]]:
    """All that has to be done from `start` to `until` when nothing else happens, and when."""
    done, now = [], start
    while now <= until:
        while (act := floor.advance(now)) is not None:
            done.append((round(now, 3), act))
        following = floor.next_at(now)
        if following is None:
            break
        now = following
    return done


def test_the_floor_is_taken_from_the_question_to_the_end_of_the_reply() -> None:
    floor = floor_with()

    floor.asked(0)
    assert floor.state(1) is FloorState.AWAITING
    floor.thinking(2)
    assert floor.state(3) is FloorState.THINKING
    floor.reply_ended(4)
    assert floor.is_free(4)


def test_the_floor_is_free_at_the_latest_when_an_answer_would_be_overdue() -> None:
    floor = floor_with()
    assert floor.free_at(5) == 5

    floor.asked(6)

    assert floor.free_at(7) == 6 + TIMEOUT


def test_speech_keeps_the_floor_after_the_text_is_complete() -> None:
    floor = floor_with()

    floor.thinking(0)
    floor.speaking(1, duration=10)
    floor.reply_ended(2)

    assert floor.state(3) is FloorState.SPEAKING
    floor.released()
    assert floor.is_free(3)


@pytest.mark.parametrize("duration", [0.0, 60.0])
def test_speech_that_is_never_completed_frees_the_floor_after_its_duration_and_the_timeout(duration: float) -> None:
    floor = floor_with()

    floor.speaking(0, duration)

    assert not floor.is_free(duration + TIMEOUT - 0.001)
    assert floor.is_free(duration + TIMEOUT)


def test_a_turn_that_voxta_tells_of_keeps_the_floor_until_it_waits_for_people() -> None:
    floor = floor_with()

    floor.asked(0)
    floor.turn_goes_on(1)
    floor.speaking(2, duration=3)
    floor.released()
    assert floor.state(5) is FloorState.FINISHING, "another character may go on"
    floor.thinking(6)
    floor.reply_ended(7)
    assert not floor.is_free(7)

    floor.turn_is_over(8, is_voicing=False)
    assert floor.is_free(8)


def test_a_turn_that_voxta_tells_of_goes_on_though_the_question_was_given_up() -> None:
    floor = floor_with()
    floor.turn_goes_on(0)
    floor.asked(1)

    floor.released()

    assert floor.state(2) is FloorState.FINISHING


def test_the_end_of_the_turn_before_does_not_free_the_floor_of_a_question_just_asked() -> None:
    floor = floor_with()
    floor.turn_goes_on(0)
    floor.asked(1)

    floor.turn_is_over(2, is_voicing=False)

    assert floor.state(2) is FloorState.AWAITING


@pytest.mark.parametrize("begun", [True, False])
def test_what_is_still_to_be_heard_keeps_the_floor_though_voxta_waits_already(begun: bool) -> None:
    floor = floor_with()
    floor.turn_goes_on(0)
    if begun:
        floor.speaking(1, duration=4)

    floor.turn_is_over(2, is_voicing=True)
    assert not floor.is_free(2)

    floor.released()
    assert floor.is_free(3)


def test_a_turn_whose_end_is_never_told_frees_the_floor_at_the_deadline_and_is_forgotten() -> None:
    floor = floor_with()
    floor.turn_goes_on(0)
    floor.reply_ended(5)

    assert not floor.is_free(TIMEOUT - 0.001)
    assert floor.is_free(TIMEOUT)
    floor.thinking(40)
    floor.reply_ended(41)
    assert floor.is_free(41)


def test_nobody_is_interrupted_while_a_turn_is_only_brought_to_its_end() -> None:
    floor = floor_with(min_speech=0.5, silence=0.4)
    floor.turn_goes_on(0)
    floor.reply_ended(1)

    floor.speaker_speaks("voice:ann", 2)

    assert acts(floor, until=5, start=2) == []


def test_a_person_who_interrupts_ends_the_turn_whatever_voxta_said_of_it() -> None:
    floor = floor_with(min_speech=0.5, silence=0.4)
    floor.turn_goes_on(0)
    floor.speaker_speaks("voice:ann", 1)

    assert acts(floor, until=3, start=1) == [(1, FloorDecision.PAUSE), (1.5, FloorDecision.INTERRUPT)]
    assert floor.state(3) is FloorState.IDLE


def test_what_counts_as_talking_counts_from_its_first_sound_also_at_the_start_of_the_clock() -> None:
    floor = floor_with(min_speech=0.5, max_pause=10)
    floor.thinking(0)
    floor.speaker_speaks("voice:ann", 0.1)

    assert acts(floor, until=3, start=0.1) == [(0.1, FloorDecision.PAUSE), (0.6, FloorDecision.INTERRUPT)]


def test_a_person_who_talks_keeps_the_floor_until_they_have_been_silent_for_a_moment() -> None:
    floor = floor_with(silence=0.5)

    floor.speaker_speaks("streamer", 0)
    floor.speaker_speaks("voice:guest", 1)
    floor.speaker_stopped("streamer", 1.5)
    assert not floor.is_free(3), "the guest still talks"

    floor.speaker_stopped("voice:guest", 3)
    assert not floor.is_free(3.4)
    assert floor.free_at(3.4) == 3.5
    assert floor.is_free(3.5)


def test_a_stop_that_is_known_to_be_final_frees_the_floor_at_once() -> None:
    floor = floor_with(silence=0.5)

    floor.speaker_speaks("streamer", 0)
    floor.speaker_stopped("streamer", 2, is_done=True)

    assert floor.is_free(2)


def test_a_stop_that_is_lost_frees_the_floor_when_the_lease_ends_and_talking_on_renews_it() -> None:
    floor = floor_with(silence=0)

    floor.speaker_speaks("streamer", 0)
    floor.speaker_speaks("streamer", 8)

    assert not floor.is_free(8 + LEASE - 0.001)
    assert floor.free_at(9) == 8 + LEASE
    assert floor.is_free(8 + LEASE)


def test_a_cough_pauses_the_reply_and_then_it_goes_on() -> None:
    floor = floor_with(min_speech=0.5, silence=0.4)
    floor.speaking(0, duration=10)
    floor.speaker_speaks("voice:ann", 1)
    assert floor.advance(1) is FloorDecision.PAUSE

    floor.speaker_stopped("voice:ann", 1.3)

    assert acts(floor, until=5, start=1.3) == [(1.7, FloorDecision.RESUME)]
    assert floor.state(5) is FloorState.SPEAKING


def test_talking_on_gives_the_reply_up_after_the_least_speech_and_yields_when_the_person_is_done() -> None:
    floor = floor_with(min_speech=0.5, silence=0.4)
    floor.speaking(0, duration=10)
    floor.speaker_speaks("voice:ann", 1)

    assert acts(floor, until=3, start=1) == [(1, FloorDecision.PAUSE), (1.5, FloorDecision.INTERRUPT)]
    assert floor.state(3) is FloorState.IDLE
    floor.speaker_stopped("voice:ann", 3)
    assert acts(floor, until=9, start=3) == [(3.4, FloorDecision.YIELDED)]
    assert floor.is_free(3.4)


def test_who_talks_on_before_the_answer_has_begun_gives_it_up_as_soon() -> None:
    floor = floor_with(min_speech=0.5, max_pause=5)
    floor.asked(0)
    floor.speaker_speaks("voice:ann", 1)

    assert acts(floor, until=9, start=1)[:2] == [(1, FloorDecision.PAUSE), (1.5, FloorDecision.INTERRUPT)]


def test_two_short_sounds_with_a_breath_between_them_count_together() -> None:
    floor = floor_with(min_speech=0.5, silence=0.4)
    floor.speaking(0, duration=10)
    floor.speaker_speaks("voice:ann", 1)
    floor.advance(1)
    floor.speaker_stopped("voice:ann", 1.3)
    floor.speaker_speaks("voice:ann", 1.5)

    assert acts(floor, until=3, start=1.5) == [(1.7, FloorDecision.INTERRUPT)]


@pytest.mark.parametrize("settings", [{"min_speech": 0}, {"on_barge_in": "stop"}])
def test_the_first_sound_interrupts_where_nothing_is_to_be_confirmed(settings: dict[str, object]) -> None:
    floor = floor_with(**settings)
    floor.speaking(0, duration=10)

    floor.speaker_speaks("voice:ann", 1)

    assert acts(floor, until=1, start=1) == [(1, FloorDecision.PAUSE), (1, FloorDecision.INTERRUPT)]


def test_a_pause_is_decided_in_the_end_however_the_person_stutters() -> None:
    floor = floor_with(min_speech=5, silence=0.4, max_pause=2)
    floor.speaking(0, duration=10)
    seen = []
    for tenth in range(10, 40, 3):
        floor.speaker_speaks("voice:ann", tenth / 10)
        seen += acts(floor, until=tenth / 10 + 0.1, start=tenth / 10)
        floor.speaker_stopped("voice:ann", tenth / 10 + 0.1)
        seen += acts(floor, until=tenth / 10 + 0.3, start=tenth / 10 + 0.1)

    assert [act for _, act in seen] == [FloorDecision.PAUSE, FloorDecision.INTERRUPT]
    assert seen[1][0] == 3.0


def test_a_reply_that_begins_while_somebody_talks_waits_for_them() -> None:
    floor = floor_with(min_speech=0.5, silence=0.4)
    floor.speaker_speaks("voice:ann", 0)
    floor.thinking(5)
    assert floor.advance(5) is FloorDecision.PAUSE, "what was said before the reply does not count against it"

    floor.speaker_stopped("voice:ann", 5.2)

    assert acts(floor, until=9, start=5.2) == [(5.6, FloorDecision.RESUME)]


def test_who_looks_late_is_told_of_what_became_due_in_between() -> None:
    floor = floor_with(min_speech=0.5, silence=0.4)
    floor.speaking(0, duration=30)
    floor.speaker_speaks("voice:ann", 1)
    acts(floor, until=2, start=1)
    floor.speaker_stopped("voice:ann", 3)
    assert floor.advance(3) is None

    late = 3.5

    assert floor.next_at(late) == 3.4
    assert floor.advance(late) is FloorDecision.YIELDED


def test_a_reply_that_may_not_be_interrupted_is_not_even_paused() -> None:
    floor = floor_with()
    floor.asked(0, interruptible=False)
    floor.speaking(1, duration=10)

    floor.speaker_speaks("streamer", 2)

    assert acts(floor, until=9, start=2) == []
    floor.released()
    floor.thinking(9)
    assert floor.advance(9) is FloorDecision.PAUSE, "the next reply may be interrupted again"


def test_only_those_who_may_interrupt_are_listened_to() -> None:
    floor = floor_with(may_interrupt=["game"])
    floor.speaking(0, duration=10)

    floor.speaker_speaks("voice:ann", 1)
    assert floor.advance(1) is None

    floor.speaker_speaks("microphone:Mic/Aux", 1)
    assert floor.advance(1) is FloorDecision.PAUSE, "the streamer always may"


def test_a_microphone_that_never_falls_silent_is_ignored_until_it_does() -> None:
    floor = floor_with(max_hold=60, silence=0.4)
    for second in range(0, 100, 5):
        floor.speaker_speaks("microphone:fan", second)
        acts(floor, until=second + 5, start=second)

    assert floor.is_free(100)
    floor.speaker_stopped("microphone:fan", 101)
    floor.speaker_speaks("microphone:fan", 102)
    assert not floor.is_free(102)


def test_who_was_ignored_is_listened_to_again_after_a_stop_that_was_lost() -> None:
    floor = floor_with(max_hold=5)
    floor.speaker_speaks("microphone:fan", 0)
    acts(floor, until=5)
    assert floor.speakers(5) == frozenset()

    floor.speaker_speaks("microphone:fan", LEASE + 1)

    assert floor.speakers(LEASE + 1) == {"microphone:fan"}


def test_it_is_known_before_when_who_never_falls_silent_will_be_ignored() -> None:
    floor = floor_with(max_hold=5)
    floor.speaker_speaks("microphone", 1)
    assert floor.advance(1) is None

    assert floor.next_at(1) == 6
    assert floor.advance(6) is None
    assert floor.speakers(6) == frozenset()


def test_a_stop_that_is_lost_counts_as_silence_from_when_the_lease_ends() -> None:
    floor = floor_with(silence=2)
    floor.speaker_speaks("voice:ann", 0)

    assert acts(floor, until=LEASE) == []
    assert not floor.is_free(LEASE + 1.9)
    assert floor.is_free(LEASE + 2)


def test_a_reply_that_is_gone_leaves_nothing_paused() -> None:
    floor = floor_with()
    floor.thinking(0)
    floor.speaker_speaks("streamer", 1)
    assert floor.advance(1) is FloorDecision.PAUSE

    floor.released()

    assert floor.advance(1.1) is FloorDecision.RESUME


def test_noise_pauses_at_once_and_the_reply_goes_on_as_soon_as_it_ends() -> None:
    floor = floor_with(min_speech=0.5, silence=0.4)
    floor.speaking(0, duration=10)
    floor.speaker_talks("voice:ann", 1)
    assert floor.advance(1) is FloorDecision.PAUSE

    floor.speaker_stopped("voice:ann", 1.3)

    assert acts(floor, until=1.3, start=1.3) == [(1.3, FloorDecision.RESUME)]


@pytest.mark.parametrize("settings", [{}, {"min_speech": 0}, {"on_barge_in": "stop"}, {"max_pause": 0.4}])
def test_noise_that_does_not_end_is_doubted_for_a_while_and_then_ignored(settings: dict[str, object]) -> None:
    floor = floor_with(**settings)
    floor.speaking(0, duration=30)
    floor.speaker_talks("voice:ann", 1)

    done = acts(floor, until=9, start=1)
    floor.speaker_talks("voice:ann", 9)
    done += acts(floor, until=18, start=9)

    assert [act for _, act in done] == [FloorDecision.PAUSE, FloorDecision.RESUME]
    assert done[1][0] == 1 + min(DOUBT, floor_max_pause(settings))


def floor_max_pause(settings: dict[str, object]) -> float:
    return FloorSection.model_validate(settings).max_pause


def test_who_was_taken_for_noise_is_listened_to_again_after_a_stop_that_was_lost() -> None:
    floor = floor_with()
    floor.speaking(0, duration=60)
    floor.speaker_talks("voice:ann", 1)
    acts(floor, until=5, start=1)
    for at in (5, 4 + LEASE):
        floor.speaker_talks("voice:ann", at)
        assert floor.advance(at) is None, "the same noise goes on"

    floor.speaker_talks("voice:ann", 4 + 2 * LEASE)

    assert floor.advance(4 + 2 * LEASE) is FloorDecision.PAUSE


def test_who_was_taken_for_noise_pauses_again_with_speech_or_after_a_silence() -> None:
    floor = floor_with()
    floor.speaking(0, duration=30)
    floor.speaker_talks("voice:ann", 1)
    floor.speaker_talks("voice:bob", 1)
    acts(floor, until=3, start=1)

    floor.speaker_stopped("voice:bob", 3)
    floor.speaker_talks("voice:bob", 3.1)
    assert floor.advance(3.1) is FloorDecision.PAUSE, "what comes after a silence may be speech"
    acts(floor, until=5, start=3.1)

    floor.speaker_speaks("voice:ann", 5)
    assert floor.advance(5) is FloorDecision.PAUSE, "speech in the noise is no noise"


def test_who_speaks_after_all_what_was_taken_for_noise_keeps_the_floor_with_every_sound() -> None:
    floor = floor_with()
    floor.speaker_talks("voice:ann", 1)
    acts(floor, until=4, start=1)
    floor.speaker_speaks("voice:ann", 5)

    floor.speaker_talks("voice:ann", 9)

    assert floor.speakers(8.9 + LEASE) == {"voice:ann"}


def test_people_who_take_turns_at_noise_keep_nobody_paused_longer_than_one() -> None:
    floor = floor_with()
    floor.speaking(0, duration=30)
    floor.speaker_talks("voice:ann", 1)
    floor.advance(1)
    floor.speaker_talks("voice:bob", 1.9)

    assert acts(floor, until=5, start=1.9) == [(2, FloorDecision.RESUME)]


def test_only_what_is_known_to_be_speech_counts_towards_an_interruption() -> None:
    floor = floor_with(min_speech=0.5, silence=0.4)
    floor.speaking(0, duration=10)
    floor.speaker_talks("voice:ann", 1)
    assert floor.advance(1) is FloorDecision.PAUSE

    floor.speaker_speaks("voice:ann", 1.8)

    assert acts(floor, until=5, start=1.8) == [(2.3, FloorDecision.INTERRUPT)]


def test_a_word_in_an_earlier_pause_does_not_let_noise_interrupt() -> None:
    floor = floor_with(min_speech=0.5, silence=0.2)
    floor.speaking(0, duration=30)
    floor.speaker_speaks("voice:ann", 1)
    floor.speaker_stopped("voice:ann", 1.4)
    acts(floor, until=3, start=1.4)

    floor.speaker_talks("voice:ann", 3)

    assert acts(floor, until=9, start=3) == [(3, FloorDecision.PAUSE), (4, FloorDecision.RESUME)]


def test_the_word_somebody_had_before_the_reply_does_not_lengthen_the_pause_that_noise_makes() -> None:
    floor = floor_with(silence=5, max_pause=2)
    floor.speaker_speaks("voice:ann", 0)
    floor.speaker_stopped("voice:ann", 1)
    floor.speaking(1.5, duration=30)

    floor.speaker_talks("voice:bob", 2)

    assert acts(floor, until=9, start=2) == [(2, FloorDecision.PAUSE), (3, FloorDecision.RESUME)]


def test_the_floor_is_free_when_noise_has_been_doubted_long_enough() -> None:
    floor = floor_with(silence=0.5)

    floor.speaker_talks("voice:ann", 1)

    assert not floor.is_free(1.9)
    assert floor.free_at(1.5) == 2
    assert floor.is_free(2)


def test_words_that_are_about_to_be_known_keep_the_floor_for_a_moment() -> None:
    floor = floor_with()

    floor.expect_words(1, is_expected=True)

    assert not floor.is_free(1 + WORDS_WITHIN - 0.001)
    assert floor.free_at(1) == floor.next_at(1) == 1 + WORDS_WITHIN
    assert floor.is_free(1 + WORDS_WITHIN)


def test_what_was_said_aloud_may_be_told_before_the_words_of_somebody_else_are_known() -> None:
    floor = floor_with()

    floor.expect_words(1, is_expected=True)

    assert floor.has_room_for_words(1)


@pytest.mark.parametrize("until", [1.0, 2.5])
def test_where_nothing_was_said_the_floor_is_free_at_once(until: float) -> None:
    floor = floor_with()

    floor.expect_words(1, is_expected=True)
    floor.expect_words(until, is_expected=False)

    assert floor.is_free(until)


def test_each_turn_that_ends_has_a_moment_of_its_own_for_its_words() -> None:
    floor = floor_with()

    floor.expect_words(1, is_expected=True)
    floor.expect_words(3, is_expected=True)

    assert not floor.is_free(3 + WORDS_WITHIN - 0.001)
    assert floor.is_free(3 + WORDS_WITHIN)


def test_words_that_were_told_are_waited_for_no_longer() -> None:
    floor = floor_with()
    floor.expect_words(1, is_expected=True)

    floor.asked(1.5)
    floor.reply_ended(2)

    assert floor.is_free(2)


def test_who_asks_waits_for_no_words_not_even_at_the_start_of_the_clock() -> None:
    floor = floor_with()
    floor.expect_words(0, is_expected=True)

    floor.asked(0.1)
    floor.reply_ended(0.2)

    assert floor.is_free(0.2)


def test_who_is_about_to_be_answered_may_be_told_although_the_floor_is_kept_for_them() -> None:
    floor = floor_with(silence=0.5)
    floor.expect_words(1, is_expected=True)

    floor.awaits_words(1)
    assert floor.has_room_for_words(1)
    assert not floor.is_free(1)

    floor.thinking(2)
    assert not floor.has_room_for_words(2), "the answer has begun"


def test_who_only_listens_gives_back_what_they_paused_however_long_they_do() -> None:
    floor = floor_with(min_speech=0.5, silence=0.4)
    floor.speaking(0, duration=30)
    floor.speaker_speaks("voice:ann", 1)
    assert floor.advance(1) is FloorDecision.PAUSE

    floor.speaker_listens("voice:ann")
    assert acts(floor, until=2, start=1.4) == [(1.4, FloorDecision.RESUME)]
    floor.speaker_speaks("voice:ann", 2)

    assert acts(floor, until=4, start=2) == []


def test_who_only_listened_counts_again_when_they_say_more_or_begin_anew() -> None:
    floor = floor_with(min_speech=0.5, silence=0.4)
    floor.speaking(0, duration=30)
    floor.speaker_speaks("voice:ann", 1)
    acts(floor, until=1.4, start=1)
    floor.speaker_listens("voice:ann")
    acts(floor, until=2, start=1.4)

    floor.speaker_says_more("voice:ann", 2)
    assert acts(floor, until=2.4, start=2) == [(2, FloorDecision.PAUSE)], "what was no speech is not counted"
    floor.speaker_listens("voice:ann")
    acts(floor, until=2.5, start=2.4)
    floor.speaker_stopped("voice:ann", 2.5)
    floor.speaker_speaks("voice:ann", 3)

    assert acts(floor, until=4, start=3) == [(3, FloorDecision.PAUSE), (3.5, FloorDecision.INTERRUPT)]


def test_what_is_meant_after_all_interrupts_as_speech_does() -> None:
    floor = floor_with(min_speech=0.5, silence=0.4)
    floor.speaking(0, duration=30)
    floor.speaker_speaks("voice:ann", 1)
    acts(floor, until=1.2, start=1)
    floor.speaker_listens("voice:ann")
    acts(floor, until=1.9, start=1.2)

    floor.speaker_says_more("voice:ann", 2)

    assert acts(floor, until=3, start=2) == [(2, FloorDecision.PAUSE), (2.5, FloorDecision.INTERRUPT)]


def test_words_that_are_known_after_a_hum_end_the_pause_and_do_not_add_up() -> None:
    floor = floor_with(min_speech=0.5, silence=5)
    floor.speaking(0, duration=30)
    for began in (1.0, 3.0, 5.0):
        floor.speaker_speaks("voice:ann", began)
        acts(floor, until=began + 0.4, start=began)
        floor.speaker_stopped("voice:ann", began + 0.4)
        floor.speaker_listens("voice:ann")
        assert acts(floor, until=began + 1, start=began + 1) == [(began + 1, FloorDecision.RESUME)]


def test_what_others_say_meanwhile_still_counts() -> None:
    floor = floor_with(min_speech=0.5)
    floor.speaking(0, duration=30)
    floor.speaker_speaks("voice:ann", 1)
    floor.speaker_speaks("voice:bob", 1)
    acts(floor, until=1.2, start=1)
    floor.speaker_speaks("voice:bob", 1.2)

    floor.speaker_listens("voice:ann")

    assert acts(floor, until=2, start=1.3) == [(1.5, FloorDecision.INTERRUPT)]


def test_what_two_say_to_each_other_does_not_count() -> None:
    floor = floor_with(min_speech=0.5)
    floor.speaking(0, duration=30)
    floor.speaker_speaks("voice:ann", 1)
    floor.speaker_speaks("voice:bob", 1)
    acts(floor, until=1.2, start=1)
    floor.speaker_speaks("voice:bob", 1.2)
    floor.speaker_listens("voice:ann")
    floor.speaker_listens("voice:bob")
    acts(floor, until=2, start=1.4)

    floor.speaker_speaks("streamer", 2)

    assert acts(floor, until=3, start=2) == [(2, FloorDecision.PAUSE), (2.5, FloorDecision.INTERRUPT)]


def test_who_only_listened_holds_the_floor_no_longer_not_even_for_a_breath() -> None:
    floor = floor_with(silence=5)
    floor.speaker_speaks("voice:ann", 1)
    floor.speaker_stopped("voice:ann", 1.4)
    assert not floor.is_free(2)

    floor.speaker_listens("voice:ann")

    assert floor.is_free(2)


def test_a_pause_in_which_somebody_only_listened_is_no_longer_than_noise_may_make_it() -> None:
    floor = floor_with(min_speech=0.5)
    floor.speaking(0, duration=30)
    floor.speaker_speaks("voice:ann", 1)
    floor.speaker_talks("voice:bob", 1.2)
    acts(floor, until=1.3, start=1)

    floor.speaker_listens("voice:ann")

    assert acts(floor, until=4, start=1.3) == [(1 + DOUBT, FloorDecision.RESUME)]


SPEAKERS = st.sampled_from(["streamer", "voice:ann", "game:npc"])
Happening = Callable[[Floor, float], object] | tuple[str, str]
HAPPENINGS: st.SearchStrategy[Happening] = st.one_of(
    st.builds(lambda may: lambda floor, now: floor.asked(now, interruptible=may), st.booleans()),
    st.builds(lambda seconds: lambda floor, now: floor.speaking(now, seconds), st.floats(0, 20)),
    st.builds(lambda only: lambda floor, now: floor.thinking(now, is_thought=only), st.booleans()),
    st.just(lambda floor, now: floor.reply_ended(now)),
    st.just(lambda floor, now: floor.released()),
    st.just(lambda floor, now: floor.turn_goes_on(now)),
    st.builds(lambda plays: lambda floor, now: floor.turn_is_over(now, is_voicing=plays), st.booleans()),
    st.builds(lambda are: lambda floor, now: floor.expect_words(now, is_expected=are), st.booleans()),
    st.just(lambda floor, now: floor.awaits_words(now)),
    st.builds(lambda who: lambda floor, now: floor.speaker_talks(who, now), SPEAKERS),
    st.tuples(st.sampled_from(["speaks", "stops", "is done", "listens", "says more"]), SPEAKERS),
)
STEPS = st.lists(st.tuples(HAPPENINGS, st.floats(0, 12)), max_size=40)
SETTINGS = st.builds(
    lambda least, silence, mode: FloorSection(min_speech=least, silence=silence, on_barge_in=mode, max_hold=30),
    st.floats(0, 5),
    st.floats(0, 5),
    st.sampled_from(["pause", "stop"]),
)


class Companion:
    """Sounds as long as it has a reply and is not paused.

    Checks that nobody it gives way to talks meanwhile, and that noise alone never costs it more than a moment.
    """

    def __init__(self, floor: Floor, doubt: float) -> None:
        self.floor = floor
        self.doubt = doubt
        self.is_paused = False
        self.paused_at = 0.0
        self.speaking: set[str] = set()
        """Who is known to speak."""
        self.spoken: set[str] = set()
        """Who has spoken in this pause, and does not only listen."""

    def follow(self, start: float, until: float) -> None:
        now: float | None = start
        while now is not None and now <= until:
            for _ in range(5):
                act = self.floor.advance(now)
                if act is None:
                    break
                self._obey(act, now)
            assert self.floor.advance(now) is None, "it settles"
            self._check(now)
            now = self.floor.next_at(now)

    def happens(self, happening: "Happening", now: float) -> None:
        match happening:
            case ("speaks", who):
                self.speaking.add(who)
                self.spoken.add(who)
                self.floor.speaker_speaks(who, now)
            case ("stops" | "is done" as how, who):
                self.speaking.discard(who)
                self.floor.speaker_stopped(who, now, is_done=how == "is done")
            case ("listens", who):
                self.speaking.discard(who)
                self.spoken.discard(who)
                self.floor.speaker_listens(who)
            case ("says more", who):
                self.spoken.add(who)
                self.floor.speaker_says_more(who, now)
            case act if callable(act):
                act(self.floor, now)

    def _obey(self, act: FloorDecision, now: float) -> None:
        match act:
            case FloorDecision.PAUSE:
                assert not self.is_paused
                self.is_paused, self.paused_at, self.spoken = True, now, set(self.speaking)
            case FloorDecision.INTERRUPT:
                assert self.spoken, "noise interrupts nobody"
                self.is_paused = False
            case FloorDecision.RESUME:
                assert self.is_paused
                self.is_paused = False

    def _check(self, now: float) -> None:
        replies = self.floor.state(now) not in (FloorState.IDLE, FloorState.FINISHING)
        sounds = replies and not self.is_paused
        may_be_interrupted = self.floor._interruptible
        if self.is_paused and not self.spoken:
            assert now <= self.paused_at + self.doubt + 1e-6, "noise pauses for a moment"
        assert not (sounds and may_be_interrupted and self.floor.speakers(now)), "two speak at once"


@given(SETTINGS, STEPS)
def test_no_sequence_of_happenings_lets_two_speak_at_once_or_leaves_the_floor_taken(
    settings: FloorSection, steps: list[tuple[Happening, float]]
) -> None:
    floor, now = Floor(settings, TIMEOUT, doubt=DOUBT), 0.0
    companion = Companion(floor, DOUBT)
    for happening, pause in steps:
        companion.happens(happening, now)
        companion.follow(now, now + pause)
        now += pause

    latest = now + TIMEOUT + 20.0 + LEASE + 5.0
    companion.follow(now, latest)

    assert floor.is_free(latest)
    assert not companion.is_paused


def test_it_is_known_before_when_an_answer_will_be_overdue() -> None:
    floor = floor_with()
    assert floor.next_at(0) is None

    floor.asked(6)

    assert floor.next_at(7) == 6 + TIMEOUT
