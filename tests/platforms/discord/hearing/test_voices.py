"""Each onset that silences the companion at once is told to the floor, which knows whether it is to stay silent."""

from relay.config import HearingSection
from relay.hearing.base import VoiceState
from relay.hearing.one_stream import OneStream
from relay.platforms.discord.hearing.voices import JITTER, LOOK_EVERY, Voices
from relay.platforms.voice import Listener
from relay.speech.base import FRAME, RATE
from tests.hearing.test_separate_voices import Scene as Hearer
from tests.speech.test_voice import HELLO, Scene
from tests.support import alongside

ANN = 7
SETTINGS = HearingSection(detector="level")


class Channel:
    """One person in a voice channel, and the companion's whole voice."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.is_heard = True
        listener = Listener(
            scene.voice,
            OneStream(Hearer()),
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


async def test_a_relay_that_was_held_up_takes_nobody_for_silent_whose_packets_it_has_not_read_yet() -> None:
    scene = Scene()
    channel = Channel(scene)
    frame = round(FRAME * RATE)
    for number in range(50):
        channel.voices.sound(ANN, number * frame, b"\0\x40" * frame)
        scene.clock.now += FRAME
        channel.voices.look()
    assert channel.voices.states == {ANN: VoiceState.SPEAKING}

    scene.clock.now += 3.0
    channel.voices.look()

    assert channel.voices.states == {ANN: VoiceState.SPEAKING}
    for _ in range(round((JITTER + SETTINGS.stopping) / LOOK_EVERY) + 1):
        scene.clock.now += LOOK_EVERY
        channel.voices.look()
    assert channel.voices.states == {}, "nothing came after it had time to be read"
