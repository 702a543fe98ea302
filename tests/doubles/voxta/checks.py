"""What a client may send: the type, what it must hold, and of which kind.

A server in .NET refuses a call whose message it cannot read: an unknown `$type`, one that is not the first field, a
field of another kind, null where there is no null. Fields it does not know it passes over. Types and fields are those
of voxta-nodejs-client's `messages.ts` and of the game engine SDK's protocol-v0.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final
from uuid import UUID

Message = dict[str, Any]

ROLES: Final = ("Undefined", "System", "Assistant", "User", "Summary", "Event", "Instructions", "Note", "Secret")
"""By their numbers on the wire."""

_CONTEXT = "contextKey:text? contexts:contexts? actions:actions? events:actions? setFlags:texts? enableRoles:object?"

_FIELDS: Final[Mapping[str, str]] = {
    "authenticate": "client:text! clientVersion:text? scope:texts! capabilities:object!",
    "registerApp": "clientVersion:text? iconBase64Url:text? label:text?",
    "loadCharactersList": "",
    "loadScenariosList": "",
    "loadChatsList": "characterId:guid? scenarioId:guid?",
    "startChat": f"chatId:guid? characterId:guid? characterIds:guids? scenarioId:guid? ephemeral:bool {_CONTEXT}",
    "resumeChat": f"chatId:guid! {_CONTEXT}",
    "pauseChat": "sessionId:guid! pause:bool!",
    "stopChat": "sessionId:guid?",
    "deleteChat": "chatId:guid!",
    "subscribeToChat": "sessionId:guid!",
    "unsubscribeFromChat": "sessionId:guid!",
    "updateContext": f"sessionId:guid! {_CONTEXT}",
    "send": (
        "sessionId:guid! text:text? attachments:list? characterResponsePrefix:text? doContinue:bool doReply:bool "
        "doUserActionInference:bool doCharacterActionInference:bool role:role characterId:guid? triggerEvent:text? "
        "useStoryWriter:bool generateConstraintRequest:object?"
    ),
    "update": "sessionId:guid! messageId:guid! text:text?",
    "deleteMessage": "sessionId:guid! messageId:guid!",
    "revert": "sessionId:guid! messageId:guid?",
    "retry": "sessionId:guid!",
    "interrupt": "sessionId:guid!",
    "speak": "sessionId:guid! messageId:guid?",
    "triggerAction": "sessionId:guid! messageId:guid! value:text! arguments:arguments?",
    "runScript": "sessionId:guid! script:text!",
    "triggerScriptEvent": "sessionId:guid! name:text! arguments:arguments?",
    "characterSpeechRequest": "sessionId:guid! characterId:guid? text:text!",
    "speechPlaybackStart": (
        "sessionId:guid! messageId:guid! startIndex:number! endIndex:number! duration:number isNarration:bool"
    ),
    "speechPlaybackComplete": "sessionId:guid! messageId:guid!",
    "inspect": "sessionId:guid! enabled:bool!",
    "inspectAudioInput": "audioFrames:bool culture:text? speechToText:bool",
    "addChatParticipant": "sessionId:guid! characterId:guid! role:text?",
    "removeChatParticipant": "sessionId:guid! characterId:guid!",
    "typingStart": "sessionId:guid!",
    "typingEnd": "sessionId:guid! sent:bool!",
    "requestSuggestions": "sessionId:guid! prefix:text? count:number",
    "updateChat": "sessionId:guid! title:text?",
    "updateDocument": "sessionId:guid! documentId:guid? title:text? content:text?",
    "listResources": "resources:list!",
    "deployResource": "id:guid! data:object!",
    "fulfillUserInteractionRequest": "requestId:guid!",
    "appTriggerComplete": "sessionId:guid! triggerId:guid!",
}
"""`!` must be there and not be null, `?` may be missing or null, and else it may be missing."""

_CAPABILITIES: Final[Mapping[str, tuple[str, ...]]] = {
    "audioInput": ("None", "WebSocketStream", "Disabled"),
    "audioOutput": ("None", "Url", "LocalFile", "Disabled"),
    "visionCapture": ("None", "PostImage", "Disabled"),
}
_ARGUMENT_TYPES: Final = ("Undefined", "String", "Integer", "Double", "Boolean", "Array")
_TIMINGS: Final = (
    "AfterUserMessage",
    "BeforeAssistantMessage",
    "AfterAssistantMessage",
    "Manual",
    "Button",
    "AfterAnyMessage",
)


def is_guid(value: Any) -> bool:
    try:
        UUID(value)
    except (ValueError, AttributeError, TypeError):
        return False
    return isinstance(value, str)


def _is_argument(value: Any) -> bool:
    return isinstance(value, dict) and isinstance(value.get("name"), str) and isinstance(value.get("value"), str)


def _is_one_of(names: tuple[str, ...]) -> Callable[[Any], bool]:
    """By name or by number."""
    return lambda value: value in names or (_is_number(value) and value in range(len(names)))


def _is_context(value: Any) -> bool:
    return isinstance(value, dict) and isinstance(value.get("text"), str)


def _is_action(value: Any) -> bool:
    if not isinstance(value, dict) or not isinstance(value.get("name"), str):
        return False
    timing, arguments = value.get("timing"), value.get("arguments") or []
    return (timing is None or timing in _TIMINGS) and all(
        isinstance(argument, dict)
        and isinstance(argument.get("name"), str)
        and _is_one_of(_ARGUMENT_TYPES)(argument.get("type", "Undefined"))
        for argument in arguments
    )


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _all(kind: Callable[[Any], bool]) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, list) and all(map(kind, value))


_KINDS: Final[Mapping[str, Callable[[Any], bool]]] = {
    "text": lambda value: isinstance(value, str),
    "bool": lambda value: isinstance(value, bool),
    "number": _is_number,
    "guid": is_guid,
    "role": _is_one_of(ROLES),
    "list": _all(lambda value: isinstance(value, dict)),
    "texts": _all(lambda value: isinstance(value, str)),
    "guids": _all(is_guid),
    "arguments": _all(_is_argument),
    "contexts": _all(_is_context),
    "actions": _all(_is_action),
    "object": lambda value: isinstance(value, dict),
}


def problem(message: Any) -> str | None:
    """Why this message cannot be read; None when it can."""
    if not isinstance(message, dict):
        return "the argument is not an object"
    if next(iter(message), None) != "$type":
        return "$type is not the first field"
    fields = _FIELDS.get(message["$type"])
    if fields is None:
        return f"unknown $type {message['$type']!r}"
    wrong = [wrong for field in fields.split() if (wrong := _wrong(message, field))]
    if not wrong and message["$type"] == "authenticate":
        wrong = [
            f"capabilities.{name} cannot be {value!r}"
            for name, known in _CAPABILITIES.items()
            if (value := message["capabilities"].get(name, "None")) not in known
        ]
    return wrong[0] if wrong else None


def _wrong(message: Message, field: str) -> str | None:
    name, kind = field.rstrip("!?").split(":")
    if name not in message:
        return f"{name} is missing" if field.endswith("!") else None
    value = message[name]
    if value is None:
        return None if field.endswith("?") else f"{name} cannot be null"
    return None if _KINDS[kind](value) else f"{name} cannot be {value!r}"
