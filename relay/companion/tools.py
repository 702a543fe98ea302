"""Actions as a language model chooses them: by a tool call, or by one line of JSON where there are no tools.

What comes back is whatever the model wrote; what does not fit an action is no choice.
"""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from relay.companion.brain import Choice
from relay.companion.scenario.model import Action, Argument, Scalar

CHOICE: Final = (
    "If one of the tools fits what was just said or done, call it. If none clearly does, answer with the word none."
)
_TYPES: Final = {
    "string": "string",
    "integer": "integer",
    "float": "number",
    "number": "number",
    "double": "number",
    "boolean": "boolean",
}


def tool(action: Action) -> dict[str, Any]:
    """The action as a tool of the chat completions API."""
    properties = {a.name: {"type": _TYPES[a.type], "description": a.description} for a in action.arguments}
    required = [a.name for a in action.arguments if a.required]
    return {
        "type": "function",
        "function": {
            "name": safe(action.name),
            "description": action.description,
            "parameters": {"type": "object", "properties": properties, "required": required},
        },
    }


def safe(name: str) -> str:
    """The name with only what tool names may have."""
    return re.sub(r"[^A-Za-z0-9_-]", "_", name)[:64]


def instruction(actions: Sequence[Action]) -> str:
    """What a model without tools is asked."""
    lines = [f"- {a.name}{_signature(a)}: {a.description}" for a in actions]
    return "\n".join(
        (
            "Decide whether one of these actions fits what was just said or done:",
            *lines,
            'Answer with one line of JSON and nothing else: {"action": "name", "arguments": {}},',
            'or {"action": null} if none clearly fits.',
        )
    )


def _signature(action: Action) -> str:
    listed = ", ".join(f"{a.name}: {a.type}{'' if a.required else '?'}" for a in action.arguments)
    return f"({listed})" if listed else ""


def called(answer: Any) -> tuple[object, object]:
    """The name and the arguments of the first tool call in an answer."""
    try:
        function = answer["choices"][0]["message"]["tool_calls"][0]["function"]
        return function["name"], function.get("arguments")
    except (LookupError, TypeError, AttributeError):
        return None, None


def content(answer: Any) -> str:
    """The text of an answer; empty when it has none."""
    try:
        return str(answer["choices"][0]["message"]["content"] or "")
    except (LookupError, TypeError):
        return ""


def answered(answer: Any) -> tuple[object, object]:
    """The name and the arguments in an answer that is a line of JSON, wherever in the text it stands."""
    text = content(answer)
    try:
        found = json.loads(text[text.index("{") : text.rindex("}") + 1])
        return found.get("action"), found.get("arguments")
    except (LookupError, TypeError, ValueError, AttributeError, RecursionError):
        return None, None


def choice_of(name: object, arguments: object, actions: Sequence[Action]) -> Choice | None:
    """The choice among these actions, if it is one, with the arguments that fit their types."""
    action = next((a for a in actions if name in (a.name, safe(a.name))), None)
    if action is None:
        return None
    given = arguments
    if isinstance(given, str):
        try:
            given = json.loads(given)
        except (ValueError, RecursionError):
            given = {}
    return fitted(action, given if isinstance(given, Mapping) else {})


def fitted(action: Action, given: Mapping[str, object]) -> Choice | None:
    """The choice of an action with the arguments that fit; None when one that is required does not."""
    arguments: dict[str, Scalar] = {}
    for argument in action.arguments:
        value = _as(argument, given.get(argument.name))
        if value is not None:
            arguments[argument.name] = value
        elif argument.required:
            return None
    return Choice(action.name, arguments)


def _as(argument: Argument, value: object) -> Scalar | None:
    """The value as what the argument is; None when it cannot be."""
    if not isinstance(value, bool | int | float | str):
        return None
    kind = _TYPES[argument.type]
    if kind == "string":
        return str(value)
    if kind == "boolean":
        return {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}.get(str(value).lower())
    try:
        number = float(value)
        return round(number) if kind == "integer" else number if number == number else None
    except (ValueError, OverflowError):
        return None
