"""What each client message does. One function per message; one without a function is answered by an error."""

from collections.abc import Mapping
from functools import singledispatch
from typing import Any, Final

from relay import __version__
from relay.companion.conversation.conversation import Conversation
from relay.companion.serving import sending
from relay.companion.serving.hub import ConnectedClient, Hub
from relay.companion.state import additions, wire_view
from relay.companion.state.chat import Participant, Refused
from relay.wire import client, server
from relay.wire.messages import InvalidMessage, UnknownMessage, WireMessage

API_VERSION: Final = "2025-11"
"""Of Voxta's protocol. Official clients go on with no other one."""
MAIN_KEY: Final = "Main"
"""The context key where a client names none."""


def receive(data: Mapping[str, Any], hub: Hub, sender: ConnectedClient) -> None:
    """Read a message from the wire and do what it asks for; or tell why not, and then nothing has changed."""
    try:
        _do(data, hub, sender)
    except Refused as error:
        session = data.get("sessionId")
        if isinstance(session, str) and session in hub.open:
            sender.send(server.ChatSessionError(message=str(error), retry=False, session_id=session))
        else:
            sender.send(server.ErrorMessage(message=str(error)))


def _do(data: Mapping[str, Any], hub: Hub, sender: ConnectedClient) -> None:
    try:
        message = client.parse_client(data)
    except InvalidMessage as error:
        raise Refused(str(error)[:500]) from None
    if not sender.authenticated and not isinstance(message, client.Authenticate):
        sender.send(server.AuthenticationRequired())
        raise Refused("authenticate first")
    handle(message, hub, sender)


@singledispatch
def handle(message: WireMessage, hub: Hub, sender: ConnectedClient) -> None:
    """Do what the message asks for. Raises Refused, and then nothing has changed."""
    raise Refused(f"{message.type_name} is not implemented yet")


@handle.register
def _unknown(message: UnknownMessage, hub: Hub, sender: ConnectedClient) -> None:
    raise Refused(f"{message.name[:80]} is not a message this server knows")


# The connection


@handle.register
def _authenticate(message: client.Authenticate, hub: Hub, sender: ConnectedClient) -> None:
    sender.authenticated = True
    capabilities = message.capabilities
    accepted = capabilities.accepted_audio_content_types
    sender.plays = capabilities.audio_output == "Url" and (not accepted or any("wav" in kind for kind in accepted))
    sender.records = capabilities.audio_input == "WebSocketStream"
    sender.takes_stream = capabilities.audio_output == "WebSocketStream"
    hub.play_to(sender)
    characters = [wire_view.person(character) for character in hub.characters]
    sender.send(
        server.Welcome(
            user=wire_view.person(hub.user),
            assistant=characters[0],
            characters=characters,
            voxta_server_version=__version__,
            api_version=API_VERSION,
        )
    )
    sender.send(hub.sessions())


@handle.register(client.RegisterApp)
@handle.register(client.InspectAudioInput)
def _taken_note_of(message: WireMessage, hub: Hub, sender: ConnectedClient) -> None:
    """Good to know, and nothing to do."""


# Lists


@handle.register
def _load_characters(message: client.LoadCharactersList, hub: Hub, sender: ConnectedClient) -> None:
    sender.send(server.CharactersListLoaded(characters=[wire_view.person(c) for c in hub.characters]))


@handle.register
def _load_scenarios(message: client.LoadScenariosList, hub: Hub, sender: ConnectedClient) -> None:
    sender.send(server.ScenariosListLoaded(scenarios=[{"id": hub.scenario_id, "name": hub.loaded.scenario.name}]))


@handle.register
def _load_chats(message: client.LoadChatsList, hub: Hub, sender: ConnectedClient) -> None:
    wanted = message.character_id
    chats = [c for c in hub.chats(message.scenario_id) if wanted is None or c.with_id(wanted) is not None]
    sender.send(server.ChatsListLoaded(chats=[wire_view.listed(chat) for chat in chats]))


# Opening and closing chats


@handle.register
def _start_chat(message: client.StartChat, hub: Hub, sender: ConnectedClient) -> None:
    wanted = [*(message.character_ids or []), *([message.character_id] if message.character_id else [])]
    known = {character.id for character in hub.characters}
    if not (wanted or message.scenario_id) or not known.issuperset(wanted):
        raise Refused(f"startChat: characterId {wanted!r:.80} is unknown; known are {', '.join(sorted(known))}")
    if message.scenario_id not in (None, hub.scenario_id):
        raise Refused(f"startChat: scenarioId {message.scenario_id[:80]!r} is not the scenario {hub.scenario_id}")
    change = additions.read(message.contexts, message.actions, None)
    conversation = hub.resume_chat(message.chat_id) if message.chat_id else hub.start_chat()
    additions.replace(conversation.chat, message.context_key or MAIN_KEY, change)
    _join(conversation, hub, sender)
    hub.tell_sessions()


