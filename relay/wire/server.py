"""What Voxta says to its clients. Required is only what a message is nothing without."""

from collections.abc import Mapping
from typing import Annotated, Any, Final

from pydantic import BeforeValidator, Field

from relay.wire.messages import (
    ChatContext,
    ChatMessage,
    ChatSession,
    Index,
    NamedValue,
    Person,
    Role,
    Seconds,
    WireMessage,
    by_type,
    numbered,
)
from relay.wire.tolerance import read


class Welcome(WireMessage):
    type_name = "welcome"
    user: Person | None = None
    assistant: Person | None = None
    characters: list[Person] | None = None
    voxta_server_version: str | None = None
    api_version: str | None = None


class AuthenticationRequired(WireMessage):
    type_name = "authenticationRequired"


class ChatsSessionsUpdated(WireMessage):
    type_name = "chatsSessionsUpdated"
    sessions: list[ChatSession] = []


class ChatStarting(WireMessage):
    """A chat is being opened, and will have these ids."""

    type_name = "chatStarting"
    session_id: str | None = None
    chat_id: str | None = None


class ChatLoadingMessage(WireMessage):
    """How far the opening of a chat has come."""

    type_name = "chatLoadingMessage"
    session_id: str | None = None
    text: str = ""
    progress: float | None = None


class ChatStarted(WireMessage):
    type_name = "chatStarted"
    session_id: str
    chat_id: str
    user: Person | None = None
    characters: list[Person] = []
    narrator: Person | None = None
    messages: list[ChatMessage] | None = None
    context: ChatContext | None = None
    services: dict[str, Any] | None = None
    augmentations: list[Any] | None = None
    chat_style: str | None = None

    @property
    def people(self) -> list[Person]:
        """The characters, wherever this server put them."""
        return self.characters or (self.context.characters if self.context else [])


class ChatClosed(WireMessage):
    type_name = "chatClosed"
    chat_id: str = ""
    """Empty where a chat could not be joined."""
    session_id: str | None = None


class ChatPaused(WireMessage):
    type_name = "chatPaused"
    session_id: str | None = None
    paused: bool = True


WAITING: Final = "WaitingForUserInput"
"""The turn is over: the floor is free."""
FLOW: Final = (WAITING, "ProcessingAssistantReply", "ProcessingUserMessage", "SelectingSpeaker")
"""The states of a turn, at the places that are their numbers on the wire less one."""


class ChatFlow(WireMessage):
    """Where a chat is in its turn."""

    type_name = "chatFlow"
    session_id: str | None = None
    state: Annotated[str, numbered("Undefined", *FLOW)] = ""


class ChatParticipantsUpdated(WireMessage):
    """Who is in the chat now, the user left out."""

    type_name = "chatParticipantsUpdated"
    session_id: str | None = None
    characters: list[Person] = []


class MessageEvent(WireMessage, ChatMessage):
    """A message was added to the chat."""

    type_name = "message"
    session_id: str | None = None


class MessageUpdate(MessageEvent):
    """A user, event or note message was added, or a message's text changed."""

    type_name = "update"


class MessageDeleted(WireMessage):
    type_name = "deleted"
    message_id: str
    session_id: str | None = None


class ReplyMessage(WireMessage):
    """What all steps of a reply share."""

    message_id: str
    sender_id: str | None = None
    session_id: str | None = None


class ReplyGenerating(ReplyMessage):
    type_name = "replyGenerating"
    role: Role | None = None
    is_narration: bool = False
    thinking_speech_url: str | None = None


class ReplyThink(ReplyMessage):
    """The character reasons before it speaks. What it thinks is nobody's to read, and is not kept."""

    type_name = "replyThink"
    text: Annotated[str, BeforeValidator(lambda _: "")] = ""


class ReplyStart(ReplyMessage):
    type_name = "replyStart"
    chat_time: float | None = None
    """Seconds the chat has been open."""


class ReplyChunk(ReplyMessage):
    """A sentence or less. With `start_index` 0 it may carry the whole text so far instead."""

    type_name = "replyChunk"
    start_index: Index = 0
    end_index: Index = 0
    text: str = ""
    audio_url: str | None = None
    is_narration: bool = False
    audio_gap_ms: float | None = Field(None, ge=0, le=60_000)
    affect: str | None = None
    """The emotion it is said with, in the server's words."""


class ReplyEnd(ReplyMessage):
    type_name = "replyEnd"
    tokens: int | None = None
    message_index: Index | None = None
    conversation_index: Index | None = None


class ReplyCancelled(ReplyMessage):
    type_name = "replyCancelled"


class SpeechRecognitionStart(WireMessage):
    type_name = "speechRecognitionStart"
    session_id: str | None = None


