"""All that servers are known to say, as plain JSON of today's shape, and ways to spoil it."""

import json
from copy import deepcopy
from random import Random
from typing import Any, Final

SESSION: Final = "5e550000-0000-4000-8000-000000000001"
CHAT: Final = "c4a70000-0000-4000-8000-000000000002"
APEX: Final[dict[str, Any]] = {
    "id": "a1",
    "name": "Apex",
    "thumbnailUrl": None,
    "scenarioRole": "host",
    "appConfiguration": {},
}
ANN: Final = {"id": "u1", "name": "Ann", "thumbnailUrl": None}
TOLD: Final = {
    "messageId": "m1", "role": "User", "senderId": "u1", "name": "Ann", "text": "Hello there.", "tokens": 3,
    "timestamp": "2026-01-02T03:04:05.678Z", "index": 4, "conversationIndex": 2, "chatTime": 12.5, "attachments": None,
}  # fmt: skip
FLAG: Final = {
    "name": "mood.calm", "messageIndex": 2, "messageChatTime": 3, "expireIndex": None, "expireChatTime": None,
}  # fmt: skip
CONTEXT: Final = {
    "sessionId": SESSION,
    "flags": [FLAG, FLAG | {"name": "door.open"}],
    "variables": {"score": 7},
    "contexts": [{"contextKey": "Main", "name": "place", "text": "A bridge.", "flagsFilter": None}],
    "actions": [{"contextKey": "Main", "name": "wave", "layer": "", "timing": 0, "arguments": [{"type": 1}]}],
    "buttons": [],
    "characters": [APEX],
    "roles": {"host": {"characterId": "a1", "enabled": True}},
}
CHARACTERS: Final = [APEX, {"id": "b2", "name": "Bee", "scenarioRole": None}]
REPLY: Final = {"sessionId": SESSION, "messageId": "r1", "senderId": "a1"}
HEARD: Final = {"sessionId": SESSION, "messageId": "r1", "startIndex": 0, "endIndex": 9, "duration": 1.5}

