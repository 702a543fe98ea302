"""The Voxta of the tests in a turn: what it says, what it waits for, what it cuts, and what it hears."""

import asyncio
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest

from tests.doubles.voxta import VARIATIONS, KeyRule, Pieces, Sound, Switches, VoxtaDouble
from tests.doubles.voxta_guest import PLAYER, READER, Guest, visiting
from tests.support import eventually

STREAMER = {"audioInput": "WebSocketStream", "audioOutput": "None"}
FORMAT = {
    "contentType": "audio/wav",
    "sampleRate": 16_000,
    "channels": 1,
    "bitsPerSample": 16,
    "bufferMilliseconds": 30,
}
LOUD = struct.pack("<480h", *([3_000, -3_000] * 240))
QUIET = bytes(960)


@asynccontextmanager
async def talking(
    switches: Switches | None = None, capabilities: dict[str, Any] = PLAYER
) -> AsyncIterator[tuple[VoxtaDouble, Guest, str]]:
    """A server, and a guest who started a chat there."""
    async with VoxtaDouble(switches) as voxta, visiting(voxta.url) as guest:
        await guest.authenticate(capabilities=capabilities)
        await guest.say("startChat", characterId=voxta.characters[0].id)
        yield voxta, guest, str((await guest.told("chatStarted"))["sessionId"])


async def acknowledge(guest: Guest, session: str) -> None:
    """Play the reply that is being told."""
    end = await guest.told("replyEnd")
    for chunk in chunks(guest, end["messageId"]):
        await start(guest, session, chunk)
    await guest.say("speechPlaybackComplete", sessionId=session, messageId=end["messageId"])


async def start(guest: Guest, session: str, chunk: dict[str, Any]) -> None:
    place = {name: chunk[name] for name in ("messageId", "startIndex", "endIndex", "isNarration")}
    await guest.say("speechPlaybackStart", sessionId=session, duration=0.04, **place)


def chunks(guest: Guest, message_id: str) -> list[dict[str, Any]]:
    return [one for one in guest.messages if one["$type"] == "replyChunk" and one["messageId"] == message_id]


def states(guest: Guest) -> list[str]:
    return [one["state"] for one in guest.messages if one["$type"] == "chatFlow"]


# A turn


async def test_a_turn_goes_from_the_persons_message_to_the_free_floor() -> None:
    async with talking() as (voxta, guest, session):
        await guest.told("contextUpdated")
        before = len(guest.types)
        await guest.say("send", sessionId=session, text="Hello")
        await acknowledge(guest, session)
        await guest.told("chatFlow", state="WaitingForUserInput")

        told = [type for type in guest.types[before:] if not str(type).startswith("speechPlayback")]
        assert told == [
            "chatFlow",
            "update",
            "chatFlow",
            "chatFlow",
            "replyGenerating",
            "replyStart",
            "replyChunk",
            "replyChunk",
            "replyEnd",
            "update",
            "memoryUpdated",
            "contextUpdated",
            "chatFlow",
        ]
        assert states(guest) == [
            "ProcessingUserMessage",
            "SelectingSpeaker",
            "ProcessingAssistantReply",
            "WaitingForUserInput",
        ]
        assert voxta.chat.texts == ["Hello", "You said Hello. Tell me more."]
        assert voxta.violations == []


async def test_a_turn_without_playback_never_ends() -> None:
    async with talking() as (voxta, guest, session):
        await guest.say("send", sessionId=session, text="Hello")
        await guest.told("replyEnd")
        await guest.told("memoryUpdated")
        await guest.say("typingStart", sessionId=session)

        assert voxta.chat.state == "ProcessingAssistantReply"
        assert voxta.turns.done == 0


async def test_a_turn_without_playback_ends_where_nobody_plays_or_nobody_waits() -> None:
    for switches, capabilities in ((Switches(), READER), (VARIATIONS["playback unasked"], PLAYER)):
        async with talking(switches, capabilities) as (_, guest, session):
            await guest.say("send", sessionId=session, text="Hello")
            await guest.told("chatFlow", state="WaitingForUserInput")


