import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.floor import LEASE, Floor, FloorState

TIMEOUT = 30.0


def test_the_floor_is_taken_from_the_question_to_the_end_of_the_reply() -> None:
    floor = Floor(TIMEOUT)

    floor.asked(0)
    assert floor.state(1) is FloorState.AWAITING
    floor.thinking(2)
    assert floor.state(3) is FloorState.THINKING
    floor.reply_ended(4)
    assert floor.is_free(4)


def test_speech_keeps_the_floor_after_the_text_is_complete() -> None:
    floor = Floor(TIMEOUT)

    floor.thinking(0)
    floor.speaking(1, duration=10)
    floor.reply_ended(2)

    assert floor.state(3) is FloorState.SPEAKING
    floor.released()
    assert floor.is_free(3)


@pytest.mark.parametrize("duration", [0.0, 60.0])
def test_speech_that_is_never_completed_frees_the_floor_after_its_duration_and_the_timeout(duration: float) -> None:
    floor = Floor(TIMEOUT)

    floor.speaking(0, duration)

    assert not floor.is_free(duration + TIMEOUT - 0.001)
    assert floor.is_free(duration + TIMEOUT)


def test_a_person_who_talks_keeps_the_floor_until_they_stop() -> None:
    floor = Floor(TIMEOUT)

    floor.speaker_talks("streamer", 0)
    floor.speaker_talks("guest", 1)
    floor.speaker_stopped("streamer")
    assert not floor.is_free(2), "the guest still talks"

    floor.speaker_stopped("guest")
    assert floor.is_free(2)


def test_a_stop_that_is_lost_frees_the_floor_when_the_lease_ends_and_talking_on_renews_it() -> None:
    floor = Floor(TIMEOUT)

    floor.speaker_talks("streamer", 0)
    floor.speaker_talks("streamer", 8)

    assert not floor.is_free(8 + LEASE - 0.001)
    assert floor.free_at(9) == 8 + LEASE
    assert floor.is_free(8 + LEASE)


HAPPENINGS = ["asked", "thinking", "speaking", "reply_ended", "released", "ann talks", "ann stops", "bob talks"]
STEPS = st.tuples(st.sampled_from(HAPPENINGS), st.floats(0, 100))


@given(st.lists(STEPS, max_size=30))
def test_no_sequence_of_messages_leaves_the_floor_taken_for_good(steps: list[tuple[str, float]]) -> None:
    floor = Floor(TIMEOUT)
    now = 0.0
    for name, pause in steps:
        now += pause
        match name.split():
            case ["speaking"]:
                floor.speaking(now, 5.0)
            case ["released"]:
                floor.released()
            case [speaker, "talks"]:
                floor.speaker_talks(speaker, now)
            case [speaker, "stops"]:
                floor.speaker_stopped(speaker)
            case _:
                getattr(floor, name)(now)

    assert floor.is_free(now + TIMEOUT + 5.0)
    assert floor.free_at(now) <= now + TIMEOUT + 5.0
