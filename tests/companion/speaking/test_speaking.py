"""A reply is spoken: what clients hear of it, when its turn is over, and how it is cut off."""

import asyncio
import io
import wave
from collections.abc import AsyncIterator
from typing import Any

import pytest
from pydantic import SecretStr
from voxta_client import VoxtaClient

from relay.companion.serving.server import CompanionServer
from relay.config import CompanionSection
from tests.companion.endpoints import SpeechEndpoint, serving
from tests.companion.raw import RawClient, ScriptedBrain, connected, straight
from tests.support import PATIENCE, eventually


@pytest.fixture
def grace(monkeypatch: pytest.MonkeyPatch) -> float:
    """Seconds the companion waits for a player beyond the length of its speech, if any: longer than any test."""
    monkeypatch.setattr("relay.companion.speaking.playback.SOUNDLESS", PATIENCE)
    return PATIENCE


@pytest.fixture
async def endpoint() -> SpeechEndpoint:
    return SpeechEndpoint()


@pytest.fixture
async def companion(brain: ScriptedBrain, endpoint: SpeechEndpoint, grace: float) -> AsyncIterator[CompanionServer]:
    async with serving("/audio/speech", endpoint.answer) as url:
        settings = CompanionSection(port=0, pace=0.0, speech="openai", speech_url=url)
        async with CompanionServer(settings, brain=brain, grace=grace) as server:
            yield server


@pytest.fixture
async def player(companion: CompanionServer) -> AsyncIterator[RawClient]:
    """A client that plays speech."""
    async with connected(companion.url) as raw:
        await raw.enter(audioOutput="Url")
        yield raw


async def fetch(client: RawClient, url: str, path: str, **options: Any) -> tuple[int, bytes]:
    async with client.http.get(url + path, **options) as response:
        return response.status, await response.read()


async def spoken(player: RawClient) -> dict[str, Any]:
    """The first sentence of a reply that is complete in the chat and not yet heard."""
    await player.say("Hello.")
    chunk = await player.expect("replyChunk")
    await player.expect("update", role="Assistant")
    return chunk


async def history(companion: CompanionServer) -> list[str]:
    async with connected(companion.url) as newcomer:
        return [message["text"] for message in (await newcomer.enter())["messages"]]


class TestClips:
    @pytest.mark.parametrize(("answer", "affect"), [("We won \U0001f389!", "joy"), ("We won!", None)])
    async def test_a_sentence_tells_the_mood_that_it_shows(
        self, player: RawClient, brain: ScriptedBrain, answer: str, affect: str | None
    ) -> None:
        brain.pieces = ("So:\n", answer)
        await spoken(player)

        assert [chunk.get("affect") for chunk in player.of_kind("replyChunk")] == [None, affect]

    async def test_each_sentence_has_an_address_where_its_speech_is_found(
        self, player: RawClient, companion: CompanionServer, endpoint: SpeechEndpoint
    ) -> None:
        await spoken(player)

        urls = [chunk["audioUrl"] for chunk in player.of_kind("replyChunk")]
        assert len(set(urls)) == 2
        assert sorted(request["input"] for request in endpoint.requests) == ["Sure.", "Why not?"]
        for url in urls:
            status, wav = await fetch(player, companion.url, url)
            assert status == 200
            with wave.open(io.BytesIO(wav)) as file:
                assert file.getnframes() / file.getframerate() == pytest.approx(0.1)

    async def test_sentences_stay_in_order_when_the_second_is_ready_first(
        self, player: RawClient, endpoint: SpeechEndpoint
    ) -> None:
        endpoint.held["Sure."] = asyncio.Event()
        await player.say("Hello.")
        await eventually(lambda: len(endpoint.requests) == 2)

        assert "replyChunk" not in player.kinds()
        endpoint.held["Sure."].set()
        await player.expect("update", role="Assistant")

        assert [chunk["text"] for chunk in player.of_kind("replyChunk")] == ["Sure. ", "Why not?"]

    async def test_nothing_is_spoken_when_nobody_plays_it(self, client: RawClient, endpoint: SpeechEndpoint) -> None:
        await client.say("Hello.")
        chunk = await client.expect("replyChunk")
        await client.expect("speechPlaybackComplete")

        assert chunk["audioUrl"] == ""
        assert endpoint.requests == []

    @pytest.mark.parametrize(
        "capabilities",
        [{"audioOutput": "LocalFile"}, {"audioOutput": "Url", "acceptedAudioContentTypes": ["audio/mpeg"]}],
    )
    async def test_a_client_that_could_not_play_it_counts_as_nobody(
        self, companion: CompanionServer, endpoint: SpeechEndpoint, capabilities: dict[str, Any]
    ) -> None:
        async with connected(companion.url) as other:
            await other.enter(**capabilities)
            await other.say("Hello.")
            await other.expect("speechPlaybackComplete")

        assert endpoint.requests == []

    async def test_whoever_was_told_the_address_may_listen_without_a_key(self, brain: ScriptedBrain) -> None:
        settings = CompanionSection(port=0, access_key=SecretStr("hush"), speech="espeak")
        async with CompanionServer(settings, brain=brain) as locked, straight(locked.url, key="hush") as player:
            await player.enter(audioOutput="Url")
            url = (await spoken(player))["audioUrl"]

            assert (await fetch(player, locked.url, url))[0] == 200

    async def test_pages_of_other_sites_may_not_listen(self, player: RawClient, companion: CompanionServer) -> None:
        url = (await spoken(player))["audioUrl"]

        assert (await fetch(player, companion.url, url, headers={"Origin": "https://evil.example"}))[0] == 403

    async def test_an_unknown_clip_is_not_found(self, player: RawClient, companion: CompanionServer) -> None:
        assert (await fetch(player, companion.url, "/api/tts/gens/guess"))[0] == 404


