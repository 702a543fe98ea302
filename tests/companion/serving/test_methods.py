"""Each method of the client guide: it is answered as it should be, or by an error that names it; the chat lives on."""

from collections.abc import Awaitable, Callable

import pytest

from tests.companion.play import CAST, Play, playing
from tests.companion.raw import Json, connected

Call = Callable[[Play], Awaitable[Json]]


def in_chat(kind: str, **fields: object) -> Call:
    async def call(play: Play) -> Json:
        return await play.client.in_chat(kind, **fields)

    return call


def about_catherine(kind: str) -> Call:
    async def call(play: Play) -> Json:
        return await play.client.in_chat(kind, characterId=play.conversation.chat.characters[1].id)

    return call


async def _start(play: Play) -> Json:
    return await play.client.call("startChat", characterId=play.conversation.chat.character.id)


async def _start_scenario(play: Play) -> Json:
    await play.client.call("loadScenariosList")
    [scenario] = (await play.client.expect("scenariosListLoaded"))["scenarios"]
    return await play.client.call("startChat", scenarioId=scenario["id"], contextKey="k", actions=[{"name": "wave"}])


async def _resume(play: Play) -> Json:
    return await play.client.call("resumeChat", chatId=play.client.chat_id)


async def _subscribe(play: Play) -> Json:
    return await play.client.in_chat("subscribeToChat", chatId=play.client.chat_id)


async def _speech(play: Play) -> Json:
    character = play.conversation.chat.character.id
    return await play.client.in_chat("characterSpeechRequest", characterId=character, text="Hello.")


async def _update(play: Play) -> Json:
    await play.say("Teh cat")
    message = play.conversation.chat.messages[-1].id
    return await play.client.in_chat("update", messageId=message, text="The cat")


async def _delete(play: Play) -> Json:
    await play.say("Hello")
    return await play.client.in_chat("deleteMessage", messageId=play.conversation.chat.messages[-1].id)


async def _authenticate(play: Play) -> Json:
    async with connected(play.server.url) as other:
        completion = await other.call("authenticate", client="test", clientVersion="1", scope=["role:app"])
        play.client.frames += other.frames
        return completion


async def _retry(play: Play) -> Json:
    await play.ask("Hello")
    return await play.client.in_chat("retry")


async def _revert(play: Play) -> Json:
    await play.ask("Hello")
    return await play.client.in_chat("revert")


METHODS: dict[str, tuple[Call, str]] = {
    "authenticate": (_authenticate, "welcome"),
    "registerApp": (in_chat("registerApp", clientVersion="1", label="Test"), ""),
    "subscribeToChat": (_subscribe, "chatStarted"),
    "startChat": (_start, "chatStarted"),
    "startChat with a scenario": (_start_scenario, "chatStarted"),
    "resumeChat": (_resume, "chatStarted"),
    "stopChat": (in_chat("stopChat"), "chatClosed"),
    "send": (in_chat("send", text="Hello"), "replyEnd"),
    "characterSpeechRequest": (_speech, "replyEnd"),
    "interrupt": (in_chat("interrupt"), "interruptSpeech"),
    "pauseChat": (in_chat("pauseChat", pause=True), "chatPaused"),
    "updateContext": (in_chat("updateContext", contextKey="k", setFlags=["a"]), "contextUpdated"),
    "update": (_update, "update"),
    "deleteMessage": (_delete, "deleted"),
    "triggerReply": (in_chat("triggerReply"), "replyEnd"),
    "triggerAction": (in_chat("triggerAction", value="wave"), "action"),
    "triggerScriptEvent": (in_chat("triggerScriptEvent", name="hover"), "inspector"),
    "revert": (_revert, "deleted"),
    "retry": (_retry, "deleted"),
    "typingStart": (in_chat("typingStart"), ""),
    "typingEnd": (in_chat("typingEnd", sent=True), ""),
    "speechPlaybackStart": (in_chat("speechPlaybackStart", messageId="m", duration=1), "speechPlaybackStart"),
    "speechPlaybackComplete": (in_chat("speechPlaybackComplete", messageId="m"), "speechPlaybackComplete"),
    "addChatParticipant": (about_catherine("addChatParticipant"), "chatParticipantsUpdated"),
    "removeChatParticipant": (about_catherine("removeChatParticipant"), "chatParticipantsUpdated"),
    "appTriggerComplete": (in_chat("appTriggerComplete", triggerId="t"), ""),
    "requestSuggestions": (in_chat("requestSuggestions"), "suggestions"),
    "inspect": (in_chat("inspect", enabled=True), "inspectorEnabled"),
    "inspectAudioInput": (in_chat("inspectAudioInput", enabled=True), ""),
    "loadCharactersList": (in_chat("loadCharactersList"), "charactersListLoaded"),
    "loadScenariosList": (in_chat("loadScenariosList"), "scenariosListLoaded"),
    "loadChatsList": (in_chat("loadChatsList"), "chatsListLoaded"),
}

GAPS = [
    "sendSecret", "sendNote", "sendInstructions", "requestUserAction", "loadChat", "deleteChat", "listResources",
    "deployResource", "updateChat", "updateDocument", "unsubscribeFrom", "fulfillUserInteraction", "runScript",
]  # fmt: skip


@pytest.mark.parametrize("name", METHODS)
async def test_a_method_is_answered(name: str) -> None:
    call, kind = METHODS[name]
    async with playing(characters=CAST, actions=[{"name": "wave", "timing": "Manual"}]) as play:
        completion = await call(play)
        assert "error" not in completion, completion
        if kind:
            while not play.client.of_kind(kind):
                await play.client.more()


@pytest.mark.parametrize("name", GAPS)
async def test_a_method_that_servers_do_not_have_is_named_and_the_connection_lives_on(name: str) -> None:
    async with playing() as play:
        completion = await play.client.in_chat(name, text="x", chatId="c")
        assert f"{name} is not a message this server knows" in completion["error"]
        assert (await play.client.expect("chatSessionError"))["message"] == completion["error"]
        assert (await play.ask("Hello"))["text"] == "Sure. Why not?"
