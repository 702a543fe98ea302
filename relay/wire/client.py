"""What a client may say to Voxta."""

from collections.abc import Mapping
from typing import Any, Final

from pydantic import Field

from relay.wire.messages import (
    Capabilities,
    ContextText,
    Index,
    NamedValue,
    Role,
    Seconds,
    WireMessage,
    WireModel,
    by_type,
    parse,
)


class Authenticate(WireMessage):
    type_name = "authenticate"
    client: str = ""
    client_version: str = ""
    scope: list[str] = ["role:app"]
    capabilities: Capabilities = Capabilities()


class RegisterApp(WireMessage):
    type_name = "registerApp"
    client_version: str = ""
    label: str = ""
    icon_base64_url: str | None = None


class SubscribeToChat(WireMessage):
    type_name = "subscribeToChat"
    session_id: str
    chat_id: str | None = None


class UnsubscribeFromChat(WireMessage):
    type_name = "unsubscribeFromChat"
    session_id: str


class StartChat(WireMessage):
    type_name = "startChat"
    character_id: str | None = None
    character_ids: list[str] | None = None
    chat_id: str | None = None
    scenario_id: str | None = None
    context_key: str | None = None
    contexts: list[ContextText] | None = None
    actions: list[dict[str, Any]] | None = None


class ResumeChat(WireMessage):
    type_name = "resumeChat"
    chat_id: str


class StopChat(WireMessage):
    type_name = "stopChat"
    session_id: str | None = None
    chat_id: str | None = None
    """Used by older clients in place of the session."""


class GenerateConstraint(WireModel):
    """How long an answer may be; None leaves it to the server."""

    max_new_tokens: int | None = Field(None, ge=1)
    max_sentences: int | None = Field(None, ge=1)
    allow_multiple_lines: bool | None = None


class Send(WireMessage):
    type_name = "send"
    session_id: str
    text: str = ""
    do_reply: bool = True
    do_user_action_inference: bool = True
    do_character_action_inference: bool = True
    role: Role | None = None
    """Of the message; a person's, where there is none."""
    use_story_writer: bool = False
    """Whether the text is a prompt, of which the story writer makes the message."""
    character_id: str | None = None
    generate_constraint_request: GenerateConstraint | None = None


class UpdateContext(WireMessage):
    type_name = "updateContext"
    session_id: str
    context_key: str | None = None
    contexts: list[ContextText] | None = None
    actions: list[dict[str, Any]] | None = None
    events: list[dict[str, Any]] | None = None
    variables: dict[str, Any] | None = None
    set_flags: list[str] | None = None
    enable_roles: dict[str, bool] | None = None


class TriggerScriptEvent(WireMessage):
    type_name = "triggerScriptEvent"
    session_id: str
    name: str
    arguments: list[NamedValue] | None = None


class SessionMessage(WireMessage):
    session_id: str


class TriggerAction(SessionMessage):
    type_name = "triggerAction"
    value: str
    message_id: str | None = None
    arguments: dict[str, Any] | list[NamedValue] | None = None


class Revert(SessionMessage):
    type_name = "revert"


class Retry(SessionMessage):
    type_name = "retry"


class Interrupt(SessionMessage):
    type_name = "interrupt"


class PauseChat(SessionMessage):
    type_name = "pauseChat"
    pause: bool = True


class TypingStart(SessionMessage):
    type_name = "typingStart"


class TypingEnd(SessionMessage):
    type_name = "typingEnd"
    sent: bool | None = None


class Anticipate(SessionMessage):
    """What the user is likely to send next; "" when nothing any more. Only the embedded companion knows this one."""

    type_name = "anticipate"
    text: str = ""


class TriggerReply(SessionMessage):
    type_name = "triggerReply"
    character_id: str | None = None


class SpeechPlaybackStart(SessionMessage):
    type_name = "speechPlaybackStart"
    message_id: str
    start_index: Index = 0
    end_index: Index = 0
    duration: Seconds = 0.0
    is_narration: bool | None = None


class SpeechPlaybackComplete(SessionMessage):
    type_name = "speechPlaybackComplete"
    message_id: str


class CharacterSpeechRequest(SessionMessage):
    type_name = "characterSpeechRequest"
    character_id: str
    text: str = ""


class AddChatParticipant(SessionMessage):
    type_name = "addChatParticipant"
    character_id: str


class RemoveChatParticipant(SessionMessage):
    type_name = "removeChatParticipant"
    character_id: str


class AppTriggerComplete(SessionMessage):
    """An app trigger that Voxta waits for is done, or will not be."""

    type_name = "appTriggerComplete"
    trigger_id: str


class RequestSuggestions(SessionMessage):
    type_name = "requestSuggestions"


class InspectAudioInput(WireMessage):
    type_name = "inspectAudioInput"
    session_id: str | None = None


class UpdateMessage(SessionMessage):
    type_name = "update"
    message_id: str
    text: str


class DeleteMessage(SessionMessage):
    type_name = "deleteMessage"
    message_id: str


class Inspect(SessionMessage):
    type_name = "inspect"
    enabled: bool = True


class LoadCharactersList(WireMessage):
    type_name = "loadCharactersList"


class LoadScenariosList(WireMessage):
    type_name = "loadScenariosList"


class LoadChatsList(WireMessage):
    type_name = "loadChatsList"
    character_id: str | None = None
    scenario_id: str | None = None


MESSAGES: Final = by_type(
    Authenticate, RegisterApp, SubscribeToChat, StartChat, ResumeChat, StopChat, Send, UpdateContext,
    TriggerScriptEvent, TriggerAction, Revert, Retry, Interrupt, PauseChat, TypingStart, TypingEnd, TriggerReply,
    SpeechPlaybackStart, SpeechPlaybackComplete, CharacterSpeechRequest, AddChatParticipant,
    RemoveChatParticipant, AppTriggerComplete, RequestSuggestions, InspectAudioInput, UpdateMessage, DeleteMessage,
    Inspect, LoadCharactersList, LoadScenariosList, LoadChatsList, Anticipate,
)  # fmt: skip


def parse_client(data: Mapping[str, Any]) -> WireMessage:
    """Read a message a client sent; null stands for what is left out. Raises InvalidMessage."""
    return parse(_without_nulls(data), MESSAGES)


def _without_nulls(value: Any) -> Any:
    if isinstance(value, list):
        return [_without_nulls(each) for each in value]
    if isinstance(value, dict):
        return {key: _without_nulls(each) for key, each in value.items() if each is not None}
    return value
