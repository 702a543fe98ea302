"""What a script hands back, as JSON, becomes orders. It comes from a stranger: everything is checked."""

import json
import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from pydantic import ValidationError

from relay.companion.scenario import flags
from relay.companion.scenario.model import Action
from relay.companion.scenario.validation import problems
from relay.companion.state.chat import MessageRole
from relay.companion.state.orders import (
    AddMessage,
    AfterSpeech,
    ChangeFlags,
    EnableRole,
    EvaluateNextEvent,
    Log,
    NextSpeaker,
    Order,
    RewriteUserMessage,
    SetActions,
    SetContext,
    SetVariable,
    TriggerApp,
)
from relay.text.unicode import without_surrogates

Fields = Mapping[str, Any]


def orders(made: object) -> tuple[list[Order], list[str]]:
    """The orders, in the order made, and what is wrong with the others."""
    read: list[Order] = []
    wrong: list[str] = []
    for fields in made if isinstance(made, list) else []:
        try:
            read.append(_READERS[fields["kind"]](fields))
        except ValidationError as error:
            wrong += [f"chat.setActions: {problem}" for problem in problems(error, Action)]
        except (KeyError, TypeError, ValueError) as error:
            wrong.append(str(error))
    return read, wrong


def _post(fields: Fields) -> Order:
    return AddMessage(
        role=_role(fields["role"]),
        text=_text(fields["text"]),
        reply=_flag("triggerReply", fields),
        character=_optional(fields.get("character")),
        scenario_role=_optional(fields.get("scenario_role")),
        use_story_writer=bool(fields.get("use_story_writer")),
        max_new_tokens=_count("maxNewTokens", fields.get("max_new_tokens")),
        max_sentences=_count("maxSentences", fields.get("max_sentences")),
        narrate=_flag("narrate", fields),
    )


def _role(name: object) -> MessageRole:
    for role in MessageRole:
        if isinstance(name, str) and role.value.lower() == name.lower():
            return role
    raise ValueError(f"chat.customMessage: role is one of {', '.join(MessageRole)}, not {name!r:.40}")


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError(f"a text is expected, not {value!r:.40}")
    return value


def _optional(value: object) -> str | None:
    return None if value is None else _text(value)


def _flag(name: str, fields: Fields) -> bool | None:
    value = fields.get({"triggerReply": "reply"}.get(name, name))
    if value is None or isinstance(value, bool):
        return value
    raise ValueError(f"chat.customMessage: {name} is true or false, not {value!r:.40}")


def _count(name: str, value: object) -> int | None:
    if value is None:
        return None
    if isinstance(value, int | float) and not isinstance(value, bool) and 1 <= value < 1e6:
        return int(value)
    raise ValueError(f"{name} is a number from 1, not {value!r:.40}")


def _scalar(value: object) -> bool | int | float | str | None:
    if value is None or isinstance(value, bool | int | float | str):
        return value
    raise ValueError(f"a text, a number, true or false is expected, not {value!r:.40}")


def _flags(fields: Fields) -> Order:
    changes = tuple(_text(change) for change in fields["changes"])
    for change in changes:
        flags.check_change(change)
    seconds = fields.get("seconds")
    return ChangeFlags(
        changes,
        messages=_count("messages", fields.get("messages")),
        seconds=None if seconds is None else float(seconds),
    )


def _context(fields: Fields) -> Order:
    condition = _text(fields["flags"])
    flags.check_condition(condition)
    return SetContext(_text(fields["name"]), _optional(fields["text"]), condition)


def _actions(fields: Fields) -> Order:
    return SetActions(_text(fields["key"]), tuple(Action.model_validate(a) for a in fields["actions"]))


def _app_trigger(fields: Fields) -> Order:
    arguments = tuple(_scalar(value) for value in fields["arguments"])
    return TriggerApp(_text(fields["name"]), arguments, bool(fields["queued"]))


_READERS: Final[dict[str, Callable[[Fields], Order]]] = {
    "post": _post,
    "flags": _flags,
    "variable": lambda fields: SetVariable(_text(fields["name"]), _scalar(fields["value"])),
    "role": lambda fields: EnableRole(_text(fields["role"]), bool(fields["enabled"])),
    "context": _context,
    "appTrigger": _app_trigger,
    "actions": _actions,
    "next": lambda fields: NextSpeaker(_optional(fields["character_id"])),
    "evaluateNextEvent": lambda fields: EvaluateNextEvent(),
    "rewrite": lambda fields: RewriteUserMessage(_text(fields["text"])),
    "afterSpeech": lambda fields: AfterSpeech(int(fields["callback"])),
    "log": lambda fields: Log(_text(fields["text"])),
}

_FRAME: Final = re.compile(r"([^\s()]+\.js:\d+(?::\d+)?)")


def place(stack: str | None) -> str:
    """Where in the scenario's scripts an error arose, as `scripts/left.js:4:3`; empty when it is not known."""
    match = _FRAME.search(stack or "")
    return match[1] if match else ""


def answer(text: object) -> dict[str, Any]:
    """The JSON a call hands back; empty when it is none.

    Scripts cut texts in the middle of a character, and half of one could be neither sent nor kept.
    """
    try:
        read = json.loads(text) if isinstance(text, str) else None
        if isinstance(text, str) and "\\ud" in text.lower():
            read = json.loads(without_surrogates(json.dumps(read, ensure_ascii=False)))
    except (ValueError, RecursionError):
        read = None
    return read if isinstance(read, dict) else {}