class TestFailingVoice:
    async def test_the_text_goes_out_and_the_trouble_is_told_once(
        self, player: RawClient, endpoint: SpeechEndpoint, caplog: pytest.LogCaptureFixture
    ) -> None:
        endpoint.status = 401
        await player.say("Hello.")
        await player.expect("replyEnd")

        [trouble] = player.of_kind("chatSessionError")
        assert trouble["serviceName"] == "TextToSpeech"
        assert "without speech" in trouble["message"] and "companion.speech_api_key" in trouble["message"]
        assert [chunk["audioUrl"] for chunk in player.of_kind("replyChunk")] == ["", ""]
        assert len([record for record in caplog.records if "without speech" in record.message]) == 1

    async def test_the_next_reply_is_spoken_again(self, player: RawClient, endpoint: SpeechEndpoint) -> None:
        endpoint.status = 500
        await player.say("Hello.")
        await player.expect("replyEnd")

        endpoint.status = 200

        assert (await spoken(player))["audioUrl"]


class TestEndOfTurn:
    async def test_the_turn_is_over_when_the_player_says_so(self, player: RawClient, client: RawClient) -> None:
        chunk = await spoken(player)
        await player.in_chat(
            "speechPlaybackStart", messageId=chunk["messageId"], startIndex=0, endIndex=6, duration=0.1
        )
        assert (await client.expect("speechPlaybackStart"))["endIndex"] == 6
        assert "speechPlaybackComplete" not in client.kinds()

        await player.in_chat("speechPlaybackComplete", messageId=chunk["messageId"])

        assert (await client.expect("speechPlaybackComplete"))["messageId"] == chunk["messageId"]

    @pytest.mark.parametrize("started", [True, False])
    async def test_a_player_that_goes_ends_it_at_once(
        self, companion: CompanionServer, client: RawClient, started: bool
    ) -> None:
        async with connected(companion.url) as player:
            await player.enter(audioOutput="Url")
            chunk = await spoken(player)
            if started:
                await player.in_chat("speechPlaybackStart", messageId=chunk["messageId"])

        assert (await client.expect("speechPlaybackComplete"))["messageId"] == chunk["messageId"]

    async def test_a_late_end_of_an_earlier_reply_does_not_end_the_next(self, player: RawClient) -> None:
        first = (await spoken(player))["messageId"]
        second = (await spoken(player))["messageId"]

        await player.in_chat("speechPlaybackComplete", messageId=first)
        assert "speechPlaybackComplete" not in player.kinds()
        await player.in_chat("speechPlaybackComplete", messageId=second)

        assert (await player.expect("speechPlaybackComplete"))["messageId"] == second

    async def test_a_reply_without_sound_is_over_when_its_player_has_taken_it(
        self, player: RawClient, client: RawClient, endpoint: SpeechEndpoint
    ) -> None:
        endpoint.status = 500
        await player.say("Hello.")
        end = await player.expect("replyEnd")
        for chunk in player.of_kind("replyChunk"):
            places = {key: chunk[key] for key in ("messageId", "startIndex", "endIndex", "isNarration")}
            await player.in_chat("speechPlaybackStart", **places, duration=0)
        assert [started["duration"] for started in client.of_kind("speechPlaybackStart")] == [0, 0]
        assert client.of_kind("chatFlow")[-1]["state"] == "ProcessingAssistantReply"

        await player.in_chat("speechPlaybackComplete", messageId=end["messageId"])

        await client.expect("chatFlow", state="WaitingForUserInput")
        await client.expect("speechPlaybackComplete")

    async def test_a_second_completion_ends_nothing(self, player: RawClient, client: RawClient) -> None:
        reply = (await spoken(player))["messageId"]
        await player.in_chat("speechPlaybackComplete", messageId=reply)
        turns = client.of_kind("chatFlow")

        await player.in_chat("speechPlaybackComplete", messageId=reply)

        assert client.of_kind("chatFlow") == turns

    async def test_an_interruption_names_whose_speech_it_ends(self, player: RawClient) -> None:
        reply = (await spoken(player))["messageId"]

        await player.in_chat("interrupt")

        assert (await player.expect("interruptSpeech"))["messageId"] == reply

    async def test_a_player_that_is_done_before_the_text_waits_for_the_rest(
        self, player: RawClient, brain: ScriptedBrain
    ) -> None:
        brain.pieces, brain.hold = ("First. ", "Second. ", "Third."), 2
        await player.say("Hello.")
        chunk = await player.expect("replyChunk")
        await player.in_chat("speechPlaybackComplete", messageId=chunk["messageId"])

        brain.go.set()
        await player.expect("replyEnd")
        await player.in_chat("speechPlaybackComplete", messageId=chunk["messageId"])

        assert (await player.expect("speechPlaybackComplete"))["messageId"] == chunk["messageId"]


