"""Levels become talkers: one `stopped` for every onset, and never late."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.obs.activity import REPEAT, SILENCE, MicrophoneActivity, peaks
from tests.obs.speakers import Notes

THRESHOLD, RELEASE = -40.0, 0.3
LOUD, SOFT = 0.010001, 0.009999
"""A hair above and below -40 dBFS, which is 0.01 of full scale."""
MIC = "microphone:mic"
ROUNDING = 1e-6
"""Seconds: sums of many pauses are not exact."""


def talking(notes: Notes, *inputs: str) -> MicrophoneActivity:
    return MicrophoneActivity(notes, inputs or ("mic",), threshold=THRESHOLD, release=RELEASE)


@pytest.mark.parametrize(("level", "said"), [(LOUD, [f"{MIC} speaks"]), (SOFT, []), (0.0, [])])
def test_the_threshold_is_in_decibels_of_full_scale(level: float, said: list[str]) -> None:
    notes = Notes()
    talking(notes).hear({"mic": level}, 0.0)
    assert notes.said == said


def test_a_pause_shorter_than_the_release_does_not_end_a_voice() -> None:
    notes = Notes()
    mic = talking(notes)
    for level, now in ((LOUD, 0.0), (SOFT, 0.29), (LOUD, 0.3), (SOFT, 0.59)):
        mic.hear({"mic": level}, now)
    assert notes.said == [f"{MIC} speaks"]

    mic.hear({"mic": SOFT}, 0.61)
    assert notes.said == [f"{MIC} speaks", f"{MIC} stopped"]


def test_each_input_is_a_speaker_of_its_own_and_others_do_not_count() -> None:
    notes = Notes()
    both = talking(notes, "mic", "guest")
    both.hear({"guest": LOUD, "music": LOUD}, 0.0)
    both.hear({"mic": LOUD}, 0.5)
    assert notes.said == ["microphone:guest speaks", "microphone:mic speaks", "microphone:guest stopped"]


def test_a_long_release_is_reported_like_talking_itself() -> None:
    notes = Notes()
    mic = MicrophoneActivity(notes, ["mic"], threshold=THRESHOLD, release=10.0)
    for second in range(6):
        mic.hear({"mic": LOUD if second == 0 else SOFT}, float(second))
    assert notes.said == [f"{MIC} speaks"] * 6


def test_another_threshold_counts_from_the_next_frame() -> None:
    notes = Notes()
    mic = talking(notes)
    mic.hear({"mic": SOFT}, 0.0)
    mic.threshold = THRESHOLD - 1
    mic.hear({"mic": SOFT}, 0.1)
    assert notes.said == [f"{MIC} speaks"]


LEVELS = st.sampled_from([0.0, SOFT, LOUD, 1.0, 20.0])
STEPS = st.lists(
    st.tuples(
        st.floats(0.0, 3.0),
        st.one_of(
            st.dictionaries(st.sampled_from(["mic", "guest", "music"]), LEVELS),
            st.sampled_from(["lapse", "mute mic", "lost"]),
        ),
    ),
    max_size=60,
)


def take(mics: MicrophoneActivity, step: dict[str, float] | str, now: float) -> None:
    match step:
        case dict():
            mics.hear(step, now)
        case "mute mic":
            mics.stop("mic")
        case "lost":
            mics.stop_all()
    mics.lapse(now)


@given(STEPS)
def test_every_voice_ends_in_time_whatever_comes(steps: list[tuple[float, dict[str, float] | str]]) -> None:
    notes, now, loud_at = Notes(), 0.0, {"mic": -math.inf, "guest": -math.inf}
    mics = talking(notes, "mic", "guest")

    for pause, step in steps:
        now += pause
        take(mics, step, now)
        if isinstance(step, dict):
            loud_at |= {name: now for name, level in step.items() if name in loud_at and level >= 0.01}
        for name, last in loud_at.items():
            assert f"microphone:{name}" not in notes.talking or now - last < RELEASE + SILENCE + ROUNDING

    mics.lapse(now + SILENCE + ROUNDING)
    assert notes.talking == set()


@given(STEPS)
def test_reports_alternate_and_repeat_no_faster_than_told(steps: list[tuple[float, dict[str, float] | str]]) -> None:
    notes, now = Notes(), 0.0
    mics = talking(notes, "mic")
    told_at, told = -math.inf, 0

    for pause, step in steps:
        now += pause
        was_talking = bool(notes.talking)
        take(mics, step, now)
        new, told = notes.said[told:], len(notes.said)
        if f"{MIC} speaks" in new:
            assert not was_talking or now - told_at >= REPEAT
            told_at = now
        if not notes.talking and was_talking:
            assert new.count(f"{MIC} stopped") == 1


@given(st.lists(st.floats(0.01, 0.2), max_size=200))
def test_a_voice_that_lasts_is_told_within_the_five_seconds_of_the_contract(pauses: list[float]) -> None:
    notes, now, told_at = Notes(), 0.0, 0.0
    mics = talking(notes)
    for pause in [0.0, *pauses]:
        now += pause
        before = len(notes.said)
        mics.hear({"mic": LOUD}, now)
        if len(notes.said) > before:
            told_at = now
        assert now - told_at < 5.0
    assert set(notes.said) == {f"{MIC} speaks"}


def test_the_meter_read_is_the_peak_behind_fader_and_mute_of_the_loudest_channel() -> None:
    frame = {"inputs": [{"inputName": "mic", "inputLevelsMul": [[0.9, 0.1, 0.9], [0.9, 0.2, 0.9]]}]}
    assert peaks(frame) == {"mic": 0.2}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(["inputs", "inputName", "inputLevelsMul"]), inner, max_size=3)
    ),
    max_leaves=20,
)


@given(JSON | st.fixed_dictionaries({"inputs": st.lists(JSON | st.fixed_dictionaries({
    "inputName": st.text(max_size=3), "inputLevelsMul": JSON | st.lists(st.lists(JSON, max_size=4)),
}))}))  # fmt: skip
def test_no_frame_is_beyond_reading(frame: object) -> None:
    assert all(isinstance(name, str) and math.isfinite(level) for name, level in peaks(frame).items())
