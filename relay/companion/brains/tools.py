"""Actions as a language model chooses them: by a tool call, or by one line of JSON where there are no tools.

What comes back is whatever the model wrote; what does not fit an action is no choice.
"""

import json
import math
import re
from collections.abc import Mapping, Sequence
from itertools import chain, count
from typing import Any, Final

from relay.companion.brains.base import ChosenAction
from relay.companion.scenario.model import Action, Argument, Scalar
from relay.companion.state.chat import Refused
from relay.system.endpoint import sound

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
_TRUTH: Final = {
    **dict.fromkeys(("true", "yes", "on", "1", "1.0"), True),
    **dict.fromkeys(("false", "no", "off", "0", "0.0"), False),
}
NAME_LENGTH: Final = 56
"""Characters of an action's name in a tool's name, which has 64 at most with the number that may follow."""
DESCRIPTION_LENGTH: Final = 1_024
"""Characters the description of a tool may have at OpenAI."""
ATTENTION: Final = 10_000
"""Characters of an answer that are looked at; far more than it is asked for."""


def named(actions: Sequence[Action]) -> dict[str, Action]:
    """The actions by the names their tools have: only letters, digits, _ and -, and no name twice."""
    found: dict[str, Action] = {}
    for action in actions:
        name = re.sub(r"[^A-Za-z0-9_-]", "_", action.name)[:NAME_LENGTH]
        base = name.strip("_")
        numbered = (f"{base or 'action'}_{number}" for number in count(1))
        found[next(n for n in chain([name] if base else [], numbered) if n not in found)] = action
    return found


def tool(name: str, action: Action) -> dict[str, Any]:
    """The action as a tool of the chat completions API."""
    properties = {a.name: {"type": _TYPES[a.type], "description": a.description} for a in action.arguments}
    required = [a.name for a in action.arguments if a.required]
    return {
        "type": "function",
        "function": {
            "name": name,
            "description": action.description[:DESCRIPTION_LENGTH],
            "parameters": {"type": "object", "properties": properties, "required": required},
        },
    }


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


def called(answer: Any) -> tuple[object, object] | None:
    """The name and the arguments of the first tool call in an answer; None when it has none."""
    try:
        function = answer["choices"][0]["message"]["tool_calls"][0]["function"]
        return function["name"], function.get("arguments")
    except (LookupError, TypeError, AttributeError):
        return None


def content(answer: Any) -> str:
    """The text of an answer; empty when it has none."""
    try:
        return sound(str(answer["choices"][0]["message"]["content"] or "")[:ATTENTION])
    except (LookupError, TypeError):
        return ""


def answered(text: str) -> tuple[object, object] | None:
    """The name and the arguments in a text with a line of JSON, wherever in it that stands; None without one."""
    for brace in re.finditer(r"\{", text):
        try:
            found, _ = json.JSONDecoder().raw_decode(text, brace.start())
        except (ValueError, RecursionError):
            continue
        name = next((key for key in ("action", "name") if key in found), None)
        if name is not None:
            return found[name], found.get("arguments", found.get("parameters"))
    return None


def declines(answer: Any) -> bool:
    """Whether a model that was offered tools wants none of them. It saw none of them if it just goes on talking."""
    text = content(answer)
    return answer is not None and (not text.strip() or re.search(r"\bnone\b", text, re.IGNORECASE) is not None)


def choice_of(chosen: tuple[object, object] | None, known: Mapping[str, Action]) -> ChosenAction | None:
    """The choice of a known action, if it is one, with the arguments that fit their types."""
    name, given = chosen or (None, None)
    wanted = name.strip() if isinstance(name, str) else ""
    action = known.get(wanted) or next((known[n] for n in known if n.lower() == wanted.lower()), None)
    if action is None:
        return None
    if isinstance(given, str):
        try:
            given = json.loads(given)
        except (ValueError, RecursionError):
            given = {}
    return fitted(action, given if isinstance(given, Mapping) else {})


def fitted(action: Action, given: Mapping[str, object]) -> ChosenAction | None:
    """The choice of an action with the arguments that fit; None when one that is required does not."""
    arguments: dict[str, Scalar] = {}
    for argument in action.arguments:
        value = _as(argument, given.get(argument.name))
        if value is not None:
            arguments[argument.name] = value
        elif argument.required:
            return None
    return ChosenAction(action.name, arguments)


def typed(action: Action, given: Mapping[str, Scalar]) -> dict[str, Scalar]:
    """Arguments as the action declares them; what it does not declare stays as it is. Raises Refused."""
    for argument in action.arguments:
        value = given.get(argument.name)
        if value is None and argument.required:
            raise Refused(f"{action.name} needs {argument.name}, which is of the type {argument.type}")
        if value is not None and _as(argument, value) is None:
            raise Refused(f"{action.name}: {argument.name} is of the type {argument.type}, not {str(value)[:40]!r}")
    declared = {a.name: value for a in action.arguments if (value := _as(a, given.get(a.name))) is not None}
    return {**given, **declared}


def _as(argument: Argument, value: object) -> Scalar | None:
    """The value as what the argument is; None when it cannot be."""
    if not isinstance(value, bool | int | float | str):
        return None
    kind = _TYPES[argument.type]
    if kind == "string":
        return sound(str(value))
    if kind == "boolean":
        return _TRUTH.get(str(value).strip().lower())
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    if not math.isfinite(number):
        return None
    return round(number) if kind == "integer" else number
