"""Whether one person speaks, told block by block: so loud, so likely."""

from hypothesis import given
from hypothesis import strategies as st

from relay.config import HearingSection
from relay.hearing.base import VoiceState
from relay.hearing.voice_activity import BLOCK, GAP, LOUDEST_BAR, MARGIN, VoiceActivity

QUIET, STARTING, SPEAKING, STOPPING = VoiceState
GATE = -50.0
TURN = 0.5


class Scene:
    def __init__(self, **settings: object) -> None:
        self.settings = HearingSection.model_validate(settings)
        self.activity = VoiceActivity(self.settings, GATE, lambda: TURN)
        self.now = 100.0
        self.entered: list[VoiceState] = []
        self.times: list[float] = []

    def hears(self, seconds: float, loudness: float, likelihood: float) -> None:
        for _ in range(round(seconds / BLOCK)):
            self.now += BLOCK
            self._note(list(self.activity.hear(loudness, likelihood, self.now)))

    def speech(self, seconds: float, loudness: float = -25.0) -> None:
        self.hears(seconds, loudness, 0.9)

    def noise(self, seconds: float, loudness: float = -30.0) -> None:
        self.hears(seconds, loudness, 0.05)

    def quiet(self, seconds: float) -> None:
        self.hears(seconds, -70.0, 0.01)

    def waits(self, seconds: float) -> None:
        self.now += seconds
        self._note(list(self.activity.wait(self.now)))

    def _note(self, states: list[VoiceState]) -> None:
        self.entered += states
        self.times += [self.now - 100.0] * len(states)


def test_speech_is_a_sound_first_then_speech_then_a_pause_then_over() -> None:
    scene = Scene()

    scene.speech(1.0)
    scene.quiet(1.0)

    assert scene.entered == [STARTING, SPEAKING, STOPPING, QUIET]
    assert scene.times[0] <= BLOCK + 1e-6
    assert scene.times[1] <= 0.1 + BLOCK + 1e-6
    assert abs(scene.times[2] - (1.0 + 0.2)) <= 2 * BLOCK
    assert abs(scene.times[3] - (1.0 + TURN)) <= 2 * BLOCK


def test_a_cough_is_a_sound_that_is_over_when_it_is() -> None:
    scene = Scene()

    scene.noise(0.1)
    scene.quiet(0.5)

    assert scene.entered == [STARTING, QUIET]
    assert scene.times[1] <= 0.1 + GAP + 2 * BLOCK


def test_noise_that_goes_on_is_one_for_as_long_as_it_is_doubted_and_never_again() -> None:
    scene = Scene(doubt=0.8)

    scene.noise(30.0)

    assert scene.entered == [STARTING, QUIET]
    assert abs(scene.times[1] - 0.8) <= 2 * BLOCK


def test_keys_that_are_hit_again_and_again_are_one_sound() -> None:
    scene = Scene()

    for _ in range(100):
        scene.noise(0.06, -31.0)
        scene.quiet(0.3)

    assert scene.entered == [STARTING, QUIET]


def test_who_is_louder_than_their_noise_is_heard_at_once() -> None:
    scene = Scene()
    scene.noise(5.0, -42.0)
    scene.entered.clear()

    scene.speech(BLOCK, -42.0 + MARGIN + 1)

    assert scene.entered == [STARTING]


def test_who_is_not_louder_than_their_noise_is_heard_when_it_is_known_to_be_speech() -> None:
    scene = Scene()
    scene.noise(5.0, -30.0)
    scene.entered.clear()

    scene.speech(0.2, -30.0)

    assert scene.entered == [SPEAKING]


def test_however_loud_the_noise_was_who_shouts_is_heard_at_once() -> None:
    scene = Scene()
    scene.noise(5.0, -5.0)
    scene.quiet(0.5)
    scene.entered.clear()

    scene.speech(BLOCK, LOUDEST_BAR)

    assert scene.entered == [STARTING]


def test_noise_is_forgotten_in_time() -> None:
    scene = Scene()
    scene.noise(5.0, -35.0)
    scene.entered.clear()

    scene.waits(30.0)
    scene.noise(BLOCK, -45.0)

    assert scene.entered == [STARTING]


def test_a_word_too_short_to_be_sure_of_does_not_make_the_persons_own_voice_a_noise() -> None:
    scene = Scene()
    scene.speech(2 * BLOCK)
    scene.quiet(1.0)
    assert scene.entered == [STARTING, QUIET]

    scene.speech(BLOCK)

    assert scene.entered[-1] is STARTING


def test_a_breath_within_a_sentence_is_the_same_turn() -> None:
    scene = Scene()

    scene.speech(1.0)
    scene.quiet(0.35)
    scene.speech(1.0)

    assert scene.entered == [STARTING, SPEAKING, STOPPING, SPEAKING]


def test_noise_behind_the_words_does_not_keep_a_turn_alive() -> None:
    scene = Scene()

    scene.speech(1.0)
    scene.noise(0.7)

    assert scene.entered[:4] == [STARTING, SPEAKING, STOPPING, QUIET]


def test_what_is_not_sent_is_silence() -> None:
    scene = Scene()
    scene.speech(1.0)

    scene.waits(0.25)
    assert scene.entered[-1] is STOPPING
    scene.waits(0.3)
    assert scene.entered[-1] is QUIET


def test_who_is_known_to_be_silent_stops_at_once_and_is_done_when_they_stay_so() -> None:
    scene = Scene()
    scene.speech(1.0)

    scene.entered += scene.activity.hush(scene.now)
    assert scene.entered[-1] is STOPPING
    scene.waits(TURN)

    assert scene.entered[-1] is QUIET


def test_what_somebody_quicker_heard_is_a_sound_until_it_turns_out_to_be_none() -> None:
    scene = Scene()

    scene.entered += scene.activity.sounds(scene.now)
    scene.quiet(1.0)

    assert scene.entered == [STARTING, QUIET]


def test_by_level_alone_everything_loud_is_speech_from_its_first_block() -> None:
    scene = Scene(detector="level")

    scene.hears(BLOCK, -45.0, 1.0)

    assert scene.entered == [SPEAKING]


BLOCKS = st.lists(
    st.tuples(st.floats(-90, 0), st.floats(0, 1), st.floats(0, 2), st.sampled_from(["hear", "wait", "sounds", "hush"])),
    max_size=80,
)


@given(BLOCKS)
def test_whatever_is_heard_the_states_follow_one_another_and_silence_ends_them_all(
    blocks: list[tuple[float, float, float, str]],
) -> None:
    activity, now, state = VoiceActivity(HearingSection(), GATE, lambda: TURN), 0.0, QUIET
    follows = {
        QUIET: {STARTING, SPEAKING},
        STARTING: {SPEAKING, QUIET},
        SPEAKING: {STOPPING},
        STOPPING: {SPEAKING, QUIET},
    }
    for loudness, likelihood, pause, what in [*blocks, (-90.0, 0.0, 10.0, "wait")]:
        now += BLOCK + (pause if what == "wait" else 0.0)
        entered = {
            "hear": lambda: activity.hear(loudness, likelihood, now),  # noqa: B023 - called at once
            "wait": lambda: activity.wait(now),  # noqa: B023
            "sounds": lambda: activity.sounds(now),  # noqa: B023
            "hush": lambda: activity.hush(now),  # noqa: B023
        }[what]()
        for following in entered:
            assert following in follows[state]
            state = following
        assert state is activity.state
    assert state is QUIET
