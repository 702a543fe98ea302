"""The published audio client of voxta-client, unchanged: samples in both directions between the hub's messages."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from voxta_client import VoxtaAudioClient

from relay.companion.serving.server import CompanionServer
from relay.config import CompanionSection
from tests.companion.conftest import SETTINGS
from tests.companion.endpoints import SpeechEndpoint, TranscriptionEndpoint, serving
from tests.companion.hearing.sound import BY_LEVEL, RATE, silence, tone
from tests.companion.raw import RawClient, ScriptedBrain, connected
from tests.companion.serving.test_published_client import Heard, hearing
from tests.support import eventually

SENTENCE = silence(0.3) + tone(0.5) + silence(1.0)


class Speaker:
    """Takes what the audio client is played."""

    def __init__(self, client: VoxtaAudioClient) -> None:
        self.client = client
        self.pieces: list[bytes] = []
        client.on_audio(self.pieces.append)

    @property
    def seconds(self) -> float:
        return sum(map(len, self.pieces)) / (2 * RATE)

    async def say(self, sound: bytes) -> None:
        for at in range(0, len(sound), 960):
            await self.client.send_audio(sound[at : at + 960])


@asynccontextmanager
async def streaming(heard: Heard) -> AsyncIterator[Speaker]:
    """The audio client beside a chat client, on the same negotiation as in the client guide."""
    client = VoxtaAudioClient(heard.client.url)
    token, cookies = await asyncio.to_thread(heard.client.negotiate)
    speaker = Speaker(client)
    await client.connect(token, cookies)
    yield speaker
    await client.close()


@pytest.fixture
async def companion() -> AsyncIterator[CompanionServer]:
    """It hears "What a game!" in everything, and speaks for a tenth of a second a sentence."""
    ears, mouth = TranscriptionEndpoint("What a game!"), SpeechEndpoint()
    async with (
        serving("/audio/transcriptions", ears.answer) as hearing_url,
        serving("/audio/speech", mouth.answer) as speech_url,
    ):
        settings = CompanionSection(
            port=0, pace=0.0, hearing="openai", hearing_url=hearing_url, speech="openai", speech_url=speech_url
        )
        async with CompanionServer(settings, brain=ScriptedBrain("Sure. ", "Why not?"), hearing=BY_LEVEL) as server:
            yield server


async def test_what_is_said_is_recognised_sent_and_answered_aloud(companion: CompanionServer) -> None:
    async with hearing(companion.url) as heard, streaming(heard) as speaker:
        await heard.next("chatStarted")

        await speaker.say(SENTENCE)
        text = (await heard.next("speechRecognitionEnd"))["text"]
        await heard.client.send_message(text)

        assert text == "What a game!"
        assert (await heard.answer())["text"] == "Sure. Why not?"
        await eventually(lambda: speaker.seconds == pytest.approx(0.2, abs=0.01))


async def test_the_companion_acknowledges_what_it_streams(companion: CompanionServer) -> None:
    async with connected(companion.url) as client, hearing(companion.url) as heard, streaming(heard):
        await client.enter()

        await client.say("Hello.")
        reply = await client.expect("replyEnd")

        await client.expect("speechPlaybackComplete", messageId=reply["messageId"])
        await client.expect("chatFlow", state="WaitingForUserInput")
        started = [(s["startIndex"], s["endIndex"], s["duration"]) for s in client.of_kind("speechPlaybackStart")]
        assert started == [(0, 6, pytest.approx(0.1)), (6, 14, pytest.approx(0.1))]


async def test_an_interruption_ends_the_stream(companion: CompanionServer) -> None:
    async with connected(companion.url) as client, hearing(companion.url) as heard, streaming(heard) as speaker:
        await client.enter()
        await client.in_chat("characterSpeechRequest", characterId=character(client), text="One. " * 40)
        await eventually(lambda: speaker.seconds > 0.1)

        await client.in_chat("interrupt")
        await client.expect("interruptSpeech")
        await client.say("/note It is quiet.")
        at_the_end = speaker.seconds

        await client.say("Go on.")
        await client.expect("update", role="Assistant")
        await eventually(lambda: speaker.seconds >= at_the_end + 0.2)
        assert speaker.seconds < 2, "nothing is left of the forty sentences"


async def test_the_stream_goes_on_in_the_next_chat(companion: CompanionServer) -> None:
    async with connected(companion.url) as client, hearing(companion.url) as heard, streaming(heard) as speaker:
        await client.enter()
        vox = character(client)
        await client.in_chat("stopChat")
        await client.call("startChat", characterId=vox)
        client.session_id = (await client.expect("chatStarted"))["sessionId"]

        await client.say("Hello.")

        await eventually(lambda: speaker.seconds == pytest.approx(0.2, abs=0.01))


async def test_who_streams_on_while_no_chat_is_open_is_told_once_and_heard_in_the_next(
    companion: CompanionServer,
) -> None:
    async with connected(companion.url) as client:
        await client.enter(audioInput="WebSocketStream")
        vox = character(client)
        await client.in_chat("stopChat")
        await stream(client, silence(0.3))
        await client.call("startChat", characterId=vox)

        await stream(client, SENTENCE)

        assert (await client.expect("speechRecognitionEnd"))["text"] == "What a game!"
        assert [each["message"] for each in client.of_kind("error")] == ["sound on /hub is ignored: no chat is open"]


async def stream(client: RawClient, sound: bytes) -> None:
    for at in range(0, len(sound), 960):
        await client.socket.send_bytes(sound[at : at + 960])


async def test_where_nobody_listens_the_chat_goes_on() -> None:
    async with CompanionServer(SETTINGS, brain=ScriptedBrain()) as deaf, hearing(deaf.url) as heard:
        await heard.next("chatStarted")
        token, cookies = await asyncio.to_thread(heard.client.negotiate)
        client = VoxtaAudioClient(deaf.url)
        await client.connect(token, cookies)
        await Speaker(client).say(SENTENCE)
        await heard.client.send_message("Still here?")

        assert (await heard.answer())["text"] == "Sure. Why not?"
        await client.close()


def character(client: RawClient) -> str:
    found: str = client.of_kind("chatStarted")[-1]["characters"][0]["id"]
    return found
