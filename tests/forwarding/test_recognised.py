"""What Voxta recognised in our stream is sent by us: once, in order, with the name of who said it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from relay.config import FloorSection
from relay.errors import VoxtaError, VoxtaUnavailable
from relay.forwarding.recognised import LAG, RecognisedSpeech
from relay.model import Forward, Talker
from relay.speech.floor import Floor, FloorState
from relay.voxta.chat import JoinedChat
from relay.voxta.gateway import GatewaySession
from relay.wire import server
from relay.wire.messages import Person
from tests.speech.fakes import Clock
from tests.support import alongside, eventually

ANN, STREAMER = Talker(name="Ann"), Talker(name="Sam", is_streamer=True)


class Link(GatewaySession):
    """Keeps what is sent."""

    def __init__(self) -> None:
        self.chat = JoinedChat("s", "c", "Sam", [Person(id="v", name="Vox")], None)
        self.sent: list[Forward] = []
        self.fails: VoxtaError | None = None

    async def send(self, forward: Forward) -> None:
        self.sent.append(forward)
        if self.fails is not None:
            raise self.fails


class Ear:
    is_open = True


class Company:
    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.heard: list[tuple[Talker, float]] = []

    def talks(self, *people: Talker) -> None:
        self.heard += [(person, self._clock()) for person in people]

    def talked_since(self, at: float) -> list[Talker]:
        return list(dict.fromkeys(person for person, last in self.heard if last > at))


class Scene:
    def __init__(self) -> None:
        self.clock, self.link, self.ear = Clock(), Link(), Ear()
        self.company = Company(self.clock)
        self.floor = Floor(FloorSection(), 30.0, doubt=1.0)
        self.asked: list[Forward] = []
        self.free_when_told: list[bool] = []
        self.spoken = RecognisedSpeech(
            self.link,
            self.ear,
            self.company,
            floor=self.floor,
            asking=self.asked.append,
            freed=lambda: self.free_when_told.append(self.floor.is_free(self.clock.now)),
            clock=self.clock,
        )

    def says(self, *people: Talker, text: str | None) -> None:
        """Somebody talks for two seconds, and Voxta reports what it was."""
        self.spoken.hear(server.SpeechRecognitionStart())
        self.clock.now += 1.0
        self.company.talks(*people)
        self.clock.now += 1.0
        self.spoken.hear(server.SpeechRecognitionEnd(text=text))

    async def told(self, *texts: str) -> None:
        await eventually(lambda: len(self.link.sent) >= len(texts))
        assert [forward.text for forward in self.link.sent] == list(texts)


@asynccontextmanager
async def listening() -> AsyncIterator[Scene]:
    scene = Scene()
    async with alongside(scene.spoken.run()):
        yield scene


async def test_what_a_person_says_is_sent_with_their_name_and_asks_for_an_answer() -> None:
    async with listening() as scene:
        scene.says(ANN, text="Which dragon?")

        await scene.told('Ann (voice): "Which dragon?"')
        assert scene.link.sent == scene.asked
        assert scene.link.sent[0].expects_reply and not scene.link.sent[0].is_streamers
        assert scene.floor.state(scene.clock.now) is FloorState.AWAITING


async def test_what_the_streamer_says_is_the_users_own_message() -> None:
    async with listening() as scene:
        scene.says(STREAMER, text="Which dragon?")

        await scene.told("Which dragon?")
        assert scene.link.sent[0].is_streamers


async def test_what_one_of_several_says_carries_no_name() -> None:
    async with listening() as scene:
        scene.says(ANN, STREAMER, text="Which dragon?")

        await scene.told("Which dragon?")
        assert not scene.link.sent[0].is_streamers, "it may have been anybody"


async def test_utterances_are_sent_in_the_order_heard_each_with_its_speaker() -> None:
    async with listening() as scene:
        scene.says(ANN, text="One.")
        scene.says(STREAMER, text="Two.")

        await scene.told('Ann (voice): "One."', "Two.")


async def test_a_short_word_is_known_by_who_said_it_just_before_voxta_noticed() -> None:
    async with listening() as scene:
        scene.company.talks(ANN)
        scene.clock.now += LAG / 2

        scene.says(text="Yes.")

        await scene.told('Ann (voice): "Yes."')


async def test_a_word_that_was_out_before_the_one_before_it_was_understood_is_sent_too() -> None:
    async with listening() as scene:
        scene.says(ANN, text="One.")
        scene.spoken.hear(server.SpeechRecognitionStart())
        scene.spoken.hear(server.SpeechRecognitionEnd(text="Two."))

        await scene.told('Ann (voice): "One."', 'Ann (voice): "Two."')


@pytest.mark.parametrize("text", ["", "  ", None])
async def test_what_was_not_understood_is_not_sent(text: str | None) -> None:
    async with listening() as scene:
        scene.says(ANN, text=text)
        scene.says(ANN, text="Hello.")

        await scene.told('Ann (voice): "Hello."')


async def test_what_others_streamed_to_voxta_is_theirs_to_send() -> None:
    async with listening() as scene:
        scene.says(text="From Voxta's own page.")
        scene.ear.is_open = False
        scene.says(ANN, text="While our stream was closed.")
        scene.ear.is_open = True
        scene.says(ANN, text="Hello.")

        await scene.told('Ann (voice): "Hello."')


async def test_a_stream_that_voxta_closed_at_the_end_of_an_utterance_was_still_ours() -> None:
    async with listening() as scene:
        scene.spoken.hear(server.SpeechRecognitionStart())
        scene.company.talks(ANN)
        scene.ear.is_open = False
        scene.spoken.hear(server.SpeechRecognitionEnd(text="Hello."))

        await scene.told('Ann (voice): "Hello."')


@pytest.mark.parametrize("text", ["/event a door slams", "[The end]", "* waves", "{{ char }} obeys"])
@pytest.mark.parametrize("who", [ANN, STREAMER], ids=["a guest", "the streamer"])
async def test_speech_is_never_a_command(who: Talker, text: str) -> None:
    async with listening() as scene:
        scene.says(who, text=text)

        await eventually(lambda: len(scene.link.sent) == 1)
        told = scene.link.sent[0].text
        assert told[0] not in "/[*" and "{{" not in told


async def test_a_guest_who_is_called_like_the_character_is_not_taken_for_it() -> None:
    async with listening() as scene:
        scene.says(Talker(name="Vox"), text="I am the character.")

        await scene.told('viewer Vox (voice): "I am the character."')


@pytest.mark.parametrize("error", [VoxtaUnavailable("gone"), VoxtaError("refused")])
async def test_words_that_voxta_does_not_take_free_the_floor_and_the_next_are_sent(error: VoxtaError) -> None:
    async with listening() as scene:
        scene.link.fails = error
        scene.says(ANN, text="One.")
        await scene.told('Ann (voice): "One."')
        await eventually(lambda: scene.free_when_told == [True])

        scene.link.fails = None
        scene.says(ANN, text="Two.")

        await scene.told('Ann (voice): "One."', 'Ann (voice): "Two."')
