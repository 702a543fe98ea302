"""What each client message does to the chat, as its clients see it."""

from typing import Any

import pytest

from relay.companion.brains.reasoning import Thought
from relay.companion.serving.server import CompanionServer
from relay.companion.state.chat import MessageRole
from tests.companion.conftest import SETTINGS
from tests.companion.raw import RawClient, ScriptedBrain, connected

REPLY = ["replyGenerating", "replyStart", "replyChunk", "replyChunk", "replyEnd", "update", "speechPlaybackComplete"]


async def history(companion: CompanionServer) -> list[dict[str, Any]]:
    """The chat as a client that comes now is told it."""
    async with connected(companion.url) as newcomer:
        messages: list[dict[str, Any]] = (await newcomer.enter())["messages"]
        return messages


async def test_a_user_message_is_announced_and_answered_in_sentences(client: RawClient) -> None:
    before = len(client.kinds())

    await client.say("Shall we play?")
    reply = await client.expect("update", role="Assistant")
    await client.expect("speechPlaybackComplete")

    assert [kind for kind in client.kinds()[before:] if kind != "chatFlow"] == ["update", *REPLY]
    assert (reply["role"], reply["text"], reply["index"], reply["conversationIndex"]) == (
        "Assistant",
        "Sure. Why not?",
        1,
        1,
    )
    asked, _ = client.of_kind("update")
    assert (asked["role"], asked["text"], asked["index"]) == ("User", "Shall we play?", 0)
    assert {m["messageId"] for m in client.messages if "reply" in m["$type"]} == {reply["messageId"]}


async def test_chunks_name_their_place_in_the_whole_text(client: RawClient) -> None:
    await client.say("Tell me.")
    text = (await client.expect("update", role="Assistant"))["text"]

    chunks = client.of_kind("replyChunk")

    assert "".join(chunk["text"] for chunk in chunks) == text
    assert all(text[c["startIndex"] : c["endIndex"]] == c["text"] for c in chunks)


async def test_a_call_is_answered_when_it_has_arrived_and_then_done(client: RawClient) -> None:
    await client.say("Hello.")
    await client.say("/dance")

    shown = [client._message(frame).get("$type") or frame.get("invocationId") for frame in client.frames]
    assert shown.index("call-3") + 1 == shown.index("update")
    assert shown.index("call-4") + 1 == shown.index("chatSessionError")


@pytest.mark.parametrize(
    ("text", "role", "shown"),
    [
        ("/event A door slams", "Event", "A door slams"),
        ("[A door slams]", "Event", "A door slams"),
        ("/EVENT: A door slams", "Event", "A door slams"),
        ("/message --role Event -- A door slams", "Event", "A door slams"),
        ("/message --role Note --reply true -- A noise", "Note", "A noise"),
    ],
)
async def test_events_are_announced_and_answered(client: RawClient, text: str, role: str, shown: str) -> None:
    await client.say(text)

    update = await client.expect("update")
    assert (update["role"], update["text"]) == (role, shown)
    await client.expect("replyEnd")


@pytest.mark.parametrize(
    ("text", "role"),
    [
        ("/note It rains", MessageRole.NOTE),
        ("/secret It rains", MessageRole.SECRET),
        ("/instructions It rains", MessageRole.INSTRUCTIONS),
        ("/noreply It rains", MessageRole.USER),
        ("/message --role Event --reply false -- It rains", MessageRole.EVENT),
    ],
)
async def test_silent_messages_are_taken_without_an_answer(
    client: RawClient, companion: CompanionServer, brain: ScriptedBrain, text: str, role: MessageRole
) -> None:
    await client.say(text)

    assert brain.views == []
    assert [m["text"] for m in await history(companion)] == (["It rains"] if role.seen_by_user else [])
    await client.say("*")
    assert [line.role for line in brain.views[0].lines] == ([role] if role.seen_by_character else [])


async def test_secrets_are_shown_to_inspectors_only(client: RawClient, companion: CompanionServer) -> None:
    async with connected(companion.url) as inspector:
        await inspector.enter()
        await inspector.in_chat("inspect", enabled=True)

        await client.say("/secret He lies")

        assert (await inspector.expect("update"))["role"] == "Secret"
        assert "update" not in client.kinds()


async def test_thoughts_are_shown_to_inspectors_only(client: RawClient, brain: ScriptedBrain) -> None:
    brain.pieces = (Thought("Who is "), Thought("that?"), "\n\nHello.")
    await client.in_chat("inspect", enabled=True)

    await client.say("Hi.")

    assert (await client.expect("inspector"))["log"] == "thinks: Who is that?"
    assert (await client.expect("replyChunk"))["text"] == "Hello."