async def test_a_turn_ends_when_the_player_is_gone() -> None:
    async with talking() as (voxta, guest, session):
        await guest.say("send", sessionId=session, text="Hello")
        await guest.told("memoryUpdated")
        voxta.hub.drop()

        await eventually(lambda: voxta.turns.done == 1)


@pytest.mark.parametrize("forgotten", [0, 1])
async def test_a_chunk_that_did_not_begin_keeps_a_reply_from_being_complete(forgotten: int) -> None:
    async with talking() as (voxta, guest, session):
        await guest.say("send", sessionId=session, text="Hello")
        end = await guest.told("replyEnd")
        told = chunks(guest, end["messageId"])
        await start(guest, session, told.pop(1 - forgotten))
        await guest.say("speechPlaybackComplete", sessionId=session, messageId=end["messageId"])

        assert len(voxta.violations) == 1
        assert voxta.turns.done == 0


async def test_playback_is_complete_once_and_mirrored_to_all() -> None:
    async with talking() as (voxta, guest, session), visiting(voxta.url) as other:
        await other.authenticate("Other")
        await other.say("subscribeToChat", sessionId=session)
        await guest.say("send", sessionId=session, text="Hello")
        await acknowledge(guest, session)

        message_id = (await other.told("speechPlaybackStart", startIndex=0, duration=0.04))["messageId"]
        await other.told("speechPlaybackComplete", messageId=message_id)
        await guest.say("speechPlaybackComplete", sessionId=session, messageId=message_id)
        assert voxta.violations == ["a reply's playback was complete twice"]


async def test_the_owners_playback_counts_and_anothers_does_not() -> None:
    async with talking() as (voxta, guest, session), visiting(voxta.url) as other:
        await other.authenticate("Other", capabilities=PLAYER)
        await other.say("subscribeToChat", sessionId=session)
        voxta.chat.clients.reverse()
        await guest.say("send", sessionId=session, text="Hello")
        await acknowledge(other, session)
        await other.say("typingStart", sessionId=session)
        assert voxta.chat.state == "ProcessingAssistantReply"

        await acknowledge(guest, session)
        await guest.told("chatFlow", state="WaitingForUserInput")
        assert voxta.violations == []


async def test_the_floor_is_not_free_between_what_was_queued_together() -> None:
    async with talking(capabilities=READER) as (_, guest, session):
        await guest.told("contextUpdated")
        note = {"$type": "send", "sessionId": session, "text": "/note It rains.", "doReply": False}
        call = {"type": 1, "target": "SendMessage", "arguments": [note]}
        await guest.put(call, call)
        await guest.told("chatFlow", state="WaitingForUserInput")

        assert states(guest) == ["ProcessingUserMessage", "ProcessingUserMessage", "WaitingForUserInput"]


async def test_a_star_asks_for_a_reply_and_is_no_message() -> None:
    async with talking(capabilities=READER) as (voxta, guest, session):
        await guest.say("send", sessionId=session, text="*")
        await guest.told("replyEnd")

        await eventually(lambda: voxta.chat.texts == ["You said nothing. Tell me more."])


async def test_a_note_is_told_and_not_answered_when_no_reply_is_wanted() -> None:
    async with talking(capabilities=READER) as (voxta, guest, session):
        await guest.say("send", sessionId=session, text="/note It rains.", doReply=False)
        await guest.told("update", text="It rains.", role="Note")
        await guest.told("chatFlow", state="WaitingForUserInput")

        assert voxta.chat.texts == ["It rains."]


async def test_a_speech_request_becomes_the_characters_message_even_when_empty() -> None:
    async with talking(capabilities=READER) as (_, guest, session):
        for text in ("Hear me.", ""):
            await guest.say("characterSpeechRequest", sessionId=session, text=text)
            await guest.told("update", text=text, role="Assistant")


# Interruptions


