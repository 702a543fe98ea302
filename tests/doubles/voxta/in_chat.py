"""What clients ask inside an open chat. What is not listed is taken and has no effect that anybody is told of."""

from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Final

from tests.doubles.voxta.cast import Participant
from tests.doubles.voxta.checks import Message
from tests.doubles.voxta.client import HubClient
from tests.doubles.voxta.rooms import OpenChat

Handler = Callable[[OpenChat, HubClient, Message], Awaitable[None]]


async def _unsubscribe(one: OpenChat, client: HubClient, message: Message) -> None:
    if client in one.chat.clients:
        one.chat.clients.remove(client)
        one.turns.left(client)


async def _send(one: OpenChat, client: HubClient, message: Message) -> None:
    one.turns.send(message)


async def _update_context(one: OpenChat, client: HubClient, message: Message) -> None:
    one.turns.queue(partial(one.chat.declare, message))


async def _interrupt(one: OpenChat, client: HubClient, message: Message) -> None:
    one.turns.interrupt()


async def _update(one: OpenChat, client: HubClient, message: Message) -> None:
    for entry in one.chat.history:
        if entry.id == message["messageId"]:
            entry.text = message.get("text")
            await one.chat.show(entry)


async def _delete_message(one: OpenChat, client: HubClient, message: Message) -> None:
    one.chat.history[:] = [entry for entry in one.chat.history if entry.id != message["messageId"]]


async def _speech_request(one: OpenChat, client: HubClient, message: Message) -> None:
    one.turns.speak(message)


async def _playback_start(one: OpenChat, client: HubClient, message: Message) -> None:
    await one.turns.playback_started(client, message)


async def _playback_complete(one: OpenChat, client: HubClient, message: Message) -> None:
    await one.turns.playback_completed(client, message)


async def _trigger_complete(one: OpenChat, client: HubClient, message: Message) -> None:
    one.turns.trigger_completed(message["triggerId"])


async def _script_event(one: OpenChat, client: HubClient, message: Message) -> None:
    one.turns.happens(message)


async def _trigger_action(one: OpenChat, client: HubClient, message: Message) -> None:
    await one.chat.act(message["value"], message.get("arguments"))


async def _inspect(one: OpenChat, client: HubClient, message: Message) -> None:
    client.inspects = message["enabled"]
    await one.chat.tell("inspectorEnabled", enabled=client.inspects)
    await one.chat.tell_context()


async def _add_participant(one: OpenChat, client: HubClient, message: Message) -> None:
    await one.chat.join(Participant("Newcomer", message["characterId"]))


async def _remove_participant(one: OpenChat, client: HubClient, message: Message) -> None:
    for character in [one for one in one.chat.characters if one.id == message["characterId"]]:
        await one.chat.leave(character)


async def _pause(one: OpenChat, client: HubClient, message: Message) -> None:
    one.chat.paused = message["pause"]
    await one.chat.tell("chatPaused", paused=one.chat.paused)


async def _update_chat(one: OpenChat, client: HubClient, message: Message) -> None:
    one.chat.title = message.get("title")
    await one.chat.tell("chatUpdated", chatId=one.chat.chat_id, title=one.chat.title)


async def _suggest(one: OpenChat, client: HubClient, message: Message) -> None:
    await client.send({"$type": "suggestions", "sessionId": one.chat.session_id, "suggestions": ["Go on."]})


HANDLERS: Final[Mapping[str, Handler]] = {
    "unsubscribeFromChat": _unsubscribe,
    "send": _send,
    "updateContext": _update_context,
    "interrupt": _interrupt,
    "update": _update,
    "deleteMessage": _delete_message,
    "characterSpeechRequest": _speech_request,
    "speechPlaybackStart": _playback_start,
    "speechPlaybackComplete": _playback_complete,
    "appTriggerComplete": _trigger_complete,
    "triggerScriptEvent": _script_event,
    "triggerAction": _trigger_action,
    "inspect": _inspect,
    "addChatParticipant": _add_participant,
    "removeChatParticipant": _remove_participant,
    "pauseChat": _pause,
    "updateChat": _update_chat,
    "requestSuggestions": _suggest,
}