SAID: Final[tuple[dict[str, Any], ...]] = (
    {
        "$type": "welcome", "user": ANN, "apiVersion": "2025-11", "voxtaServerVersion": "1.3.0", "assistant": APEX,
        "favorite": None, "characters": [APEX], "registeredClientVersion": None,
    },
    {"$type": "authenticationRequired"},
    {"$type": "configuration", "configurations": [{"id": "k"}], "services": {"textGen": []}, "featureFlags": ["a"]},
    {"$type": "moduleRuntimeInstances", "instances": [{"id": "i", "name": "n", "label": "l", "status": "On"}]},
    {
        "$type": "chatsSessionsUpdated",
        "sessions": [{"sessionId": SESSION, "chatId": CHAT, "user": ANN, "characters": CHARACTERS}],
    },
    {"$type": "chatStarting", "sessionId": SESSION, "chatId": CHAT, "title": None, "chatStyle": "Companion"},
    {"$type": "chatLoadingMessage", "sessionId": SESSION, "text": "Loading the voice", "progress": 0.4},
    {
        "$type": "chatStarted", "sessionId": "elsewhere", "chatId": "another", "user": ANN, "characters": CHARACTERS,
        "narrator": None, "scenario": {"id": "s", "name": "Show", "chatStyle": "Companion", "roles": []},
        "messages": [TOLD, TOLD | {"messageId": "m2", "role": 2, "text": None, "index": 5}],
        "context": CONTEXT, "services": {"textGen": {"serviceName": "x"}}, "augmentations": [], "title": "Evening",
        "chatStyle": "Companion",
    },
    {"$type": "chatConfiguration", "sessionId": SESSION, "chatId": CHAT, "services": {}, "characters": CHARACTERS},
    {"$type": "chatPaused", "sessionId": SESSION, "paused": True},
    {"$type": "chatUpdated", "sessionId": SESSION, "chatId": CHAT, "title": "Late evening"},
    {"$type": "chatClosed", "sessionId": "elsewhere", "chatId": "another"},
    {"$type": "chatFlow", "sessionId": SESSION, "state": "ProcessingUserMessage"},
    {"$type": "chatParticipantsUpdated", "sessionId": SESSION, "characters": CHARACTERS},
    {"$type": "message", "sessionId": SESSION} | TOLD,
    {"$type": "update", "sessionId": SESSION} | TOLD,
    {"$type": "deleted", "sessionId": SESSION, "messageId": "m1"},
    {"$type": "replyGenerating", "role": "Assistant", "isNarration": False, "thinkingSpeechUrl": None} | REPLY,
    {"$type": "replyThink", "text": "Hm."} | REPLY,
    {"$type": "replyStart", "chatTime": 12} | REPLY,
    {
        "$type": "replyChunk", "startIndex": 0, "endIndex": 9, "text": "Hi there.", "audioUrl": "", "affect": "joy",
        "isNarration": False, "audioGapMs": 120, "affectCarried": False,
    } | REPLY,
    {"$type": "replyEnd", "tokens": 5, "messageIndex": 6, "conversationIndex": 3} | REPLY,
    {"$type": "replyCancelled"} | REPLY,
    {"$type": "speechRecognitionStart"},
    {"$type": "speechRecognitionPartial", "text": "Hel"},
    {"$type": "speechRecognitionEnd", "text": "Hello.", "reason": "EndOfSpeech", "words": [{"text": "Hello"}]},
    {"$type": "recordingRequest", "sessionId": SESSION, "enabled": True},
    {"$type": "recordingStatus", "sessionId": SESSION, "enabled": True},
    {"$type": "wakeWordStatus", "sessionId": SESSION, "enabled": True, "standBy": False},
    {"$type": "audioFrame", "rms": 0.1, "voiceActivity": True, "listening": True},
    {"$type": "speechPlaybackStart", "isNarration": False} | HEARD,
    {"$type": "speechPlaybackComplete", "sessionId": SESSION, "messageId": "r1"},
    {"$type": "interruptSpeech", "sessionId": SESSION, "messageId": "r1"},
    {
        "$type": "action", "sessionId": SESSION, "contextKey": "Main", "layer": "", "value": "wave",
        "role": "Assistant", "senderId": "a1", "scenarioRole": None, "arguments": [{"name": "hand", "value": "left"}],
    },
    {
        "$type": "appTrigger", "sessionId": SESSION, "name": "post", "arguments": ["Hello", 3, True, None, {"a": [1]}],
        "messageId": None, "triggerId": "7a160000-0000-4000-8000-000000000003", "senderId": "a1", "scenarioRole": None,
    },
    {"$type": "contextUpdated"} | CONTEXT,
    {"$type": "memoryUpdated", "sessionId": SESSION, "characterId": "a1", "memories": [{"text": "Ann likes rain."}]},
    {"$type": "animationPlay", "sessionId": SESSION, "animationId": "x", "url": "/x", "frameCount": 2, "fps": 30},
    {"$type": "suggestions", "sessionId": SESSION, "suggestions": ["Yes.", "No."]},
    {"$type": "visionCaptureRequest", "sessionId": SESSION, "visionCaptureRequestId": "v", "source": "Screen"},
    {"$type": "inspectorEnabled", "sessionId": SESSION, "enabled": True},
    {"$type": "inspectorScriptExecuted", "sessionId": SESSION, "name": "s", "logs": [{"level": "a", "message": "b"}]},
    {"$type": "charactersListLoaded", "characters": CHARACTERS},
    {"$type": "scenariosListLoaded", "scenarios": [{"id": "s", "name": "Show"}]},
    {"$type": "chatsListLoaded", "chats": [{"id": CHAT, "created": "2026-01-02"}]},
    {"$type": "userInteractionRequest", "requestId": "q", "message": "Log in", "url": None},
    {"$type": "error", "message": "Nope.", "details": None, "code": None, "serviceName": None},
    {
        "$type": "chatSessionError", "sessionId": SESSION, "message": "The voice failed.", "details": None, "code": "x",
        "serviceName": "Voice", "retry": True,
    },
)  # fmt: skip

ODD: Final[tuple[Any, ...]] = (
    None,
    True,
    0,
    -1,
    3,
    2.5,
    1e300,
    10**40,
    "",
    "?",
    "\u202eevil\n",
    [],
    [None],
    {},
    {"a": {"b": []}},
)


def of_type(name: str) -> dict[str, Any]:
    """What a server says of this type."""
    return deepcopy(next(message for message in SAID if message["$type"] == name))


def spoiled(random: Random) -> dict[str, Any]:
    """One of the messages with one to four fields missing, null, of another type or value, nested or added."""
    message = deepcopy(random.choice(SAID))
    for _ in range(random.randint(1, 4)):
        _spoil(message, random)
    return message


def _spoil(message: dict[str, Any], random: Random) -> None:
    container, key = random.choice([*_places(message), (message, "sparkle")])
    value = container[key] if isinstance(container, list) else container.get(key)
    match random.choice(("missing", "odd", "odd", "in a list", "in an object", "as text")):
        case "missing":
            if isinstance(container, list) or key in container:
                del container[key]
        case "odd":
            container[key] = deepcopy(random.choice(ODD))
        case "in a list":
            container[key] = [value]
        case "in an object":
            container[key] = {"value": value}
        case "as text":
            container[key] = json.dumps(value)


def _places(value: Any) -> list[tuple[Any, Any]]:
    """Every place in a message but its `$type`."""
    keys = list(value) if isinstance(value, dict) else list(range(len(value)))
    inside = [place for key in keys if isinstance(value[key], dict | list) for place in _places(value[key])]
    return [(value, key) for key in keys if key != "$type"] + inside