@pytest.mark.parametrize("means", ["interrupt", "send"])
async def test_an_interrupted_reply_is_cut_at_what_was_heard(means: str) -> None:
    async with talking() as (voxta, guest, session):
        await guest.say("send", sessionId=session, text="Hello")
        end = await guest.told("replyEnd")
        await start(guest, session, chunks(guest, end["messageId"])[0])
        if means == "send":
            await guest.say("send", sessionId=session, text="Stop", doReply=False)
        else:
            await guest.say("interrupt", sessionId=session)

        await guest.told("update", messageId=end["messageId"], text="You said Hello.")
        await guest.told("interruptSpeech", messageId=end["messageId"])
        assert voxta.turns.done == 0
        await guest.say("speechPlaybackComplete", sessionId=session, messageId=end["messageId"])
        await guest.told("chatFlow", state="WaitingForUserInput")
        assert voxta.violations == []


async def test_a_reply_that_is_interrupted_while_it_is_made_is_cancelled() -> None:
    more = asyncio.Event()

    async def slow(said: str) -> AsyncIterator[str]:
        yield "Once upon a time."
        await more.wait()

    async with talking() as (voxta, guest, session):
        voxta.script = slow
        await guest.say("send", sessionId=session, text="A story, please")
        chunk = await guest.told("replyChunk")
        await start(guest, session, chunk)
        await guest.say("interrupt", sessionId=session)

        await guest.told("replyCancelled", messageId=chunk["messageId"])
        await guest.told("update", text="Once upon a time.")
        await guest.told("interruptSpeech")
        await guest.told("chatFlow", state="WaitingForUserInput")


async def test_speech_that_nobody_waits_for_is_cut_all_the_same() -> None:
    async with talking(VARIATIONS["playback unasked"]) as (voxta, guest, session):
        await guest.say("send", sessionId=session, text="Hello")
        end = await guest.told("replyEnd")
        await start(guest, session, chunks(guest, end["messageId"])[0])
        await guest.told("chatFlow", state="WaitingForUserInput")
        await guest.say("interrupt", sessionId=session)

        await guest.told("update", text="You said Hello.")
        await guest.told("interruptSpeech")
        assert voxta.violations == []


async def test_a_server_may_leave_its_text_as_it_was() -> None:
    async with talking(VARIATIONS["text never cut"]) as (voxta, guest, session):
        await guest.say("send", sessionId=session, text="Hello")
        await guest.told("memoryUpdated")
        await guest.say("interrupt", sessionId=session)
        await guest.told("interruptSpeech")

        assert voxta.chat.texts[-1] == "You said Hello. Tell me more."


# How replies vary


async def test_replies_come_whole_or_cumulative() -> None:
    told = {}
    for pieces in Pieces:
        async with talking(Switches(pieces=pieces), READER) as (_, guest, session):
            await guest.say("send", sessionId=session, text="Hello")
            end = await guest.told("replyEnd")
            told[pieces] = [
                (one["startIndex"], one["endIndex"], one["text"]) for one in chunks(guest, end["messageId"])
            ]

    whole = (0, 29, "You said Hello. Tell me more.")
    assert told == {
        Pieces.SENTENCES: [(0, 15, "You said Hello."), (16, 29, "Tell me more.")],
        Pieces.WHOLE: [whole],
        Pieces.CUMULATIVE: [(0, 15, "You said Hello."), whole],
    }


async def test_a_failing_voice_is_an_error_of_its_own_and_the_reply_goes_on() -> None:
    async with talking(VARIATIONS["voice fails"]) as (voxta, guest, session):
        await guest.say("send", sessionId=session, text="Hello")
        await guest.told("chatSessionError", serviceName="Some voice", retry=True)
        await acknowledge(guest, session)

        assert [one["audioUrl"] for one in guest.messages if one["$type"] == "replyChunk"] == ["", ""]
        await guest.told("chatFlow", state="WaitingForUserInput")
        assert len(voxta.chat.texts) == 2


