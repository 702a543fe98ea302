"""Which picture of the companion is shown, told as timelines over a real playback and a real floor."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

from relay.avatar.mouth import STALLED
from relay.avatar.portrait import LINGER, Portrait
from relay.config import FloorSection
from relay.speech.base import Clip
from relay.speech.floor import Floor
from tests.avatar.test_face import HUM
from tests.speech.fakes import SECOND, ManualSink
from tests.speech.test_playback import BYE, HELLO, Scene
from tests.support import alongside, eventually


class Sitting(Scene):
    """A playback whose clips hum, a floor, and what the portrait shows."""

    def __init__(self) -> None:
        super().__init__(ManualSink())
        self.shown: list[str] = []
        fetch = self.playback._fetch

        async def hum(url: str, message_id: str, text: str) -> Clip:
            return replace(await fetch(url, message_id, text), pcm=HUM if url == "a" else SECOND)

        self.playback._fetch = hum
        self.floor = Floor(FloorSection(), 30.0, doubt=1.0)
        self.portrait = Portrait(self.playback, self.floor, self._note, loudness=-18.0, clock=self.clock)

    def _note(self, state: str, mood: str, is_open: bool) -> None:
        self.shown.append(" ".join(filter(None, (mood, state, "open" if is_open else ""))))

    def goes_on(self, seconds: float = 0.1) -> None:
        self.clock.now += seconds
        self.sinks[0].advance(seconds)
        self.portrait.changed()

    async def shows(self, *shown: str) -> None:
        self.portrait.changed()
        await eventually(lambda: self.shown[-len(shown) :] == list(shown))


@asynccontextmanager
async def sitting() -> AsyncIterator[Sitting]:
    sitter = Sitting()
    async with alongside(sitter.playback.run()), alongside(sitter.portrait.run()):
        yield sitter


async def test_it_thinks_when_asked_speaks_with_its_mouth_and_is_silent_again() -> None:
    async with sitting() as sitter:
        await sitter.shows("silent")
        sitter.floor.asked(sitter.clock.now)
        await sitter.shows("thinking")

        await sitter.say(HELLO, BYE)
        sitter.goes_on()
        await sitter.shows("thinking", "speaking open")
        sitter.goes_on(1.0)
        await sitter.shows("speaking open", "speaking")
        sitter.goes_on(1.0)
        sitter.floor.freed()
        await sitter.shows("speaking", "silent")


async def test_it_listens_while_people_talk_also_in_mid_speech() -> None:
    async with sitting() as sitter:
        await sitter.say(HELLO)
        sitter.goes_on()
        await sitter.shows("speaking open")

        sitter.floor.speaker_talks("voice:ann", sitter.clock.now)
        sitter.playback.pause()
        await sitter.shows("speaking open", "listening")
        sitter.floor.speaker_stopped("voice:ann", sitter.clock.now)
        sitter.playback.resume()
        sitter.clock.now += 1.0
        await sitter.shows("listening", "speaking")


async def test_the_mouth_shuts_where_a_sink_is_held_back_by_somebody_else() -> None:
    async with sitting() as sitter:
        await sitter.say(HELLO)
        sitter.goes_on()
        await sitter.shows("speaking open")

        sitter.clock.now += 2 * STALLED

        await sitter.shows("speaking open", "speaking")


async def test_a_mood_comes_with_its_sentence_and_stays_a_while() -> None:
    async with sitting() as sitter:
        await sitter.say(replace(HELLO, affect="Very Happy"))
        sitter.goes_on()
        await sitter.shows("very-happy speaking open")
        sitter.goes_on(1.0)
        await sitter.shows("very-happy silent")

        sitter.clock.now += LINGER

        await sitter.shows("very-happy silent", "silent")


async def test_speech_that_others_play_is_shown_with_an_open_mouth() -> None:
    async with sitting() as sitter:
        sitter.floor.speaking(sitter.clock.now, 2.0)

        await sitter.shows("speaking open")
