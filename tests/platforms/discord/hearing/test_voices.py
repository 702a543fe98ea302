"""Each onset that silences the companion at once is told to the floor, which knows whether it is to stay silent."""

from collections.abc import Callable

import pytest

from relay.config import HearingSection
from relay.hearing.base import VoiceListener, VoiceState
from relay.hearing.one_stream import OneStream
from relay.hearing.person import LONGEST
from relay.platforms.discord.hearing.voices import JITTER, LOOK_EVERY, Voices
from relay.platforms.voice import Listener
from relay.speech.base import FRAME, RATE
from tests.hearing.test_separate_voices import Scene as Hearer
from tests.speech.test_voice import HELLO, Scene
from tests.support import alongside, eventually

ANN = 7
SETTINGS = HearingSection(detector="level")
SAMPLES = round(FRAME * RATE)
LOUD = b"\0\x40" * SAMPLES


def hearing() -> OneStream:
    stream = OneStream()
    stream.hearer = Hearer()
    return stream


class Channel:
    """One person in a voice channel, and the companion's whole voice."""

    def __init__(self, scene: Scene, voices: VoiceListener | None = None) -> None:
        self.scene = scene
        self.is_heard = True
        listener = Listener(
            scene.voice,
            voices or hearing(),
            may_pause=lambda: scene.voice.may_pause,
            settings=SETTINGS,
            ends_after=lambda who: 0.5,
        )
        self.voices = Voices(
            listener, -45.0, hears=lambda user: self.is_heard, noted=lambda user, bar: None, clock=scene.clock
        )

    def sounds(self) -> None:
        """Ann makes a sound: the sink falls silent in the thread that hears it, then the loop is told."""
        self.scene.sink.pause()
        self.voices.began(ANN)

    def goes_on(self, first: int, end: int) -> None:
        """20 ms of speech after the other, each heard when it was said."""
        for number in range(first, end):
            self.passes(FRAME)
            self.voices.sound(ANN, number * SAMPLES, LOUD)

    def passes(self, seconds: float) -> None:
        self.scene.clock.now += seconds
        self.voices.look()


class Told:
    """Writes down what is told of somebody's speech."""

    def __init__(self) -> None:
        self.happened: list[str] = []

    def speech(self, who: str, pcm: bytes) -> None: ...

    def __getattr__(self, name: str) -> Callable[[str], None]:
        return lambda who: self.happened.append(name)


async def test_a_sound_of_somebody_whose_noise_the_floor_knows_leaves_the_companion_talking() -> None:
    scene = Scene()
    channel = Channel(scene)
    async with alongside(scene.voice.run()):
        await scene.reply(HELLO)
        channel.sounds()
        assert scene.sink.is_paused
        scene.passes(SETTINGS.doubt + 0.1)
        assert not scene.sink.is_paused

        channel.sounds()

        assert channel.voices.states == {ANN: VoiceState.STARTING}
        assert not scene.sink.is_paused


async def test_who_may_not_be_heard_any_more_when_the_loop_is_told_leaves_the_companion_talking() -> None:
    scene = Scene()
    channel = Channel(scene)
    async with alongside(scene.voice.run()):
        await scene.reply(HELLO)
        channel.is_heard = False

        channel.sounds()

        assert not scene.sink.is_paused


async def test_a_microphone_that_never_falls_silent_does_not_keep_the_companion_silent_for_good() -> None:
    scene, told = Scene(max_hold=1.5 * LONGEST), Told()
    channel = Channel(scene, told)

    channel.goes_on(0, round(1.4 * LONGEST / FRAME))
    assert told.happened.count("turn_ended") == 1, "what is recognised at once is cut"
    assert not scene.floor.is_free(scene.clock.now)

    channel.goes_on(round(1.4 * LONGEST / FRAME), round(1.6 * LONGEST / FRAME))
    assert scene.floor.is_free(scene.clock.now)

    for _ in range(round((JITTER + 1.0) / LOOK_EVERY)):
        channel.passes(LOOK_EVERY)
    assert channel.voices.states == {}
    channel.goes_on(0, 50)
    assert not scene.floor.is_free(scene.clock.now), "who was silent is listened to again"


async def test_a_relay_that_was_held_up_takes_nobody_for_silent_whose_packets_it_has_not_read_yet() -> None:
    scene = Scene()
    channel = Channel(scene)
    channel.goes_on(0, 50)
    assert channel.voices.states == {ANN: VoiceState.SPEAKING}

    channel.passes(3.0)

    assert channel.voices.states == {ANN: VoiceState.SPEAKING}
    for _ in range(round((JITTER + SETTINGS.stopping) / LOOK_EVERY) + 1):
        channel.passes(LOOK_EVERY)
    assert channel.voices.states == {}, "nothing came after it had time to be read"


@pytest.mark.parametrize("looks_first", [True, False], ids=["look, packets", "packets, look"])
@pytest.mark.parametrize("held_up", [0.3, 0.46, 0.5, 1.0, 3.0])
async def test_who_spoke_all_the_while_that_the_relay_was_held_up_says_one_thing(
    held_up: float, *, looks_first: bool
) -> None:
    told = Told()
    channel = Channel(Scene(), told)
    channel.goes_on(0, 50)
    missed = 50 + round(held_up / FRAME)

    channel.scene.clock.now += held_up
    if looks_first:
        channel.voices.look()
    for number in range(50, missed):
        channel.voices.sound(ANN, number * SAMPLES, LOUD)
    channel.goes_on(missed, missed + 50)

    assert told.happened == ["sound_began", "speech_began"]
    channel.passes(LOOK_EVERY)
    for _ in range(round((JITTER + 0.5) / LOOK_EVERY) + 1):
        channel.passes(LOOK_EVERY)
    assert told.happened[2:] == ["speech_paused", "turn_ended"]


async def test_a_short_pause_that_is_heard_late_is_as_short_as_it_was() -> None:
    told = Told()
    channel = Channel(Scene(), told)
    channel.goes_on(0, 50)

    channel.scene.clock.now += 2.0
    for number in range(50, 75):
        channel.voices.sound(ANN, number * SAMPLES, LOUD)
    channel.voices.hush(ANN)
    for number in range(80, 150):
        channel.voices.sound(ANN, number * SAMPLES, LOUD)
    channel.goes_on(150, 200)

    assert told.happened == ["sound_began", "speech_began", "speech_paused", "speech_resumed"]


async def test_who_talks_after_a_long_silence_is_not_taken_for_late() -> None:
    """Some clients do not count the time in which they send nothing."""
    told = Told()
    channel = Channel(Scene(), told)
    async with alongside(channel.voices.follow()):
        channel.voices.began(ANN)
        await eventually(lambda: channel.voices._looked_at is not None)
        channel.voices.sound(ANN, 0, LOUD)
        channel.voices.hush(ANN)
        await eventually(lambda: channel.voices._looked_at is None)
        channel.scene.clock.now += 60.0

        channel.voices.began(ANN)
        for number in range(1, 11):
            channel.scene.clock.now += FRAME
            channel.voices.sound(ANN, number * SAMPLES, LOUD)
        channel.passes(0.0)
        channel.passes(FRAME)

        assert told.happened == ["sound_began", "was_noise", "sound_began", "speech_began"]