async def test_what_the_flow_is_may_be_left_untold() -> None:
    async with talking(VARIATIONS["no chatFlow"], READER) as (voxta, guest, session):
        await guest.say("send", sessionId=session, text="Hello")
        await eventually(lambda: voxta.turns.done == 1)

        assert states(guest) == []
        assert voxta.chat.state == "WaitingForUserInput"


async def test_company_comes_and_goes_within_a_turn() -> None:
    async with talking(VARIATIONS["restless company"], READER) as (_, guest, session):
        await guest.say("send", sessionId=session, text="Hello")
        sizes = [len((await guest.told("chatParticipantsUpdated"))["characters"]) for _ in range(2)]

        assert sizes == [2, 1]


async def test_thoughts_come_before_the_reply() -> None:
    async with talking(VARIATIONS["thinks"], READER) as (_, guest, session):
        await guest.say("send", sessionId=session, text="Hello")
        await guest.told("replyThink")
        await guest.told("replyStart")


@pytest.mark.parametrize("queued", [True, False])
async def test_a_queued_trigger_stalls_the_turn_until_it_is_complete(queued: bool) -> None:
    async with talking(Switches(queued_triggers=queued), READER) as (voxta, guest, session):

        async def acting(said: str) -> AsyncIterator[str]:
            await voxta.turns.trigger("setMood", "happy", 3, True)
            yield "There."

        voxta.script = acting
        await guest.say("send", sessionId=session, text="Cheer up")
        trigger = await guest.told("appTrigger", name="setMood", arguments=["happy", 3, True])
        assert ("triggerId" in trigger) is queued
        if queued:
            await guest.say("appTriggerComplete", sessionId=session, triggerId=voxta.chat.chat_id)
            assert "replyChunk" not in guest.types
            await guest.say("appTriggerComplete", sessionId=session, triggerId=trigger["triggerId"])

        await guest.told("replyChunk", text="There.")


async def test_arguments_of_a_trigger_without_any_are_null_where_nulls_are_sent() -> None:
    async with talking(VARIATIONS["nulls"], READER) as (voxta, guest, _):
        await voxta.turns.trigger("wave")

        await guest.told("appTrigger", arguments=None, triggerId=None)


# Sound


@asynccontextmanager
async def spoken(switches: Switches) -> AsyncIterator[tuple[list[str], aiohttp.ClientSession]]:
    """The addresses of a reply's sound, and a session to fetch them with."""
    async with talking(switches) as (voxta, guest, session), aiohttp.ClientSession(voxta.url) as http:
        await guest.say("send", sessionId=session, text="Hello")
        end = await guest.told("replyEnd")
        yield [one["audioUrl"] for one in chunks(guest, end["messageId"])], http


async def status(http: aiohttp.ClientSession, address: str) -> int:
    async with http.get(address) as response:
        return response.status


async def test_sound_can_be_fetched_once() -> None:
    async with spoken(Switches()) as ([address, _], http):
        assert address.startswith("/api/tts/gens/")
        assert [await status(http, address), await status(http, address)] == [200, 404]


async def test_cached_sound_can_be_fetched_again_with_its_token_and_not_without() -> None:
    async with spoken(Switches(sound=Sound.CACHED)) as ([address, _], http):
        assert [await status(http, address), await status(http, address)] == [200, 200]
        assert await status(http, address.partition("?")[0]) == 401


@pytest.mark.parametrize(
    ("mp3_only", "accept", "type", "begins"),
    [
        (False, "audio/x-wav", "audio/x-wav", b"RIFF"),
        (False, "*/*", "audio/mpeg", b"ID3"),
        (True, "audio/x-wav", "audio/mpeg", b"ID3"),
    ],
)
async def test_sound_is_wav_for_those_who_ask_for_it_where_it_is_made(
    mp3_only: bool, accept: str, type: str, begins: bytes
) -> None:
    async with (
        spoken(Switches(mp3_only=mp3_only)) as ([address, _], http),
        http.get(address, headers={"Accept": accept}) as response,
    ):
        assert response.content_type == type
        assert (await response.read()).startswith(begins)


