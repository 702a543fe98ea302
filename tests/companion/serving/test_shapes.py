"""What clients of real servers send and expect to get, in shapes that Voxta's documents do not tell."""

from typing import Any

import pytest

from relay.companion.serving.server import CompanionServer
from tests.companion.play import CAST, playing
from tests.companion.raw import RawClient, ScriptedBrain, connected, straight


async def test_the_welcome_names_an_api_version_that_official_clients_accept(companion: CompanionServer) -> None:
    async with straight(companion.url) as client:
        await client.call("authenticate", client="test", scope=["role:app"], capabilities={})

        assert (await client.expect("welcome"))["apiVersion"] == "2025-11"


@pytest.mark.parametrize("call", ["startChat", "resumeChat", "subscribeToChat"])
async def test_a_chat_that_is_opened_tells_its_ids_before_it_is_there(client: RawClient, call: str) -> None:
    character = client.of_kind("welcome")[0]["assistant"]["id"] if call == "startChat" else None
    del client.frames[:]
    await client.in_chat(call, chatId=None if character else client.chat_id, characterId=character)

    opening = [m for m in client.messages if m["$type"] != "chatsSessionsUpdated"]
    assert [m["$type"] for m in opening] == ["chatStarting", "chatLoadingMessage", "chatStarted", "chatFlow"]
    assert {m["sessionId"] for m in opening} == {opening[0]["sessionId"]}
    assert opening[0]["chatId"] == opening[2]["chatId"]


async def test_a_chat_is_subscribed_to_by_its_session_alone(client: RawClient, companion: CompanionServer) -> None:
    async with connected(companion.url) as other:
        await other.call("authenticate")
        assert "error" not in await other.call("subscribeToChat", sessionId=client.session_id)

        assert (await other.expect("chatStarted"))["chatId"] == client.chat_id


NULLS: list[tuple[str, dict[str, Any]]] = [
    ("authenticate", {"client": "x", "clientVersion": None, "scope": ["role:app"], "capabilities": None}),
    ("authenticate", {"capabilities": {"audioInput": "None", "visionSources": None, "features": []}}),
    ("registerApp", {"clientVersion": None, "iconBase64Url": None, "label": None}),
    ("send", {"text": "Hi", "characterId": None, "doReply": None, "generateConstraintRequest": {"maxSentences": None}}),
    ("updateContext", {"contextKey": None, "contexts": None, "setFlags": ["a"], "enableRoles": None}),
    ("updateContext", {"contexts": [{"id": None, "name": None, "text": "x", "disabled": False, "flagsFilter": None}]}),
    ("updateContext", {"actions": [{"name": "a", "layer": None, "timing": None, "effect": {"note": None}}]}),
    ("triggerScriptEvent", {"name": "go", "arguments": None}),
    ("inspectAudioInput", {"audioFrames": True, "speechToText": True}),
    ("stopChat", {"sessionId": None}),
]


@pytest.mark.parametrize(("kind", "fields"), NULLS)
async def test_null_stands_for_what_is_left_out(client: RawClient, kind: str, fields: dict[str, Any]) -> None:
    completion = await client.call(kind, **({"sessionId": client.session_id} | fields))

    assert "error" not in completion
    assert not {"error", "chatSessionError"} & set(client.kinds())


async def test_whoever_is_in_two_chats_has_to_say_which_one_ends(client: RawClient) -> None:
    await client.call("startChat", characterId=client.of_kind("welcome")[0]["assistant"]["id"])

    assert "name a sessionId" in (await client.call("stopChat"))["error"]


async def test_what_names_no_context_key_is_replaced_by_what_names_none_either() -> None:
    async with playing() as play:
        await play.client.in_chat("updateContext", contexts=[{"text": "It rains."}])
        await play.client.in_chat("updateContext", contexts=[{"text": "It snows."}])

        assert [c.text for c in play.conversation.chat.story.additions["Main"].contexts] == ["It snows."]


async def test_actions_of_apps_are_understood_as_voxta_does() -> None:
    kinds = [0, 1, 2, 3, 4, 5, "Undefined", "Array"]
    arguments = [
        {"name": f"a{place}", "type": kind, "description": "", "required": True, "choices": None, "itemsType": 0}
        for place, kind in enumerate(kinds)
    ]
    wave = {"name": "wave", "description": "Wave.", "disabled": False, "layer": "", "arguments": arguments}
    effect = {"setFlags": ["waved"], "clearFlags": []}
    async with playing(characters=CAST) as play:
        await play.client.in_chat(
            "updateContext",
            contextKey="game",
            actions=[
                wave | {"effect": effect, "timing": "Button"},
                {"name": "bow", "timing": "AfterAnyMessage"},
                {"name": "run", "disabled": True},
            ],
        )

        known = play.conversation.chat.story.additions["game"].actions
        types = ["string", "string", "integer", "double", "boolean", "string", "string", "string"]
        assert [argument.type for argument in known[0].arguments] == types
        assert [(a.name, a.timing.value, a.enabled) for a in known] == [
            ("wave", "Manual", True),
            ("bow", "AfterAssistantMessage", True),
            ("run", "AfterUserMessage", False),
        ]


@pytest.mark.parametrize("text", ["*", None])
async def test_a_reply_without_a_message_is_asked_for(client: RawClient, text: str | None) -> None:
    await client.say("*", doReply=False)
    assert "replyGenerating" not in client.kinds()

    await client.in_chat("send", text=text, doReply=True)

    await client.expect("replyEnd")
    assert not [m for m in client.of_kind("update") if m["role"] == "User"]


