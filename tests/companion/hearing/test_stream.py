"""People's speech reaches the companion through the audio input, as a Voxta client sends it."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest
from pydantic import SecretStr

from relay.companion.serving.server import CompanionServer
from relay.config import CompanionSection
from tests.companion.conftest import SETTINGS
from tests.companion.endpoints import TranscriptionEndpoint, serving
from tests.companion.hearing.sound import BY_LEVEL, RATE, silence, tone
from tests.companion.raw import RawClient, ScriptedBrain, connected, straight
from tests.support import PATIENCE, eventually

HEADER = {
    "contentType": "audio/wav",
    "sampleRate": RATE,
    "channels": 1,
    "bitsPerSample": 16,
    "bufferMilliseconds": 30,
}
SENTENCE = tone(0.5) + silence(1.0)


@pytest.fixture
def endpoint() -> TranscriptionEndpoint:
    return TranscriptionEndpoint("What a game!")


@pytest.fixture
async def companion(brain: ScriptedBrain, endpoint: TranscriptionEndpoint) -> AsyncIterator[CompanionServer]:
    async with serving("/audio/transcriptions", endpoint.answer) as url:
        settings = CompanionSection(port=0, pace=0.0, hearing="openai", hearing_url=url)
        async with CompanionServer(settings, brain=brain, hearing=BY_LEVEL) as server:
            yield server


@pytest.fixture
async def recorder(companion: CompanionServer) -> AsyncIterator[RawClient]:
    """A client that streams what people say."""
    async with connected(companion.url) as raw:
        await raw.enter(audioInput="WebSocketStream")
        yield raw


@asynccontextmanager
async def stream(
    client: RawClient, url: str, *, session: str | None = None, header: Any = HEADER
) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
    address = f"{url}/ws/audio/input/stream"
    async with client.http.ws_connect(address, params={"sessionId": session or client.session_id}) as socket:
        if header is not None:
            await socket.send_str(header if isinstance(header, str) else json.dumps(header))
        yield socket


async def say(socket: aiohttp.ClientWebSocketResponse, sound: bytes) -> None:
    """In blocks of 30 ms, faster than in life."""
    for at in range(0, len(sound), 960):
        await socket.send_bytes(sound[at : at + 960])


class TestUnderstanding:
    async def test_what_is_said_is_reported_and_nothing_more_until_the_client_sends_it(
        self, recorder: RawClient, companion: CompanionServer, endpoint: TranscriptionEndpoint, brain: ScriptedBrain
    ) -> None:
        async with stream(recorder, companion.url) as socket:
            await say(socket, silence(0.5) + SENTENCE)
            await recorder.expect("speechRecognitionStart")
            understood = (await recorder.expect("speechRecognitionEnd"))["text"]
            assert understood == "What a game!"

            await recorder.say(understood)
            said = await recorder.expect("update")
            assert (said["role"], said["text"]) == ("User", "What a game!")
            await recorder.expect("replyEnd")

        assert len(brain.views) == 1, "it was answered once"
        [(rate, pcm)] = endpoint.heard
        assert rate == RATE
        assert tone(0.5)[:-2_000] in pcm

    @pytest.mark.parametrize(("status", "text"), [(200, ""), (200, "[BLANK_AUDIO]"), (404, "lost")])
    async def test_what_is_not_understood_is_an_empty_end_and_nothing_else(
        self,
        recorder: RawClient,
        companion: CompanionServer,
        endpoint: TranscriptionEndpoint,
        brain: ScriptedBrain,
        status: int,
        text: str,
    ) -> None:
        endpoint.status, endpoint.texts = status, [text]
        async with stream(recorder, companion.url) as socket:
            await say(socket, SENTENCE)

            assert (await recorder.expect("speechRecognitionEnd"))["text"] == ""

        assert brain.views == []
        assert not {"error", "chatSessionError", "update"} & set(recorder.kinds())

    async def test_a_client_that_stops_sending_in_mid_speech_is_understood(
        self, recorder: RawClient, companion: CompanionServer
    ) -> None:
        async with stream(recorder, companion.url) as socket:
            await say(socket, tone(0.5))

            assert (await recorder.expect("speechRecognitionEnd"))["text"] == "What a game!"

    async def test_quiet_may_be_told_instead_of_sent(
        self, recorder: RawClient, companion: CompanionServer, endpoint: TranscriptionEndpoint
    ) -> None:
        endpoint.texts = ["One.", "Two."]
        quiet = json.dumps({"type": "silence", "milliseconds": 1_000})
        async with stream(recorder, companion.url) as socket:
            for _ in range(2):
                await say(socket, tone(0.5))
                await socket.send_str(quiet)

            texts = [(await recorder.expect("speechRecognitionEnd"))["text"] for _ in range(2)]

        assert texts == ["One.", "Two."]
        [(_, first), _] = endpoint.heard
        assert first.endswith(bytes(2 * RATE // 2)), "what was told is in what is understood"

    @pytest.mark.parametrize(
        "control", ["", "[]", "no JSON", '{"type": "silence"}', '{"type": "silence", "milliseconds": -5}']
    )
    async def test_any_other_text_in_the_stream_is_passed_over(
        self, recorder: RawClient, companion: CompanionServer, control: str
    ) -> None:
        async with stream(recorder, companion.url) as socket:
            await say(socket, tone(0.3))
            await socket.send_str(control)
            await say(socket, tone(0.3) + silence(1.0))

            assert (await recorder.expect("speechRecognitionEnd"))["text"] == "What a game!"

    async def test_a_client_that_goes_in_mid_speech_is_understood(
        self, recorder: RawClient, companion: CompanionServer
    ) -> None:
        async with stream(recorder, companion.url) as socket:
            await say(socket, tone(0.5))

        assert (await recorder.expect("speechRecognitionEnd"))["text"] == "What a game!"

    async def test_starts_and_ends_take_turns_while_understanding_takes_its_time(
        self, recorder: RawClient, companion: CompanionServer, endpoint: TranscriptionEndpoint
    ) -> None:
        endpoint.texts = ["", "", ""]
        endpoint.go.clear()
        async with stream(recorder, companion.url) as socket:
            await say(socket, SENTENCE * 3)
            await eventually(lambda: len(endpoint.heard) == 1)
            endpoint.go.set()
            await eventually(lambda: len(recorder.of_kind("speechRecognitionEnd")) == 3)

        kinds = [kind for kind in recorder.kinds() if kind.startswith("speechRecognition")]
        assert kinds == ["speechRecognitionStart", "speechRecognitionEnd"] * 3


class TestRecordingRequest:
    async def test_it_is_asked_for_after_joining_and_after_each_turn(self, recorder: RawClient) -> None:
        assert (await recorder.expect("recordingRequest"))["enabled"] is True

        await recorder.say("Hello.")
        await recorder.expect("speechPlaybackComplete")

        assert (await recorder.expect("recordingRequest"))["enabled"] is True

    async def test_it_ends_while_the_chat_is_paused(self, recorder: RawClient) -> None:
        await recorder.expect("recordingRequest")

        await recorder.in_chat("pauseChat", pause=True)
        assert (await recorder.expect("recordingRequest"))["enabled"] is False
        await recorder.in_chat("pauseChat", pause=False)

        assert (await recorder.expect("recordingRequest"))["enabled"] is True

    async def test_clients_that_send_no_audio_are_not_asked(self, client: RawClient, recorder: RawClient) -> None:
        await recorder.say("Hello.")
        await client.expect("speechPlaybackComplete")

        assert "recordingRequest" not in client.kinds()

    async def test_a_companion_without_ears_does_not_ask(self, brain: ScriptedBrain) -> None:
        async with CompanionServer(SETTINGS, brain=brain) as deaf, connected(deaf.url) as recorder:
            await recorder.enter(audioInput="WebSocketStream")
            await recorder.say("Hello.")
            await recorder.expect("speechPlaybackComplete")

            assert "recordingRequest" not in recorder.kinds()


class TestRefusals:
    @pytest.mark.parametrize(
        ("header", "named"),
        [
            ("nonsense", "first frame"),
            ("[]", "first frame"),
            ({**HEADER, "sampleRate": 3}, "sampleRate"),
            ({**HEADER, "channels": 2}, "channels"),
            ({**HEADER, "bitsPerSample": 24}, "bitsPerSample"),
            ({**HEADER, "contentType": "text/html"}, "contentType"),
            ({"channels": 1}, "sampleRate"),
        ],
    )
    async def test_a_description_that_does_not_fit_is_named(
        self, recorder: RawClient, companion: CompanionServer, header: Any, named: str
    ) -> None:
        async with stream(recorder, companion.url, header=header) as socket:
            end = await socket.receive(timeout=PATIENCE)

        assert (end.type, end.data) == (aiohttp.WSMsgType.CLOSE, aiohttp.WSCloseCode.POLICY_VIOLATION)
        assert named in str(end.extra)

    async def test_samples_before_the_description_are_refused(
        self, recorder: RawClient, companion: CompanionServer
    ) -> None:
        async with stream(recorder, companion.url, header=None) as socket:
            await socket.send_bytes(tone(0.03))
            end = await socket.receive(timeout=PATIENCE)

        assert "the first frame has to be text" in str(end.extra)

    async def test_an_unknown_session_is_refused(self, recorder: RawClient, companion: CompanionServer) -> None:
        async with stream(recorder, companion.url, session="gone") as socket:
            end = await socket.receive(timeout=PATIENCE)

        assert "no such session" in str(end.extra)

    async def test_a_companion_without_ears_says_so(self, brain: ScriptedBrain) -> None:
        async with CompanionServer(SETTINGS, brain=brain) as deaf, connected(deaf.url) as client:
            await client.enter()
            async with stream(client, deaf.url) as socket:
                end = await socket.receive(timeout=PATIENCE)

        assert "companion.hearing" in str(end.extra)

    async def test_where_a_key_is_set_it_is_for_those_who_have_it(
        self, brain: ScriptedBrain, endpoint: TranscriptionEndpoint
    ) -> None:
        async with serving("/audio/transcriptions", endpoint.answer) as url:
            settings = CompanionSection(port=0, hearing="openai", hearing_url=url, access_key=SecretStr("hush"))
            async with (
                CompanionServer(settings, brain=brain, hearing=BY_LEVEL) as locked,
                straight(locked.url, key="hush") as recorder,
            ):
                await recorder.enter()
                with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
                    async with stream(recorder, locked.url):
                        pass
                recorder.http.headers["Authorization"] = "Bearer hush"
                async with stream(recorder, locked.url) as socket:
                    await say(socket, SENTENCE)
                    await recorder.expect("speechRecognitionEnd")

        assert refused.value.status == 401


class TestEndOfChat:
    async def test_the_stream_ends_with_it(self, recorder: RawClient, companion: CompanionServer) -> None:
        async with stream(recorder, companion.url) as socket:
            await say(socket, tone(0.2))
            await recorder.in_chat("stopChat")

            end = await socket.receive(timeout=PATIENCE)

        assert (end.data, end.extra) == (aiohttp.WSCloseCode.GOING_AWAY, "the chat was closed")

    async def test_a_companion_stops_at_once_though_much_waits_to_be_understood(
        self,
        brain: ScriptedBrain,
        endpoint: TranscriptionEndpoint,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        endpoint.go.clear()
        async with serving("/audio/transcriptions", endpoint.answer) as url:
            settings = CompanionSection(port=0, hearing="openai", hearing_url=url)
            companion = CompanionServer(settings, brain=brain, hearing=BY_LEVEL)
            await companion.start()
            async with connected(companion.url) as recorder, asyncio.timeout(PATIENCE):
                await recorder.enter()
                async with stream(recorder, companion.url) as socket:
                    await say(socket, SENTENCE * 8)
                    await eventually(lambda: len(endpoint.heard) == 1)

                    await companion.stop()
            endpoint.go.set()

        assert [record for record in caplog.records if record.levelno >= logging.ERROR] == []