async def test_while_an_answer_takes_its_time_everybody_is_told_that_it_is_thought_about(
    client: RawClient, brain: ScriptedBrain, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("relay.companion.speaking.replies.THINKS_EVERY", 0.01)
    brain.hold = 0
    await client.say("Hi.")
    begun = await client.expect("replyGenerating")
    for _ in range(3):
        assert (await client.expect("replyThink", messageId=begun["messageId"]))["text"] == ""

    brain.go.set()
    await client.expect("replyEnd")

    kinds = client.kinds()
    assert "replyThink" not in kinds[kinds.index("replyStart") :]


async def test_the_character_can_be_made_to_speak(client: RawClient) -> None:
    await client.say("/char I am {{ char }}, {{ user }}{{ nonsense }}!", doReply=False)

    spoken = await client.expect("update", role="Assistant")

    assert (spoken["role"], spoken["text"]) == ("Assistant", "I am Vox, Streamer!")


async def test_a_lone_star_asks_for_a_reply_without_a_message(client: RawClient) -> None:
    await client.say("*")

    assert (await client.expect("update", role="Assistant"))["index"] == 0
    assert len(client.of_kind("update")) == 1


async def test_without_do_reply_there_is_no_reply(client: RawClient, brain: ScriptedBrain) -> None:
    await client.say("Just so you know.", doReply=False)

    assert brain.views == []


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("/dance", "unknown command /dance"),
        ("/trigger dance", "no action 'dance'"),
        ("/repeat", "no character has said anything"),
        ('/message --character "Catherine" -- Hi', "no character 'Catherine'"),
        ("/setflags a-b", "'a-b' is no flag"),
        ("{{ nonsense }}", "nothing is left"),
    ],
)
async def test_a_refused_command_is_an_error_and_the_message_is_lost(
    client: RawClient, companion: CompanionServer, text: str, named: str
) -> None:
    completion = await client.say(text)

    assert named in completion["error"]
    assert named in (await client.expect("chatSessionError"))["message"]
    assert await history(companion) == []


async def test_limits_of_a_send_hold_for_its_reply(client: RawClient, brain: ScriptedBrain) -> None:
    await client.say("Briefly.", generateConstraintRequest={"maxSentences": 1, "maxNewTokens": 20})

    assert (await client.expect("update", role="Assistant"))["text"] == "Sure."
    assert brain.views[0].limits.max_new_tokens == 20


class TestReplyInProgress:
    @pytest.fixture
    def brain(self) -> ScriptedBrain:
        return ScriptedBrain("First. ", "Second. ", "Third.", hold=2)

    async def test_a_user_message_cuts_it_off_and_what_was_said_stays(
        self, client: RawClient, companion: CompanionServer, brain: ScriptedBrain
    ) -> None:
        await client.say("Go on.")
        first = (await client.expect("replyChunk"))["messageId"]

        await client.say("Stop, listen!")

        assert (await client.expect("replyCancelled"))["messageId"] == first
        kept = await client.expect("update")
        assert (kept["messageId"], kept["role"], kept["text"]) == (first, "Assistant", "First.")
        assert (await client.expect("replyGenerating"))["messageId"] != first
        assert [m["text"] for m in await history(companion)] == ["Go on.", "First.", "Stop, listen!"]
        assert brain.closed.is_set()

    async def test_a_noreply_message_leaves_it_alone(self, client: RawClient, brain: ScriptedBrain) -> None:
        await client.say("Go on.")
        await client.expect("replyChunk")

        await client.say("/noreply Anna is here.")
        brain.go.set()

        assert (await client.expect("update", role="Assistant"))["text"] == "First. Second. Third."
        assert "replyCancelled" not in client.kinds()

    async def test_interrupt_silences_it(self, client: RawClient) -> None:
        await client.say("Go on.")
        await client.expect("replyChunk")

        await client.in_chat("interrupt")

        await client.expect("replyCancelled")
        await client.expect("interruptSpeech")
        assert "replyEnd" not in client.kinds()

    async def test_a_reply_that_had_said_nothing_leaves_no_trace(
        self, client: RawClient, companion: CompanionServer, brain: ScriptedBrain
    ) -> None:
        brain.hold = 0
        await client.say("Go on.")
        await client.expect("replyGenerating")

        await client.in_chat("interrupt")

        assert [m["text"] for m in await history(companion)] == ["Go on."]

    async def test_pausing_stops_it_and_answers_wait_for_demand(self, client: RawClient, brain: ScriptedBrain) -> None:
        await client.say("Go on.")
        await client.expect("replyChunk")

        await client.in_chat("pauseChat", pause=True)
        await client.say("Are you there?")
        answered = len(brain.views)
        await client.in_chat("triggerReply")

        await client.expect("replyCancelled")
        assert (await client.expect("chatPaused"))["paused"] is True
        assert (answered, len(brain.views)) == (1, 2)

    async def test_stopping_the_chat_ends_it(self, client: RawClient, brain: ScriptedBrain) -> None:
        await client.say("Go on.")
        await client.expect("replyChunk")

        await client.in_chat("stopChat")

        await client.expect("replyCancelled")
        assert (await client.expect("chatClosed"))["chatId"] == client.chat_id
        assert brain.closed.is_set()


