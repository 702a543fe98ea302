import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.speech.base import Clip
from relay.web.overlay.timeline import Timeline
from tests.web.clips import clip


class Room:
    """A timeline with a clock that stands still, and what it told."""

    def __init__(self) -> None:
        self.now = 100.0
        self.notes: list[tuple[str, str]] = []
        self.timeline = Timeline(
            lambda: self.now,
            started=lambda clip: self.notes.append(("started", clip.text)),
            ended=lambda clip: self.notes.append(("ended", clip.text)),
        )

    def add(self, text: str, seconds: float = 2.0) -> tuple[Clip, str]:
        queued = self.timeline.add(clip(text, pcm=bytes(round(96_000 * seconds))))
        return queued.clip, queued.id


@pytest.fixture
def room() -> Room:
    return Room()


def test_a_clip_counts_on_from_the_last_report_but_not_beyond_its_end(room: Room) -> None:
    hello, cue = room.add("Hello", 2.0)
    assert room.timeline.seconds_heard(hello) == 0

    room.timeline.reached(cue, 0.25)
    room.now += 0.5
    assert room.timeline.seconds_heard(hello) == pytest.approx(0.75)

    room.now += 5
    assert room.timeline.seconds_heard(hello) == 2.0


def test_a_pause_stops_the_count_and_the_page_corrects_it(room: Room) -> None:
    hello, cue = room.add("Hello")
    room.timeline.reached(cue, 0.0)
    room.now += 0.5
    room.timeline.pause()
    room.now += 3
    assert room.timeline.seconds_heard(hello) == pytest.approx(0.5)

    room.timeline.reached(cue, 0.52)
    room.now += 3
    assert room.timeline.seconds_heard(hello) == pytest.approx(0.52)

    room.timeline.resume()
    room.now += 1
    assert room.timeline.seconds_heard(hello) == pytest.approx(1.52)


def test_a_clip_paused_before_its_first_sample_was_not_heard(room: Room) -> None:
    hello, cue = room.add("Hello")
    room.timeline.pause()
    room.timeline.resume()
    room.now += 1
    assert room.timeline.seconds_heard(hello) == 0
    assert room.notes == []

    room.timeline.reached(cue, 0.0)
    assert room.notes == [("started", "Hello")]


def test_after_a_cut_only_the_exact_place_is_still_taken(room: Room) -> None:
    first, cue = room.add("First")
    second, next_cue = room.add("Second")
    room.timeline.reached(cue, 0.5)

    room.timeline.cut()
    room.timeline.reached(cue, 0.53)
    room.timeline.passed(cue)
    room.timeline.passed(next_cue)

    assert room.notes == [("started", "First")]
    assert (room.timeline.seconds_heard(first), room.timeline.seconds_heard(second)) == (0.53, 0)
    assert not list(room.timeline)


def test_a_report_about_a_later_clip_ends_those_before(room: Room) -> None:
    first, _ = room.add("First")
    room.add("Second")
    _, cue = room.add("Third")

    room.timeline.reached(cue, 0.1)

    assert room.notes == [
        ("started", "First"), ("ended", "First"), ("started", "Second"), ("ended", "Second"), ("started", "Third"),
    ]  # fmt: skip
    assert room.timeline.seconds_heard(first) == first.duration


def test_the_same_clip_may_be_played_again_and_old_reports_do_not_count(room: Room) -> None:
    hello, old = room.add("Hello")
    room.timeline.reached(old, 1.0)
    room.timeline.cut()
    again = room.timeline.add(hello)

    room.timeline.passed(old)
    assert room.timeline.seconds_heard(hello) == 0

    room.timeline.reached(again.id, 0.25)
    assert room.timeline.seconds_heard(hello) == 0.25


def test_whoever_hears_of_an_end_may_cut_and_play_anew_at_once(room: Room) -> None:
    def ended(_: Clip) -> None:
        room.timeline.cut()
        room.add("New")

    room.timeline = Timeline(lambda: room.now, started=lambda _: None, ended=ended)
    room.add("First")
    _, cue = room.add("Second")

    room.timeline.passed(cue)

    assert [queued.clip.text for queued in room.timeline] == ["New"]


cues = st.integers(0, 8)
steps = st.one_of(
    st.tuples(st.sampled_from(["add", "pause", "resume", "cut"]), st.just(0), st.just(0.0)),
    st.tuples(st.just("reached"), cues, st.floats(0, 3_600)),
    st.tuples(st.just("passed"), cues, st.just(0.0)),
    st.tuples(st.just("wait"), st.just(0), st.floats(0, 5)),
)


@given(st.lists(steps, max_size=60))
def test_no_page_can_make_it_tell_anything_out_of_order(script: list[tuple[str, int, float]]) -> None:
    room = Room()
    added: list[tuple[Clip, str]] = []
    cut: set[str] = set()
    for step, number, seconds in script:
        cue = added[number][1] if number < len(added) else "unknown"
        match step:
            case "add":
                added.append(room.add(str(len(added)), 1.0))
            case "pause" | "resume":
                getattr(room.timeline, step)()
            case "cut":
                cut |= {queued.clip.text for queued in room.timeline}
                room.timeline.cut()
            case "reached":
                room.timeline.reached(cue, seconds)
            case "passed":
                room.timeline.passed(cue)
            case "wait":
                room.now += seconds
        assert all(0 <= room.timeline.seconds_heard(clip) <= clip.duration for clip, _ in added)

    ended = [text for what, text in room.notes if what == "ended"]
    started = [text for what, text in room.notes if what == "started"]
    assert started == sorted(set(started), key=int)
    assert ended == sorted(set(ended), key=int)
    assert not cut & set(ended)
    assert all(room.notes.index(("started", text)) < room.notes.index(("ended", text)) for text in ended)