@pytest.mark.parametrize(
    ("sound", "addresses"),
    [(Sound.EMPTY, ["", ""]), (Sound.SILENCE, ["silence:40", "silence:40"]), (Sound.PATCHY, [None, ""])],
)
async def test_chunks_may_have_no_sound(sound: Sound, addresses: list[str | None]) -> None:
    async with spoken(Switches(sound=sound)) as (told, _):
        assert all(one == wanted or (wanted is None and one) for one, wanted in zip(told, addresses, strict=True))


async def test_a_download_may_fail() -> None:
    async with spoken(Switches(sound=Sound.BROKEN)) as ([address, _], http):
        assert await status(http, address) == 500


async def test_the_least_gap_between_clips_is_told() -> None:
    async with talking(VARIATIONS["audio gap"]) as (_, guest, session):
        await guest.say("send", sessionId=session, text="Hello")

        await guest.told("replyChunk", audioGapMs=40)


# What people say


async def test_speech_is_reported_and_becomes_no_message() -> None:
    async with talking(capabilities=STREAMER) as (voxta, guest, session), aiohttp.ClientSession(voxta.url) as http:
        await guest.told("recordingRequest", sessionId=session, enabled=True)
        async with http.ws_connect("/ws/audio/input/stream", params={"sessionId": session}) as stream:
            await stream.send_json(FORMAT)
            for frame in [QUIET] * 5 + [LOUD] * 10 + [QUIET] * 5:
                await stream.send_bytes(frame)
            await stream.send_json({"type": "silence", "milliseconds": 150})

            assert await guest.told("speechRecognitionStart") == {"$type": "speechRecognitionStart"}
            assert (await guest.told("speechRecognitionEnd"))["text"] == "hello there"
        assert voxta.chat.texts == []
        assert voxta.ears.formats == [FORMAT]
        assert voxta.ears.received == 20 * 960 + 150 * 32


async def test_speech_that_is_not_understood_ends_without_a_text() -> None:
    async with talking(capabilities=STREAMER) as (voxta, guest, session), aiohttp.ClientSession(voxta.url) as http:
        voxta.understand = lambda pcm: ""
        async with http.ws_connect("/ws/audio/input/stream", params={"sessionId": session}) as stream:
            await stream.send_json(FORMAT)
            await stream.send_bytes(LOUD + QUIET * 10)
            await stream.send_bytes(QUIET * 11)

            assert not (await guest.told("speechRecognitionEnd")).get("text")


async def test_a_stream_that_is_not_described_first_is_closed() -> None:
    async with (
        talking(capabilities=STREAMER) as (voxta, _, session),
        aiohttp.ClientSession(voxta.url) as http,
        http.ws_connect("/ws/audio/input/stream", params={"sessionId": session}) as stream,
    ):
        await stream.send_bytes(LOUD)

        assert (await stream.receive()).type is aiohttp.WSMsgType.CLOSE
        assert stream.close_code == 1007


async def test_a_stream_needs_the_key_in_a_header_and_an_open_chat() -> None:
    async with VoxtaDouble(Switches(key=KeyRule.REFUSED)) as voxta, aiohttp.ClientSession(voxta.url) as http:
        chat = await voxta.open_elsewhere()
        bearer = {"Authorization": f"Bearer {voxta.key}"}
        for session, headers, wanted in (
            (chat.session_id, {}, 401),
            (chat.chat_id, bearer, 404),
        ):
            with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
                await http.ws_connect("/ws/audio/input/stream", params={"sessionId": session}, headers=headers)
            assert refused.value.status == wanted
        async with http.ws_connect(
            "/ws/audio/input/stream", params={"sessionId": chat.session_id}, headers=bearer
        ) as stream:
            await stream.send_json(FORMAT)
            await eventually(lambda: voxta.ears.open == 1)
