"""What each client message does. One function per message; one without a function is answered by an error."""

from collections.abc import Mapping
from functools import singledispatch
from typing import Any

from relay import __version__
from relay.companion import announce
from relay.companion.brain import Limits
from relay.companion.chat import Context, Refused
from relay.companion.conversation import Conversation
from relay.companion.flags import holds
from relay.companion.hub import Client, Hub
from relay.wire import client, server
from relay.wire.messages import ContextText, InvalidMessage, UnknownMessage, WireMessage


def receive(data: Mapping[str, Any], hub: Hub, sender: Client) -> None:
    """Read a message from the wire and do what it asks for. Raises Refused, and then nothing has changed."""
    try:
        message = client.parse_client(data)
    except InvalidMessage as error:
        raise Refused(str(error)[:500]) from None
    if not sender.authenticated and not isinstance(message, client.Authenticate):
        sender.send(server.AuthenticationRequired())
        raise Refused("authenticate first")
    handle(message, hub, sender)


@singledispatch
def handle(message: WireMessage, hub: Hub, sender: Client) -> None:
    """Do what the message asks for. Raises Refused, and then nothing has changed."""
    raise Refused(f"{message.type_name} is not implemented yet")


@handle.register
def _unknown(message: UnknownMessage, hub: Hub, sender: Client) -> None:
    raise Refused(f"{message.name[:80]} is not a message this server knows")


# The connection


@handle.register
def _authenticate(message: client.Authenticate, hub: Hub, sender: Client) -> None:
    sender.authenticated = True
    capabilities = message.capabilities
    accepted = capabilities.accepted_audio_content_types
    sender.plays = capabilities.audio_output == "Url" and (not accepted or any("wav" in kind for kind in accepted))
    sender.records = capabilities.audio_input == "WebSocketStream"
    character = announce.person(hub.character)
    sender.send(
        server.Welcome(
            user=announce.person(hub.user),
            assistant=character,
            characters=[character],
            voxta_server_version=__version__,
            api_version="1",
        )
    )
    sender.send(hub.sessions())


@handle.register(client.RegisterApp)
@handle.register(client.TypingStart)
@handle.register(client.TypingEnd)
def _taken_note_of(message: WireMessage, hub: Hub, sender: Client) -> None:
    """Good to know, and nothing to do."""


# Lists


@handle.register
def _load_characters(message: client.LoadCharactersList, hub: Hub, sender: Client) -> None:
    sender.send(server.CharactersListLoaded(characters=[announce.person(hub.character)]))


@handle.register
def _load_scenarios(message: client.LoadScenariosList, hub: Hub, sender: Client) -> None:
    sender.send(server.ScenariosListLoaded(scenarios=[]))


@handle.register
def _load_chats(message: client.LoadChatsList, hub: Hub, sender: Client) -> None:
    chats = [c.chat for c in hub.open.values()] + list(hub.closed.values())
    fits = message.character_id in (None, hub.character.id) and message.scenario_id is None
    sender.send(server.ChatsListLoaded(chats=[announce.listed(chat) for chat in chats if fits]))


# Opening and closing chats


@handle.register
def _start_chat(message: client.StartChat, hub: Hub, sender: Client) -> None:
    wanted = [*(message.character_ids or []), *([message.character_id] if message.character_id else [])]
    if not wanted or any(character_id != hub.character.id for character_id in wanted):
        raise Refused(f"startChat: characterId {wanted!r:.80} is unknown; the only character is {hub.character.id}")
    if message.scenario_id is not None:
        raise Refused("startChat: scenarioId is not implemented yet")
    contexts = _contexts(message.contexts or [])
    conversation = hub.resume_chat(message.chat_id) if message.chat_id else hub.start_chat()
    if contexts:
        conversation.chat.contexts[message.context_key or ""] = contexts
    _join(conversation, sender)
    hub.tell_sessions()


@handle.register
def _resume_chat(message: client.ResumeChat, hub: Hub, sender: Client) -> None:
    _join(hub.resume_chat(message.chat_id), sender)
    hub.tell_sessions()


@handle.register
def _subscribe(message: client.SubscribeToChat, hub: Hub, sender: Client) -> None:
    conversation = hub.conversation(message.session_id)
    if conversation.chat.id != message.chat_id:
        raise Refused(f"subscribeToChat: session {message.session_id} has another chat than {message.chat_id[:80]!r}")
    _join(conversation, sender)


@handle.register
def _stop_chat(message: client.StopChat, hub: Hub, sender: Client) -> None:
    if message.session_id is not None:
        conversation: Conversation | None = hub.conversation(message.session_id)
    else:
        conversation = hub.conversation_of(message.chat_id or "")
    if conversation is None:
        raise Refused(f"stopChat: no open chat {message.chat_id!r:.80}")
    hub.stop_chat(conversation)


def _join(conversation: Conversation, sender: Client) -> None:
    conversation.listeners.add(sender)
    hidden = sender in conversation.inspectors
    sender.send(announce.started(conversation.session_id, conversation.chat, hidden=hidden))
    conversation.request_recording(sender)


