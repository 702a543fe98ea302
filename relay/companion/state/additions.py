"""What apps add to a chat: contexts, actions, events and variables, as they arrive on the wire."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from pydantic import ValidationError

from relay.companion.scenario import model
from relay.companion.scenario.model import Action, Argument, Conditional, Event, Scalar, Timing
from relay.companion.scenario.validation import problems
from relay.companion.state.chat import Chat, Refused
from relay.wire.messages import ContextText

Kind = TypeVar("Kind", bound=Conditional)


@dataclass(frozen=True)
class Change:
    """What replaces what an app added before; None leaves it as it is."""

    contexts: tuple[model.ConditionalContext, ...] | None
    actions: tuple[Action, ...] | None
    events: tuple[Event, ...] | None


def read(
    contexts: Sequence[ContextText] | None,
    actions: Sequence[Mapping[str, Any]] | None,
    events: Sequence[Mapping[str, Any]] | None,
) -> Change:
    """Check what an app sent. Raises Refused, which names the key."""
    return Change(
        None if contexts is None else tuple(_context(place, c) for place, c in enumerate(contexts) if c.text.strip()),
        None if actions is None else tuple(_part(Action, "actions", place, a) for place, a in enumerate(actions)),
        None if events is None else tuple(_part(Event, "events", place, e) for place, e in enumerate(events)),
    )


def replace(chat: Chat, key: str, change: Change) -> None:
    """Put it in the place of what the key had."""
    added = chat.added(key)
    added.contexts = added.contexts if change.contexts is None else change.contexts
    added.actions = added.actions if change.actions is None else change.actions
    added.events = added.events if change.events is None else change.events
    if not (added.contexts or added.actions or added.events):
        del chat.story.additions[key]


def variables(values: Mapping[str, Any]) -> dict[str, Scalar]:
    """Check the variables an app sent. Raises Refused, which names the one that is wrong."""
    for name, value in values.items():
        if not isinstance(value, bool | int | float | str):
            raise Refused(f"variables.{name[:80]}: {json.dumps(value)[:80]} is no number, text, true or false")
    return dict(values)


def _context(place: int, context: ContextText) -> model.ConditionalContext:
    roles = [role.strip() for role in (context.role_filter or "").split(",") if role.strip()]
    try:
        return model.ConditionalContext(
            text=context.text,
            name=context.name,
            disabled=bool(context.disabled),
            flags=context.flags_filter or "",
            roles=tuple(roles),
        )
    except ValidationError as error:
        raise _refused(f"contexts[{place}]", error) from None


ARGUMENT_TYPES: Final = ("string", "string", "integer", "double", "boolean", "string")
"""What apps may fill in, at the places that are the numbers of Voxta's types; one that is undefined, and a list, come
as text."""
TIMINGS: Final = {"Button": Timing.MANUAL, "AfterAnyMessage": Timing.AFTER_ASSISTANT_MESSAGE}
"""The nearest to those of Voxta's timings that there are not here."""


def _part(kind: type[Kind], where: str, place: int, data: Mapping[str, Any]) -> Kind:
    """Apps may send more than is known here; what is not known is left out."""
    data = {**data, **_translated(data)}
    known = set(kind.model_fields) | {f.alias for f in kind.model_fields.values() if f.alias} | {"flagsFilter"}
    fields = {key: value for key, value in data.items() if key in known and value is not None}
    if isinstance(fields.get("effect"), dict):
        effect = model.Effect.model_fields
        names = set(effect) | {field.alias for field in effect.values() if field.alias}
        fields["effect"] = {key: value for key, value in fields["effect"].items() if key in names - {"script"}}
    try:
        return kind.model_validate(fields)
    except ValidationError as error:
        raise _refused(f"{where}[{place}]", error) from None


def _translated(data: Mapping[str, Any]) -> dict[str, Any]:
    """What apps say in other words than scenarios."""
    said: dict[str, Any] = {}
    if isinstance(data.get("disabled"), bool):
        said["enabled"] = not data["disabled"]
    timing = data.get("timing")
    if isinstance(timing, str) and timing in TIMINGS:
        said["timing"] = TIMINGS[timing]
    if isinstance(data.get("arguments"), list):
        said["arguments"] = [_argument(argument) for argument in data["arguments"]]
    return said


def _argument(data: Any) -> Any:
    """Of an argument what is known here, its type by name."""
    if not isinstance(data, dict):
        return data
    known = {key: value for key, value in data.items() if key in Argument.model_fields}
    kind = known.get("type")
    if type(kind) is int and 0 <= kind < len(ARGUMENT_TYPES):
        known["type"] = ARGUMENT_TYPES[kind]
    elif kind in ("Undefined", "Array"):
        known["type"] = "string"
    return known


def _refused(where: str, error: ValidationError) -> Refused:
    problem = problems(error)[0].replace("flags:", "flagsFilter:")
    return Refused(f"{where}.{problem}")
