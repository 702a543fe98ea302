"""What people say aloud in Discord, each recognised apart, reaches the character as any message does."""

from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest
from aiohttp import web

from relay.hearing.base import HEARING_RATE
from relay.model import Caller, Outcome, Role
from tests.companion.endpoints import TranscriptionEndpoint, serving
from tests.doubles.discord import DiscordDouble
from tests.doubles.discord.voice_person import VoicePerson
from tests.end_to_end.call import Call, calling
from tests.support import eventually

MODERATOR = Caller(source="terminal", name="mia", roles=frozenset({Role.MODERATOR}))
ANNS, BOBS = 300, 500
"""How high their voices are, in Hz."""


@pytest.fixture
async def discord() -> AsyncIterator[DiscordDouble]:
    async with DiscordDouble() as double:
        yield double


class KnowsVoices(TranscriptionEndpoint):
    """Understands by the pitch what was said, and refuses what has two."""

    def __init__(self, **texts: int) -> None:
        super().__init__()
        self._texts = {pitch: text for text, pitch in texts.items()}

    async def answer(self, request: web.Request) -> web.StreamResponse:
        await super().answer(request)
        rate, pcm = self.heard[-1]
        samples = np.frombuffer(pcm, "<i2").astype(float)
        spectrum = np.abs(np.fft.rfft(samples))
        heights = np.fft.rfftfreq(len(samples), 1 / rate)
        loud = {text for pitch, text in self._texts.items() if spectrum[abs(heights - pitch) < 20].max() > 1e5}
        return web.json_response({"text": " and ".join(sorted(loud))})


def voice_of(pitch: int, seconds: float) -> bytes:
    at = np.arange(round(seconds * HEARING_RATE)) / HEARING_RATE
    return (8_000 * np.sin(2 * np.pi * pitch * at)).astype("<i2").tobytes()


class Turn:
    """Somebody's turn, as the detector tells of it."""

    def __init__(self, call: Call, person: VoicePerson, pitch: int) -> None:
        assert call.audio.voices is not None
        self._voices = call.audio.voices
        self._who = f"voice:{person.id}"
        self._sound = voice_of(pitch, 0.5)
        self._voices.speech_began(self._who)

    def goes_on(self) -> None:
        self._voices.speech(self._who, self._sound)

    def ends(self) -> None:
        self._voices.turn_ended(self._who)


async def test_two_who_talk_over_each_other_are_told_apart_under_their_names_once_each(
    discord: DiscordDouble, tmp_path: Path
) -> None:
    endpoint = KnowsVoices(**{"Which dragon?": ANNS, "Hello everybody.": BOBS})
    async with (
        serving("/audio/transcriptions", endpoint.answer) as url,
        calling(discord, tmp_path, hearing={"through": "openai", "url": url}) as call,
    ):
        ann, bob = Turn(call, call.ann, ANNS), Turn(call, call.bob, BOBS)
        for turn in (ann, bob, ann, bob):
            turn.goes_on()
        bob.ends()
        ann.ends()

        await eventually(lambda: len(call.teller.asked) == 2)
        await call.is_free()
        assert call.teller.asked == ['bob (voice): "Hello everybody."', "Which dragon?"], "ann is the streamer"
        assert call.statistics.outcomes[Outcome.FORWARDED] == 2
        assert call.posts() == [], "what is asked aloud is answered aloud"


async def test_who_is_muted_is_not_heard_aloud_either_and_why_says_so(discord: DiscordDouble, tmp_path: Path) -> None:
    endpoint = KnowsVoices(**{"Which dragon?": ANNS, "Hello everybody.": BOBS})
    async with (
        serving("/audio/transcriptions", endpoint.answer) as url,
        calling(discord, tmp_path, hearing={"through": "openai", "url": url}) as call,
    ):
        keys: list[str] = []
        call.relay.events.arrived.subscribe(lambda message: keys.append(message.key))
        await call.relay.controls.run("mute bob", MODERATOR)
        for person, pitch in ((call.bob, BOBS), (call.ann, ANNS)):
            turn = Turn(call, person, pitch)
            turn.goes_on()
            turn.ends()

        await eventually(lambda: len(call.teller.asked) == 1)
        assert call.teller.asked == ["Which dragon?"]
        assert "muted by a moderator" in await call.relay.controls.run(f"why {keys[0]}", MODERATOR)


async def test_an_endpoint_that_fails_is_shown_with_what_to_do(discord: DiscordDouble, tmp_path: Path) -> None:
    async with calling(discord, tmp_path, hearing={"through": "openai", "url": "http://127.0.0.1:1/v1"}) as call:
        turn = Turn(call, call.ann, ANNS)
        turn.goes_on()
        turn.ends()

        await eventually(lambda: any("hearing.url" in line for line in call.audio.lines()))
        [light] = [each for each in call.audio.conditions() if each.name == "hearing"]
        assert light.state == "problem"