@handle.register
def _resume_chat(message: client.ResumeChat, hub: Hub, sender: ConnectedClient) -> None:
    conversation = hub.resume_chat(message.chat_id)
    _join(conversation, hub, sender)
    hub.tell_sessions()


@handle.register
def _subscribe(message: client.SubscribeToChat, hub: Hub, sender: ConnectedClient) -> None:
    conversation = hub.conversation(message.session_id)
    if message.chat_id not in (None, conversation.chat.id):
        raise Refused(f"subscribeToChat: session {message.session_id} has another chat than {message.chat_id!r:.80}")
    _join(conversation, hub, sender)


@handle.register
def _stop_chat(message: client.StopChat, hub: Hub, sender: ConnectedClient) -> None:
    if message.session_id is not None:
        conversation: Conversation | None = hub.conversation(message.session_id)
    elif message.chat_id is not None:
        conversation = hub.conversation_of(message.chat_id)
    else:
        joined = [each for each in hub.open.values() if sender in each.audience.listeners]
        conversation = joined[0] if len(joined) == 1 else None
    if conversation is None:
        raise Refused(f"stopChat: no open chat {message.chat_id!r:.80}; name a sessionId of chatsSessionsUpdated")
    hub.stop_chat(conversation)


def _join(conversation: Conversation, hub: Hub, sender: ConnectedClient) -> None:
    session, chat = conversation.session_id, conversation.chat
    hidden = sender in conversation.audience.inspectors
    conversation.audience.listeners.add(sender)
    sender.send(server.ChatStarting(session_id=session, chat_id=chat.id))
    sender.send(server.ChatLoadingMessage(session_id=session, text="Opening the chat", progress=0.0))
    sender.send(wire_view.started(session, chat, hidden=hidden))
    sender.send(conversation.turns.flow.state)
    conversation.audience.give_kept(sender)
    conversation.turns.request_recording(sender)
    if sender.takes_stream:
        hub.play_to(sender)


# Talking


@handle.register
def _send(message: client.Send, hub: Hub, sender: ConnectedClient) -> None:
    conversation = hub.conversation(message.session_id)
    if message.character_id is not None:
        _character(message.character_id, conversation, "send")
    conversation.turns.inference.after_user = message.do_user_action_inference
    conversation.turns.inference.around_characters = message.do_character_action_inference
    conversation.execute(
        sending.command(message),
        do_reply=message.do_reply,
        limits=sending.limits(message),
        character_id=message.character_id,
    )


@handle.register
def _anticipate(message: client.Anticipate, hub: Hub, sender: ConnectedClient) -> None:
    hub.conversation(message.session_id).turns.anticipate(message.text.strip())


@handle.register
def _trigger_reply(message: client.TriggerReply, hub: Hub, sender: ConnectedClient) -> None:
    conversation = hub.conversation(message.session_id)
    if message.character_id is not None:
        _character(message.character_id, conversation, "triggerReply")
    conversation.reply(character_id=message.character_id)


@handle.register
def _request_speech(message: client.CharacterSpeechRequest, hub: Hub, sender: ConnectedClient) -> None:
    conversation = hub.conversation(message.session_id)
    character = _character(message.character_id, conversation, "characterSpeechRequest")
    if message.text.strip():
        conversation.say(message.text, character)
    else:
        conversation.reply(character_id=character.id)


def _character(character_id: str, conversation: Conversation, name: str) -> Participant:
    found = conversation.chat.with_id(character_id)
    if found is None:
        raise Refused(f"{name}: there is no character {character_id[:80]!r} in this chat")
    return found


@handle.register
def _typing_starts(message: client.TypingStart, hub: Hub, sender: ConnectedClient) -> None:
    hub.conversation(message.session_id).user_types("typingStart")


@handle.register
def _typing_ends(message: client.TypingEnd, hub: Hub, sender: ConnectedClient) -> None:
    hub.conversation(message.session_id).user_types("typingEnd")