class SpeechRecognitionPartial(WireMessage):
    type_name = "speechRecognitionPartial"
    session_id: str | None = None
    text: str = ""


class SpeechRecognitionEnd(WireMessage):
    type_name = "speechRecognitionEnd"
    session_id: str | None = None
    text: str | None = None


class RecordingRequest(WireMessage):
    type_name = "recordingRequest"
    session_id: str | None = None
    enabled: bool = False


class SpeechPlaybackStarted(WireMessage):
    type_name = "speechPlaybackStart"
    message_id: str | None = None
    session_id: str | None = None
    start_index: Index = 0
    end_index: Index = 0
    duration: Seconds = 0.0
    is_narration: bool | None = None


class SpeechPlaybackCompleted(WireMessage):
    type_name = "speechPlaybackComplete"
    message_id: str | None = None
    session_id: str | None = None


class InterruptSpeech(WireMessage):
    type_name = "interruptSpeech"
    session_id: str | None = None
    message_id: str | None = None
    """The message whose speech is over; None for all."""


class ActionMessage(WireMessage):
    type_name = "action"
    value: str
    context_key: str | None = None
    layer: str | None = None
    role: Role | None = None
    sender_id: str | None = None
    scenario_role: str | None = None
    arguments: list[NamedValue] | None = None
    session_id: str | None = None


class AppTrigger(WireMessage):
    type_name = "appTrigger"
    name: str
    arguments: list[Any] = []
    message_id: str | None = None
    trigger_id: str | None = None
    """Voxta waits until a trigger with an id is done."""
    sender_id: str | None = None
    scenario_role: str | None = None
    session_id: str | None = None


class ContextUpdated(WireMessage, ChatContext):
    type_name = "contextUpdated"
    session_id: str | None = None
    contexts: list[dict[str, Any]] = []
    actions: list[dict[str, Any]] = []


class InspectorEnabled(WireMessage):
    type_name = "inspectorEnabled"
    session_id: str | None = None
    enabled: bool = False


class Inspector(WireMessage):
    """A line about the inside of a chat, for clients that inspect it."""

    type_name = "inspector"
    session_id: str | None = None
    log: str = ""


class InspectorActionExecuted(WireMessage):
    type_name = "inspectorActionExecuted"
    session_id: str | None = None
    action: str = ""


class InspectorScriptExecuted(WireMessage):
    type_name = "inspectorScriptExecuted"
    session_id: str | None = None
    script: str = ""


class InspectorScenarioEventExecuted(WireMessage):
    type_name = "inspectorScenarioEventExecuted"
    session_id: str | None = None
    event: str = ""


class ErrorMessage(WireMessage):
    type_name = "error"
    message: str = ""
    code: str | int | None = None
    details: str | None = None
    service_name: str | None = None
    """The service that failed, such as a voice: then it is not a call that was refused."""


class ChatSessionError(ErrorMessage):
    type_name = "chatSessionError"
    retry: bool | None = None
    session_id: str | None = None


class Suggestions(WireMessage):
    """What the user could say next."""

    type_name = "suggestions"
    session_id: str | None = None
    suggestions: list[str] = []


class CharactersListLoaded(WireMessage):
    type_name = "charactersListLoaded"
    characters: list[Person] = []


class ScenariosListLoaded(WireMessage):
    type_name = "scenariosListLoaded"
    scenarios: list[dict[str, Any]] = []


class ChatsListLoaded(WireMessage):
    type_name = "chatsListLoaded"
    chats: list[dict[str, Any]] = []


MESSAGES: Final = by_type(
    Welcome, AuthenticationRequired, ChatsSessionsUpdated, ChatStarting, ChatLoadingMessage, ChatStarted, ChatClosed,
    ChatPaused, ChatFlow, ChatParticipantsUpdated, MessageEvent, MessageUpdate, MessageDeleted, ReplyGenerating,
    ReplyThink, ReplyStart, ReplyChunk, ReplyEnd, ReplyCancelled, SpeechRecognitionStart, SpeechRecognitionPartial,
    SpeechRecognitionEnd, RecordingRequest, SpeechPlaybackStarted, SpeechPlaybackCompleted, InterruptSpeech,
    ActionMessage, AppTrigger, ContextUpdated, InspectorEnabled, Inspector, InspectorActionExecuted,
    InspectorScriptExecuted, InspectorScenarioEventExecuted, ErrorMessage, ChatSessionError, Suggestions,
    CharactersListLoaded, ScenariosListLoaded, ChatsListLoaded,
)  # fmt: skip


def parse_server(data: Mapping[str, Any]) -> WireMessage:
    """Read a message the server sent, as far as it can be understood. Raises InvalidMessage."""
    return read(data, MESSAGES)