class TestFailingBrain:
    @pytest.fixture
    def brain(self) -> ScriptedBrain:
        return ScriptedBrain("So... ", "well.", fails="the model is asleep")

    async def test_its_failure_is_told_and_the_chat_lives_on(self, client: RawClient, brain: ScriptedBrain) -> None:
        await client.say("Hello.")

        assert (await client.expect("chatSessionError"))["message"] == "the model is asleep"
        await client.expect("replyCancelled")
        brain.fails = None
        await client.say("And now?")
        await client.expect("replyEnd")


async def test_every_subscriber_sees_the_same_conversation(client: RawClient, companion: CompanionServer) -> None:
    async with connected(companion.url) as other:
        await other.enter()

        await client.say("Hello everybody.")
        for each in (client, other):
            await each.expect("speechPlaybackComplete")
            await each.expect("chatFlow", state="WaitingForUserInput")

        assert other.messages[-12:] == client.messages[-12:]


async def test_speech_played_by_one_client_is_known_to_all_until_it_goes(
    client: RawClient, companion: CompanionServer
) -> None:
    async with connected(companion.url) as player:
        await player.enter()

        await player.in_chat("speechPlaybackStart", messageId="m", startIndex=3, endIndex=9, duration=1.5)

        started = await client.expect("speechPlaybackStart")
        assert (started["startIndex"], started["endIndex"], started["duration"]) == (3, 9, 1.5)
    assert (await client.expect("speechPlaybackComplete"))["messageId"] == "m"


async def test_a_user_message_silences_speech_that_is_still_heard(client: RawClient) -> None:
    await client.in_chat("speechPlaybackStart", messageId="m")

    await client.say("Excuse me!")

    await client.expect("interruptSpeech")
    await client.expect("replyEnd")


async def test_a_speech_request_says_its_text_or_asks_for_a_reply(client: RawClient, brain: ScriptedBrain) -> None:
    character = client.of_kind("chatStarted")[-1]["characters"][0]["id"]

    await client.in_chat("characterSpeechRequest", characterId=character, text="Welcome, {{ user }}!")
    said = await client.expect("update", role="Assistant")
    await client.in_chat("characterSpeechRequest", characterId=character)
    answered = await client.expect("update", role="Assistant")

    assert (said["text"], answered["text"]) == ("Welcome, Streamer!", "Sure. Why not?")
    assert len(brain.views) == 1


async def test_revert_takes_back_the_last_exchange(client: RawClient, companion: CompanionServer) -> None:
    await client.say("One.")
    await client.expect("update", role="Assistant")
    await client.say("Two.")
    await client.expect("update", role="Assistant")

    await client.in_chat("revert")

    assert len(client.of_kind("deleted")) == 2
    assert [m["text"] for m in await history(companion)] == ["One.", "Sure. Why not?"]


async def test_retry_makes_another_reply_and_never_uses_an_index_twice(
    client: RawClient, companion: CompanionServer
) -> None:
    await client.say("One.")
    first = await client.expect("update", role="Assistant")

    await client.in_chat("retry")

    assert (await client.expect("deleted"))["messageId"] == first["messageId"]
    assert (await client.expect("update", role="Assistant"))["index"] == 2
    assert [m["index"] for m in await history(companion)] == [0, 2]


async def test_retry_takes_back_the_newest_reply_also_where_something_was_told_after_it(client: RawClient) -> None:
    await client.say("One.")
    first = await client.expect("update", role="Assistant")
    await client.say("/noreply Somebody follows.")

    await client.in_chat("retry")

    assert (await client.expect("deleted"))["messageId"] == first["messageId"]


