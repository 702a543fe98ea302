"""What people say aloud in Discord, each recognised apart, reaches the character as any message does."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest
from aiohttp import web

from relay.model import Caller, Outcome, Role
from tests.companion.endpoints import TranscriptionEndpoint, serving
from tests.doubles.discord import DiscordDouble
from tests.doubles.discord.voice_sound import encode, tone
from tests.end_to_end.call import PATIENT, calling
from tests.support import eventually

MODERATOR = Caller(source="terminal", name="mia", roles=frozenset({Role.MODERATOR}))
APART = {"through": "openai", "detector": "level", "echo": False}
"""The people here are tones, which no detector takes for speech, and which resemble a bit of everything."""
ANNS, BOBS = 300, 500
"""How high their voices are, in Hz."""


def speech(pitch: int, seconds: float) -> list[bytes]:
    return encode(tone(pitch, seconds))


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
        loud = {
            text
            for pitch, text in self._texts.items()
            if spectrum[abs(heights - pitch) < 20].max() > 0.1 * spectrum.max()
        }
        return web.json_response({"text": " and ".join(sorted(loud))})


async def test_two_who_talk_over_each_other_are_told_apart_under_their_names_once_each(
    discord: DiscordDouble, tmp_path: Path
) -> None:
    endpoint = KnowsVoices(**{"Which dragon?": ANNS, "Hello everybody.": BOBS})
    async with (
        serving("/audio/transcriptions", endpoint.answer) as url,
        calling(discord, tmp_path, hearing=APART | {"url": url}) as call,
    ):
        await asyncio.gather(call.ann.speak(speech(ANNS, 1.0)), call.bob.speak(speech(BOBS, 0.8)))

        await eventually(lambda: len(call.teller.asked) == 2)
        await call.is_free()
        assert sorted(call.teller.asked) == ["Which dragon?", 'bob (voice): "Hello everybody."'], "ann is the streamer"
        assert call.statistics.outcomes[Outcome.FORWARDED] == 2
        assert call.posts() == [], "what is asked aloud is answered aloud"


async def test_what_the_muted_say_aloud_is_not_even_recognised(discord: DiscordDouble, tmp_path: Path) -> None:
    endpoint = KnowsVoices(**{"Which dragon?": ANNS, "Hello everybody.": BOBS})
    async with (
        serving("/audio/transcriptions", endpoint.answer) as url,
        calling(discord, tmp_path, hearing=APART | {"url": url}) as call,
    ):
        keys: list[str] = []
        call.relay.events.arrived.subscribe(lambda message: keys.append(message.key))
        await call.relay.controls.run("mute bob", MODERATOR)
        for person, pitch in ((call.bob, BOBS), (call.ann, ANNS)):
            await person.speak(speech(pitch, 0.6))

        await eventually(lambda: len(call.teller.asked) == 1)
        assert call.teller.asked == ["Which dragon?"]
        assert len(keys) == 1


async def test_an_endpoint_that_fails_is_shown_with_what_to_do(discord: DiscordDouble, tmp_path: Path) -> None:
    async with calling(discord, tmp_path, hearing=APART | {"url": "http://127.0.0.1:1/v1"}) as call:
        await call.ann.speak(speech(ANNS, 0.6))

        await eventually(lambda: any("hearing.url" in line for line in call.audio.lines()))
        [light] = [each for each in call.audio.conditions() if each.name == "hearing"]
        assert light.state == "problem"


async def test_people_share_voxtas_one_ear_and_each_text_is_told_and_shown_under_its_speakers_name(
    discord: DiscordDouble, tmp_path: Path
) -> None:
    endpoint = KnowsVoices(**{"Which dragon?": ANNS, "Hello everybody.": BOBS})
    voice = {
        "streamer": int(discord.person("ann").id),
        "channels": [int(discord.lounge)],
        "listen_to": "everyone",
        "subtitles": ["channel"],
    }
    async with (
        serving("/audio/transcriptions", endpoint.answer) as url,
        calling(discord, tmp_path, hearing_url=url, hearing={"detector": "level"}, voice=voice) as call,
    ):
        await asyncio.gather(call.ann.speak(speech(ANNS, 1.0)), call.bob.speak(speech(BOBS, 0.8)))

        await eventually(lambda: len(call.teller.asked) == 2)
        await call.is_free()
        assert sorted(call.teller.asked) == ["Which dragon?", 'bob (voice): "Hello everybody."']
        await eventually(lambda: len(in_the_lounge(discord)) == 3)
        announcement, *subtitles = in_the_lounge(discord)
        assert announcement.endswith("What is said is shown to others as text.")
        assert sorted(subtitles) == ["ann: Which dragon?", "bob: Hello everybody."]


def in_the_lounge(discord: DiscordDouble) -> list[str]:
    return [post.text for post in discord.posts if post.channel == discord.lounge]


class TestTheStreamerOrdersAloud:
    async def test_and_what_was_ordered_is_done_noted_and_told_to_nobody(
        self, discord: DiscordDouble, tmp_path: Path
    ) -> None:
        endpoint = KnowsVoices(**{"Vox, stop!": ANNS, "Stop!": BOBS})
        async with (
            serving("/audio/transcriptions", endpoint.answer) as url,
            calling(discord, tmp_path, hearing=APART | {"url": url}, floor=PATIENT) as call,
        ):
            await discord.say("tell us a saga")
            await call.says(20)
            await call.ann.speak(speech(ANNS, 1.0))
            await eventually(lambda: "interrupt" in audit_of(tmp_path))
            await call.is_free()

            await call.bob.speak(speech(BOBS, 0.6))
            await eventually(lambda: call.teller.asked[-1] == 'bob (voice): "Stop!"')

        assert len(call.teller.asked) == 2, "a guest is told, the order is not"
        assert '"source": "voice"' in audit_of(tmp_path) or '"source":"voice"' in audit_of(tmp_path)


def audit_of(folder: Path) -> str:
    return "".join(file.read_text("utf-8") for file in folder.rglob("*.audit.jsonl"))