class TestDeadline:
    @pytest.fixture
    def grace(self) -> float:
        return 0.1

    async def test_a_player_that_never_starts_ends_it_by_the_deadline(self, player: RawClient) -> None:
        chunk = await spoken(player)

        assert (await player.expect("speechPlaybackComplete"))["messageId"] == chunk["messageId"]

    async def test_a_player_that_never_completes_ends_it_by_the_deadline(self, player: RawClient) -> None:
        chunk = await spoken(player)

        await player.in_chat("speechPlaybackStart", messageId=chunk["messageId"], startIndex=6)

        assert (await player.expect("speechPlaybackComplete"))["messageId"] == chunk["messageId"]


class TestInterruption:
    async def test_speech_of_a_complete_reply_is_silenced_and_its_text_cut_to_what_was_heard(
        self, player: RawClient, client: RawClient, companion: CompanionServer
    ) -> None:
        message = (await spoken(player))["messageId"]

        await player.in_chat("interrupt")
        cut = await player.in_chat("update", messageId=message, text="Sure.")

        await client.expect("interruptSpeech")
        update = await client.expect("update")
        assert (update["messageId"], update["text"]) == (message, "Sure.")
        assert "error" not in cut
        assert await history(companion) == ["Hello.", "Sure."]

    @pytest.mark.parametrize(("heard", "left"), [("First", ["Hello.", "First"]), (None, ["Hello."])])
    async def test_a_reply_cut_in_the_middle_is_cut_to_what_was_heard(
        self, player: RawClient, companion: CompanionServer, brain: ScriptedBrain, heard: str | None, left: list[str]
    ) -> None:
        brain.pieces, brain.hold = ("First. ", "Second. ", "Third."), 2
        await player.say("Hello.")
        message = (await player.expect("replyChunk"))["messageId"]

        await player.in_chat("interrupt")
        if heard is None:
            await player.in_chat("deleteMessage", messageId=message)
        else:
            await player.in_chat("update", messageId=message, text=heard)

        await player.expect("replyCancelled")
        await player.expect("interruptSpeech" if heard is None else "update")
        assert await history(companion) == left

    async def test_a_complete_reply_of_which_nothing_was_heard_can_be_deleted(
        self, player: RawClient, companion: CompanionServer
    ) -> None:
        message = (await spoken(player))["messageId"]

        await player.in_chat("interrupt")
        await player.in_chat("deleteMessage", messageId=message)

        assert (await player.expect("deleted"))["messageId"] == message
        assert await history(companion) == ["Hello."]

    @pytest.mark.parametrize(("kind", "fields"), [("update", {"text": "Well"}), ("deleteMessage", {})])
    async def test_a_reply_that_never_had_text_is_an_error_for_who_asks_alone(
        self, player: RawClient, client: RawClient, brain: ScriptedBrain, kind: str, fields: dict[str, Any]
    ) -> None:
        brain.hold = 0
        await player.say("Hello.")
        message = (await player.expect("replyGenerating"))["messageId"]
        await player.in_chat("interrupt")

        completion = await player.in_chat(kind, messageId=message, **fields)

        assert "there is no message" in completion["error"]
        assert "there is no message" in (await player.expect("chatSessionError"))["message"]
        await client.in_chat("typingEnd")
        assert "error" not in client.kinds()

    async def test_a_sentence_that_is_still_made_into_speech_is_never_sent(
        self, player: RawClient, endpoint: SpeechEndpoint, companion: CompanionServer
    ) -> None:
        endpoint.held["Sure."] = asyncio.Event()
        await player.say("Hello.")
        await player.expect("replyGenerating")

        await player.in_chat("interrupt")
        endpoint.held["Sure."].set()

        await player.expect("interruptSpeech")
        assert await history(companion) == ["Hello."]
        assert "replyChunk" not in player.kinds()

    @pytest.mark.parametrize("request_", ["triggerReply", "characterSpeechRequest"])
    async def test_a_new_reply_silences_the_one_that_is_heard(self, player: RawClient, request_: str) -> None:
        character = player.of_kind("chatStarted")[-1]["characters"][0]["id"]
        first = (await spoken(player))["messageId"]

        await player.in_chat(request_, characterId=character)

        await player.expect("interruptSpeech")
        chunk = await player.expect("replyChunk")
        assert chunk["messageId"] != first
        assert chunk["audioUrl"]

    async def test_a_text_the_character_was_given_is_spoken(self, player: RawClient, endpoint: SpeechEndpoint) -> None:
        character = player.of_kind("chatStarted")[-1]["characters"][0]["id"]

        await player.in_chat("characterSpeechRequest", characterId=character, text="As I said. Welcome!")
        await player.expect("update", role="Assistant")

        assert sorted(request["input"] for request in endpoint.requests) == ["As I said.", "Welcome!"]
        assert [chunk["text"] for chunk in player.of_kind("replyChunk")] == ["As I said. ", "Welcome!"]

    async def test_a_reply_that_fails_is_heard_as_far_as_it_went(self, player: RawClient, brain: ScriptedBrain) -> None:
        brain.fails = "the model is asleep"
        await player.say("Hello.")
        message = (await player.expect("replyCancelled"))["messageId"]

        assert "speechPlaybackComplete" not in player.kinds()
        await player.in_chat("speechPlaybackComplete", messageId=message)

        assert (await player.expect("speechPlaybackComplete"))["messageId"] == message


async def test_the_published_client_is_spoken_to_by_espeak() -> None:
    """It declares audioOutput Url by itself."""
    settings = CompanionSection(port=0, pace=0.0, speech="espeak")
    chunks: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
    started, ended, over, closed = asyncio.Event(), asyncio.Event(), asyncio.Event(), asyncio.Event()
    async with CompanionServer(settings) as companion:
        client = VoxtaClient(companion.url)
        client.on("replyChunk", chunks.put_nowait)
        client.on("chatStarted", lambda _: started.set())
        client.on("replyEnd", lambda _: ended.set())
        client.on("speechPlaybackComplete", lambda _: over.set())
        client.on("close", lambda _: closed.set())
        token, cookies = await asyncio.to_thread(client.negotiate)
        await client.connect(token, cookies)
        async with asyncio.timeout(PATIENCE):
            await started.wait()
            await client.send_message("Hello.")
            chunk = await chunks.get()
            assert chunk["audioUrl"].startswith("/api/tts/gens/")
            await client.speech_playback_start(message_id=chunk["messageId"])
            await ended.wait()
            await client.speech_playback_complete(message_id=chunk["messageId"])
            await over.wait()
            await client.close()
            await closed.wait()