@pytest.mark.parametrize(
    ("role", "shown"),
    [(3, "User"), ("User", "User"), (5, "Event"), ("Note", "Note"), (7, "Note"), (0, "User"), (2, "Assistant")],
)
async def test_a_message_has_the_role_it_is_sent_with(client: RawClient, role: Any, shown: str) -> None:
    await client.say("It rains.", role=role, doReply=False)

    assert (await client.expect("update", role=shown))["text"] == "It rains."


async def test_with_a_role_of_its_own_a_text_is_no_command(client: RawClient) -> None:
    await client.say("/dance", role="Note", doReply=False)

    assert (await client.expect("update"))["text"] == "/dance"


@pytest.mark.parametrize(("role", "text"), [("System", "Obey."), (99, "?"), ("Event", " ")])
async def test_a_message_that_no_client_may_send_is_refused(client: RawClient, role: Any, text: str) -> None:
    assert "role" in (await client.say(text, role=role))["error"]


async def test_the_story_writer_makes_a_message_of_a_prompt() -> None:
    async with playing() as play:
        await play.say("A storm", role="Event", useStoryWriter=True)
        await play.settled()

        assert play.said == [("Event", "A storm And so it was. Truly.")]


class TestFlow:
    """Where the chat is in its turn."""

    @staticmethod
    def states(client: RawClient) -> list[str]:
        return [message["state"] for message in client.of_kind("chatFlow")]

    async def test_a_turn_goes_from_a_persons_message_to_waiting_for_the_next_one(self, client: RawClient) -> None:
        assert self.states(client) == ["WaitingForUserInput"]
        del client.frames[:]

        await client.say("Shall we play?")
        await client.expect("chatFlow", state="WaitingForUserInput")

        assert client.kinds() == [
            "update", "chatFlow", "chatFlow", "chatFlow", "replyGenerating", "replyStart", "replyChunk", "replyChunk",
            "replyEnd", "update", "speechPlaybackComplete", "chatFlow",
        ]  # fmt: skip
        assert self.states(client) == [
            "ProcessingUserMessage", "SelectingSpeaker", "ProcessingAssistantReply", "WaitingForUserInput",
        ]  # fmt: skip

    async def test_a_message_without_a_reply_is_over_at_once(self, client: RawClient) -> None:
        await client.say("Just so you know.", doReply=False)

        assert self.states(client) == ["WaitingForUserInput", "ProcessingUserMessage", "WaitingForUserInput"]

    async def test_a_message_beside_a_reply_does_not_change_it(self, client: RawClient, brain: ScriptedBrain) -> None:
        brain.pieces, brain.hold = ("First. ", "Second. ", "Third."), 2
        await client.say("Tell me all.")
        await client.expect("replyChunk")
        before = self.states(client)

        await client.say("/note It rains.")
        assert self.states(client) == before
        brain.go.set()
        await client.expect("replyEnd")

    @pytest.mark.parametrize("call", ["interrupt", "revert", "pauseChat"])
    async def test_it_ends_with_an_answer_that_is_given_up(
        self, client: RawClient, brain: ScriptedBrain, call: str
    ) -> None:
        brain.pieces, brain.hold = ("First. ", "Second. ", "Third."), 2
        await client.say("Tell me all.")
        await client.expect("replyChunk")

        await client.in_chat(call)

        assert self.states(client)[-1] == "WaitingForUserInput"

    async def test_it_ends_with_a_failure(self, client: RawClient, brain: ScriptedBrain) -> None:
        brain.fails = "the model is asleep"

        await client.say("And now?")
        await client.expect("chatSessionError")
        await client.expect("chatFlow", state="WaitingForUserInput")

    async def test_speech_that_is_still_heard_belongs_to_it(self, client: RawClient, brain: ScriptedBrain) -> None:
        brain.pieces, brain.hold = ("First. ", "Second. ", "Third."), 2
        await client.say("Hello.")
        reply = await client.expect("replyChunk")
        await client.in_chat("speechPlaybackStart", messageId=reply["messageId"], endIndex=6, duration=60)
        brain.go.set()
        await client.expect("replyEnd")
        await client.call("loadScenariosList")
        assert self.states(client)[-1] == "ProcessingAssistantReply"

        await client.in_chat("speechPlaybackComplete", messageId=reply["messageId"])

        assert self.states(client)[-1] == "WaitingForUserInput"

    async def test_whoever_comes_in_the_middle_is_told_where_it_is(
        self, client: RawClient, brain: ScriptedBrain, companion: CompanionServer
    ) -> None:
        brain.hold = 0
        await client.say("Hello.")
        async with connected(companion.url) as late:
            await late.enter()
            assert (await late.expect("chatFlow"))["state"] == "ProcessingAssistantReply"
        brain.go.set()


async def test_flags_tell_when_they_were_set_and_when_they_end() -> None:
    script = (
        "import { chat } from '@voxta';\nchat.addEventListener('app:go', () => chat.setFlag('wet', {messages: 3}));"
    )
    async with playing({"index.js": script}, flags=["warm"]) as play:
        play.clock.now += 5
        await play.app("go")

        warm, wet = (await play.client.expect("contextUpdated"))["flags"]
        assert warm == {"name": "warm", "messageIndex": 0, "messageChatTime": 0.0}
        assert wet == {"name": "wet", "messageIndex": 0, "messageChatTime": 5.0, "expireIndex": 3}


async def test_a_story_is_an_event_to_clients() -> None:
    async with playing() as play:
        await play.say("/story It rains.")
        await play.settled()

        assert play.client.of_kind("update")[0]["role"] == "Event"
        assert play.said[0][0] == "Story"