# Talking


@handle.register
def _send(message: client.Send, hub: Hub, sender: Client) -> None:
    if message.character_id not in (None, hub.character.id):
        raise Refused(f"send: there is no character {message.character_id!r:.80}")
    hub.conversation(message.session_id).take(message.text, do_reply=message.do_reply, limits=_limits(message))


def _limits(message: client.Send) -> Limits:
    asked = message.generate_constraint_request
    if asked is None:
        return Limits()
    return Limits(asked.max_new_tokens, asked.max_sentences, asked.allow_multiple_lines is not False)


@handle.register
def _trigger_reply(message: client.TriggerReply, hub: Hub, sender: Client) -> None:
    _check_character(message.character_id or hub.character.id, hub, "triggerReply")
    hub.conversation(message.session_id).reply()


@handle.register
def _request_speech(message: client.CharacterSpeechRequest, hub: Hub, sender: Client) -> None:
    _check_character(message.character_id, hub, "characterSpeechRequest")
    conversation = hub.conversation(message.session_id)
    if message.text.strip():
        conversation.say(message.text)
    else:
        conversation.reply()


def _check_character(character_id: str, hub: Hub, name: str) -> None:
    if character_id != hub.character.id:
        raise Refused(f"{name}: there is no character {character_id[:80]!r} in this chat")


@handle.register
def _interrupt(message: client.Interrupt, hub: Hub, sender: Client) -> None:
    hub.conversation(message.session_id).replies.interrupt()


@handle.register
def _pause(message: client.PauseChat, hub: Hub, sender: Client) -> None:
    hub.conversation(message.session_id).pause(message.pause)


@handle.register
def _speech_started(message: client.SpeechPlaybackStart, hub: Hub, sender: Client) -> None:
    started = server.SpeechPlaybackStart(
        message_id=message.message_id,
        session_id=message.session_id,
        start_index=message.start_index,
        end_index=message.end_index,
        duration=message.duration,
    )
    hub.conversation(message.session_id).replies.speech_started(sender, started, message.message_id)


@handle.register
def _speech_completed(message: client.SpeechPlaybackComplete, hub: Hub, sender: Client) -> None:
    hub.conversation(message.session_id).replies.speech_completed(message.message_id)


# Changing what was said


@handle.register
def _revert(message: client.Revert, hub: Hub, sender: Client) -> None:
    hub.conversation(message.session_id).revert()


@handle.register
def _retry(message: client.Retry, hub: Hub, sender: Client) -> None:
    hub.conversation(message.session_id).retry()


@handle.register
def _edit(message: client.UpdateMessage, hub: Hub, sender: Client) -> None:
    hub.conversation(message.session_id).edit(message.message_id, message.text)


@handle.register
def _delete(message: client.DeleteMessage, hub: Hub, sender: Client) -> None:
    hub.conversation(message.session_id).delete(message.message_id)


# The chat's surroundings


@handle.register
def _update_context(message: client.UpdateContext, hub: Hub, sender: Client) -> None:
    conversation = hub.conversation(message.session_id)
    chat = conversation.chat
    for name in ("events", "variables", "enable_roles"):
        if getattr(message, name):
            raise Refused(f"updateContext: {name} are not implemented yet; nothing was changed")
    contexts = _contexts(message.contexts or [])
    chat.set_flags(message.set_flags or [])
    _replace(chat.contexts, message.context_key, None if message.contexts is None else contexts)
    _replace(chat.actions, message.context_key, None if message.actions is None else tuple(message.actions))
    conversation.tell(announce.context(conversation.session_id, chat))


def _contexts(texts: list[ContextText]) -> tuple[Context, ...]:
    for context in texts:
        try:
            holds(context.flags_filter or "", frozenset())
        except ValueError as error:
            raise Refused(f"flagsFilter: {error}") from None
    return tuple(Context(c.text, c.name, bool(c.disabled), c.flags_filter or "") for c in texts)


def _replace(kept: dict[str, tuple[Any, ...]], key: str, values: tuple[Any, ...] | None) -> None:
    """None keeps what there is, nothing removes it."""
    if values:
        kept[key] = values
    elif values is not None:
        kept.pop(key, None)


@handle.register
def _trigger_script_event(message: client.TriggerScriptEvent, hub: Hub, sender: Client) -> None:
    arguments = ", ".join(f"{a.name}={a.value!r:.80}" for a in message.arguments or [])
    hub.conversation(message.session_id).inspected(f"script event app:{message.name}({arguments})")


@handle.register
def _inspect(message: client.Inspect, hub: Hub, sender: Client) -> None:
    conversation = hub.conversation(message.session_id)
    (conversation.inspectors.add if message.enabled else conversation.inspectors.discard)(sender)
    sender.send(server.InspectorEnabled(session_id=message.session_id, enabled=message.enabled))


@handle.register(client.AddChatParticipant)
@handle.register(client.RemoveChatParticipant)
def _change_participants(message: WireMessage, hub: Hub, sender: Client) -> None:
    raise Refused(f"{message.type_name}: a chat has exactly one character yet")
