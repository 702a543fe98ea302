"""Who interrupts the companion in a call in which no microphone is off: people do, and nothing else that is heard.

Ann types loudly, ben sits beside a fan and laughs, and cleo hears the companion by a loudspeaker, so that its voice
comes back. Sound goes out and comes in as in a call, in packets; the only time that passes is that of its frames.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from relay.config import FloorSection, HearingSection
from relay.hearing.echo import Echoes
from relay.hearing.voice_activity import Bar
from relay.platforms.discord.hearing.onsets import Onsets
from relay.platforms.discord.hearing.voices import Voices, speaker_name
from relay.platforms.voice import Listener
from relay.replies.replies import Replies
from relay.replies.reply import Phase, Sentence
from relay.speech.base import FRAME, Clip, SinkListener
from relay.speech.floor import Floor
from relay.speech.opus import SAMPLES, Decoder
from relay.speech.packet_source import SILENCE, PacketSource
from relay.speech.playback import Playback
from relay.speech.voice import Voice
from tests.doubles.discord.voice import Heard
from tests.doubles.discord.voice_microphone import Loudspeaker, Microphone
from tests.hearing.sounds import fan, laughter, raised, room, typing
from tests.hearing.test_person import Notes
from tests.speech.fakes import Clock, add, begin, end
from tests.speech.test_voice import Voxta
from tests.support import alongside, eventually
from tests.voices import BOB, said

ANN, BEN, CLEO = 1, 2, 3
GATE: Final = -50.0
LOOK_EVERY: Final = 3
"""Frames."""
FAR_IN: Final = 50
"""Frames of an answer after which something happens in it: one second."""
STORY: Final = (
    "Once upon a time there was a dragon who lived behind a waterfall, and nobody knew what he was waiting for."
)


class _Sink:
    """What the companion is heard by, frame by frame."""

    name, has_sound, is_open = "call", True, True

    def __init__(self, clock: Clock) -> None:
        self.packets = PacketSource(started=self._began, ended=self._ended, clock=clock)
        self.pause, self.resume, self.cut = self.packets.pause, self.packets.resume, self.packets.cut
        self.play, self.seconds_heard = self.packets.feed, self.packets.seconds_heard
        self.set_volume = self.packets.set_volume
        self._listener: SinkListener | None = None

    def listen(self, listener: SinkListener) -> None:
        self._listener = listener

    def _began(self, clip: Clip) -> None:
        assert self._listener is not None
        self._listener.started(self, clip)

    def _ended(self, clip: Clip) -> None:
        assert self._listener is not None
        self._listener.ended(self, clip)


class _Call:
    """The companion answers with a story while three people are there."""

    def __init__(self, story: bytes) -> None:
        self.clock, self.notes = Clock(), Notes()
        self.outcomes: list[Phase] = []
        self._story = Clip("story", "r1", STORY, story)
        self._sink = _Sink(self.clock)
        self._settings, self._hearing = FloorSection(), HearingSection()
        self.voice = self._voice()
        self.said: list[Heard] = []
        """The companion's words so far, as everybody hears them."""
        self.loudspeaker = Loudspeaker(self.said, level=-20.0, delay=0.25, clock=self.clock)
        self.microphones = {
            ANN: Microphone(raised(typing(10.0) + room(10.0))),
            BEN: Microphone(raised(fan(10.0))),
            CLEO: Microphone(raised(room(10.0)), self.loudspeaker.echo),
        }
        self._decoders = {user: Decoder() for user in self.microphones}
        self._frame = 0
        self._voices = self._hearing_them()
        self._onsets = Onsets(
            GATE,
            hears=lambda user: True,
            began=self._began,
            follow=self._voices,
            clock=self.clock,
            may_echo=lambda user, now: self._echoes.is_likely(speaker_name(user), now),
        )

    async def answer(self) -> None:
        """The companion has the whole story to tell."""
        replies = self._replies
        self.voice.thinking(begin(replies, "r1"))
        sentence = Sentence("r1", STORY, 0, len(STORY), "a")
        self.voice.say(add(replies, sentence), sentence)
        self.voice.text_ended(end(replies, "r1"))
        await eventually(lambda: not self._sink.packets.is_idle)

    def goes_on(self, frames: int) -> None:
        for _ in range(frames):
            self._passes()

    def is_over(self) -> None:
        """Until the story is told to its end, or was cut."""
        while not self.outcomes:
            self._passes()

    def _passes(self) -> None:
        """20 ms: a packet of the companion goes out, and one of each person comes in."""
        packet = self._sink.packets.read()
        if packet != SILENCE:
            self.said.append(Heard(self.clock.now, "", len(self.said), self._frame * SAMPLES, packet, True))
        for user, microphone in self.microphones.items():
            pcm = self._decoders[user].decode(microphone[self._frame])
            self._onsets.sound(user, self._frame * SAMPLES, pcm)
        if self._frame % LOOK_EVERY == 0:
            self._voices.look()
        self.voice.look()
        self._frame += 1
        self.clock.now += FRAME

    def _began(self, user: int) -> None:
        if self.voice.may_pause:
            self._sink.pause()
        self._voices.began(user)

    async def _fetch(self, url: str, message_id: str, text: str) -> Clip:
        return self._story

    def _voice(self) -> Voice:
        self._replies = Replies()
        playback = Playback(self._fetch, clock=self.clock)
        playback.play_on([self._sink])
        return Voice(
            self._settings,
            floor=Floor(self._settings, 60.0, doubt=self._hearing.doubt),
            playback=playback,
            replies=self._replies,
            voxta=Voxta(),
            over=lambda reply: self.outcomes.append(reply.phase),
            given_up=lambda _: None,
            changed=lambda: None,
            clock=self.clock,
        )

    def _hearing_them(self) -> Voices:
        self._echoes = Echoes(self._sink.packets.played)
        listener = Listener(
            self.voice,
            self.notes,
            may_pause=lambda: self.voice.may_pause,
            settings=self._hearing,
            ends_after=lambda who: 0.5,
            echoes=self._echoes,
        )
        return Voices(listener, GATE, hears=lambda user: True, noted=self._note, clock=self.clock)

    def _note(self, user: int, bar: Bar) -> None:
        self._onsets.bars[user] = bar


@asynccontextmanager
async def answering() -> AsyncIterator[_Call]:
    story = (await said(STORY, "")).clip(-1, 1)
    call = _Call(bytes((story * 32767).astype("<i2").tobytes()))
    async with alongside(call.voice.run()):
        await call.answer()
        yield call


async def test_typing_laughter_a_fan_and_its_own_echo_do_not() -> None:
    async with answering() as call:
        call.goes_on(FAR_IN)
        call.microphones[BEN].say(raised(laughter(1.5)))
        call.is_over()

    assert call.outcomes == [Phase.DONE], "the story is told to its end"
    assert "speech" not in call.notes.told
    assert call.loudspeaker.seconds > 1


async def test_a_person_who_speaks_into_all_of_that_does() -> None:
    async with answering() as call:
        call.goes_on(FAR_IN)
        call.microphones[BEN].say(await said("Hold on I want to ask for the gold", BOB))
        call.is_over()
        told = len(call.said)
        call.goes_on(FAR_IN)

    assert call.outcomes == [Phase.CUT]
    assert len(call.said) == told, "not a frame is said after that"