@pytest.mark.parametrize("answered", [[], ["One."]])
async def test_retry_of_a_reply_that_came_to_nothing_leaves_the_answers_before_it(
    client: RawClient, brain: ScriptedBrain, companion: CompanionServer, answered: list[str]
) -> None:
    for text in answered:
        await client.say(text)
        await client.expect("update", role="Assistant")
    pieces, brain.pieces, brain.fails = brain.pieces, (), "the model is asleep"
    await client.say("Two.")
    assert (await client.expect("chatSessionError"))["retry"]
    await client.expect("replyCancelled")
    brain.pieces, brain.fails = pieces, None

    await client.in_chat("retry")
    await client.expect("update", role="Assistant")

    assert client.of_kind("deleted") == []
    said = [m["text"] for m in await history(companion)]
    assert said == [line for text in [*answered, "Two."] for line in (text, "Sure. Why not?")]


@pytest.mark.parametrize("request_", ["revert", "retry"])
async def test_an_empty_chat_has_nothing_to_take_back(client: RawClient, request_: str) -> None:
    assert "there is no" in (await client.in_chat(request_))["error"]


async def test_messages_are_edited_and_deleted(client: RawClient, companion: CompanionServer) -> None:
    await client.say("Teh cat", doReply=False)
    message_id = (await client.expect("update"))["messageId"]

    await client.in_chat("update", messageId=message_id, text="The cat")
    edited = await client.expect("update")
    kept = await history(companion)
    await client.in_chat("deleteMessage", messageId=message_id)

    assert (edited["messageId"], edited["text"]) == (message_id, "The cat")
    assert [m["text"] for m in kept] == ["The cat"]
    assert await history(companion) == []


async def test_contexts_and_flags_are_kept_by_key_and_reach_the_character(
    client: RawClient, brain: ScriptedBrain
) -> None:
    await client.in_chat(
        "updateContext",
        contextKey="game",
        contexts=[
            {"text": "{{ char }} wears a crown.", "name": "Crown"},
            {"text": "It rains.", "flagsFilter": "weather.rain && !inside"},
            {"content": "Never shown.", "disabled": True},
        ],
        setFlags=["weather.sun", "weather.rain"],
        actions=[{"name": "wave"}],
    )
    await client.in_chat("updateContext", contextKey="other", contexts=[{"text": "A cat sleeps."}])
    await client.say("/setflags inside")
    await client.say("Well?")
    await client.in_chat("updateContext", contextKey="game", contexts=[])
    await client.say("And now?")

    first = await client.expect("contextUpdated")
    assert [flag["name"] for flag in first["flags"]] == ["weather.rain"]
    assert first["actions"] == [{"name": "wave", "contextKey": "game"}]
    assert [c["text"] for c in first["contexts"]] == ["{{ char }} wears a crown.", "It rains.", "Never shown."]
    assert brain.views[0].contexts == ("Vox wears a crown.", "A cat sleeps.")
    assert brain.views[1].contexts == ("A cat sleeps.",)


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"setFlags": ["a", "b c"]}, "'b c' is no flag"),
        ({"setFlags": ["a"], "events": [{"name": "e", "probability": 2}]}, "events[0].probability"),
        ({"setFlags": ["a"], "actions": [{"name": "w", "timing": "Never"}]}, "actions[0].timing"),
        ({"setFlags": ["a"], "variables": {"v": [1]}}, "variables.v: [1] is no number"),
        ({"setFlags": ["a"], "enableRoles": {"villain": True}}, "nobody has the scenario role 'villain'"),
        ({"setFlags": ["a"], "contexts": [{"text": "x", "flagsFilter": "a &&"}]}, "flagsFilter"),
        ({"setFlags": ["a"], "contexts": [{"text": "x", "flagsFilter": "(" * 5000}]}, "flagsFilter"),
    ],
)
async def test_a_refused_context_changes_nothing(
    client: RawClient, companion: CompanionServer, fields: dict[str, Any], named: str
) -> None:
    completion = await client.in_chat("updateContext", contextKey="k", **fields)

    assert named in completion["error"]
    assert "contextUpdated" not in client.kinds()
    async with connected(companion.url) as newcomer:
        assert (await newcomer.enter())["context"]["flags"] == []