@handle.register
def _trigger_action(message: client.TriggerAction, hub: Hub, sender: ConnectedClient) -> None:
    given = message.arguments or {}
    pairs = given.items() if isinstance(given, dict) else [(a.name, a.value) for a in given]
    arguments = {name: value for name, value in pairs if isinstance(value, bool | int | float | str)}
    hub.conversation(message.session_id).trigger(message.value, arguments)


@handle.register
def _app_trigger_done(message: client.AppTriggerComplete, hub: Hub, sender: ConnectedClient) -> None:
    hub.conversation(message.session_id).turns.trigger_completed(message.trigger_id)


@handle.register
def _suggest(message: client.RequestSuggestions, hub: Hub, sender: ConnectedClient) -> None:
    hub.conversation(message.session_id).suggest(sender)


@handle.register
def _interrupt(message: client.Interrupt, hub: Hub, sender: ConnectedClient) -> None:
    hub.conversation(message.session_id).interrupt()


@handle.register
def _pause(message: client.PauseChat, hub: Hub, sender: ConnectedClient) -> None:
    hub.conversation(message.session_id).pause(message.pause)


@handle.register
def _speech_started(message: client.SpeechPlaybackStart, hub: Hub, sender: ConnectedClient) -> None:
    started = server.SpeechPlaybackStarted(
        message_id=message.message_id,
        session_id=message.session_id,
        start_index=message.start_index,
        end_index=message.end_index,
        duration=message.duration,
        is_narration=message.is_narration,
    )
    hub.conversation(message.session_id).replies.speech_started(sender, started, message.message_id)


@handle.register
def _speech_completed(message: client.SpeechPlaybackComplete, hub: Hub, sender: ConnectedClient) -> None:
    hub.conversation(message.session_id).replies.speech_completed(message.message_id)


# Changing what was said


@handle.register
def _revert(message: client.Revert, hub: Hub, sender: ConnectedClient) -> None:
    hub.conversation(message.session_id).revision.revert()


@handle.register
def _retry(message: client.Retry, hub: Hub, sender: ConnectedClient) -> None:
    hub.conversation(message.session_id).revision.retry()


@handle.register
def _edit(message: client.UpdateMessage, hub: Hub, sender: ConnectedClient) -> None:
    hub.conversation(message.session_id).revision.edit(message.message_id, message.text)


@handle.register
def _delete(message: client.DeleteMessage, hub: Hub, sender: ConnectedClient) -> None:
    hub.conversation(message.session_id).revision.delete(message.message_id)


# The chat's surroundings


@handle.register
def _update_context(message: client.UpdateContext, hub: Hub, sender: ConnectedClient) -> None:
    conversation = hub.conversation(message.session_id)
    change = additions.read(message.contexts, message.actions, message.events)
    variables = additions.variables(message.variables or {})
    roles = message.enable_roles or {}
    for role in roles:
        if conversation.chat.with_role(role) is None:
            raise Refused(f"updateContext: enableRoles: nobody has the scenario role {role[:40]!r}")
    conversation.chat.set_flags(message.set_flags or [])
    additions.replace(conversation.chat, message.context_key or MAIN_KEY, change)
    conversation.chat.story.variables.update(variables)
    for role, enabled in roles.items():
        conversation.enable_role(role, enabled)
    conversation.context_changed()
    conversation.advance()


@handle.register
def _trigger_script_event(message: client.TriggerScriptEvent, hub: Hub, sender: ConnectedClient) -> None:
    arguments = {argument.name: argument.value for argument in message.arguments or []}
    hub.conversation(message.session_id).app_event(message.name, arguments)


@handle.register
def _inspect(message: client.Inspect, hub: Hub, sender: ConnectedClient) -> None:
    inspectors = hub.conversation(message.session_id).audience.inspectors
    (inspectors.add if message.enabled else inspectors.discard)(sender)
    sender.send(server.InspectorEnabled(session_id=message.session_id, enabled=message.enabled))


@handle.register
def _add_participant(message: client.AddChatParticipant, hub: Hub, sender: ConnectedClient) -> None:
    conversation = hub.conversation(message.session_id)
    found = next((c for c in hub.characters if c.id == message.character_id), None)
    if found is None:
        raise Refused(f"addChatParticipant: there is no character {message.character_id[:80]!r}")
    conversation.add_participant(found)


@handle.register
def _remove_participant(message: client.RemoveChatParticipant, hub: Hub, sender: ConnectedClient) -> None:
    conversation = hub.conversation(message.session_id)
    conversation.remove_participant(_character(message.character_id, conversation, "removeChatParticipant"))