async def test_script_events_are_accepted_and_shown_to_inspectors(client: RawClient) -> None:
    await client.in_chat("inspect", enabled=True)

    completion = await client.in_chat("triggerScriptEvent", name="hover", arguments=[{"name": "limb", "value": "arm"}])

    assert "error" not in completion
    assert (await client.expect("inspector"))["log"] == "script event app:hover(limb='arm')"


async def test_a_second_chat_is_started_stopped_and_resumed_with_its_history(client: RawClient) -> None:
    [character] = client.of_kind("chatStarted")[-1]["characters"]
    await client.call("startChat", characterId=character["id"], contexts=[{"text": "It rains."}])
    started = await client.expect("chatStarted")
    sessions = (await client.expect("chatsSessionsUpdated"))["sessions"]
    await client.call("send", sessionId=started["sessionId"], text="Remember the milk.", doReply=False)

    await client.call("stopChat", chatId=started["chatId"])
    left = (await client.expect("chatsSessionsUpdated"))["sessions"]
    await client.call("resumeChat", chatId=started["chatId"])
    resumed = await client.expect("chatStarted")

    assert [s["chatId"] for s in sessions] == [client.chat_id, started["chatId"]]
    assert [s["chatId"] for s in left] == [client.chat_id]
    assert resumed["chatId"] == started["chatId"]
    assert resumed["sessionId"] != started["sessionId"]
    assert [m["text"] for m in resumed["messages"]] == ["Remember the milk."]


async def test_the_time_a_chat_is_closed_does_not_count() -> None:
    now = 1_000.0
    server = CompanionServer(SETTINGS, brain=ScriptedBrain(), clock=lambda: now)
    async with server as companion, connected(companion.url) as client:
        await client.enter()
        now += 10
        await client.in_chat("stopChat")
        now += 500
        await client.call("resumeChat", chatId=client.chat_id)
        client.session_id = (await client.expect("chatStarted"))["sessionId"]
        now += 5
        await client.say("Back again.", doReply=False)

        assert (await client.expect("update"))["chatTime"] == 15


async def test_what_there_is_can_be_listed(client: RawClient) -> None:
    await client.call("loadCharactersList")
    await client.call("loadScenariosList")
    await client.call("loadChatsList")

    assert [c["name"] for c in (await client.expect("charactersListLoaded"))["characters"]] == ["Vox"]
    assert [s["name"] for s in (await client.expect("scenariosListLoaded"))["scenarios"]] == ["Vox"]
    assert [c["id"] for c in (await client.expect("chatsListLoaded"))["chats"]] == [client.chat_id]


@pytest.mark.parametrize(
    ("kind", "fields", "named"),
    [
        ("addChatParticipant", {"characterId": "c"}, "there is no character 'c'"),
        ("removeChatParticipant", {"characterId": "c"}, "there is no character 'c'"),
        ("triggerAction", {"value": "wave"}, "there is no action 'wave'"),
        ("startChat", {"characterId": "nobody"}, "known are"),
        ("startChat", {"scenarioId": "nowhere"}, "'nowhere' is not the scenario"),
        ("resumeChat", {"chatId": "nowhere"}, "there is no chat 'nowhere'"),
        ("sendSecret", {"text": "psst"}, "sendSecret is not a message this server knows"),
        ("send", {"text": ["not", "text"]}, "send: text"),
        ("update", {"messageId": "m", "text": "x"}, "there is no message 'm'"),
    ],
)
async def test_what_cannot_be_done_is_named(client: RawClient, kind: str, fields: dict[str, Any], named: str) -> None:
    completion = await client.in_chat(kind, **fields)

    assert named in completion["error"]
    assert named in (await client.expect("chatSessionError"))["message"]


async def test_an_unknown_session_is_an_error(client: RawClient) -> None:
    assert "no session 'gone'" in (await client.call("send", sessionId="gone", text="Hi"))["error"]


async def test_typing_and_registration_are_taken_note_of(client: RawClient) -> None:
    completions = [
        await client.call("registerApp", clientVersion="1", label="Test"),
        await client.in_chat("typingStart"),
        await client.in_chat("typingEnd", sent=True),
    ]

    assert not any("error" in completion for completion in completions)


async def test_what_a_lone_character_is_made_to_say_it_does_not_answer_itself(
    client: RawClient, brain: ScriptedBrain
) -> None:
    await client.say("/char Look at that.")
    await client.expect("speechPlaybackComplete")
    await client.say("Nice.")
    await client.expect("replyEnd")

    assert len(brain.views) == 1, "only the user's message was answered"
