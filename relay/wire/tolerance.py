"""Reading what a server says as far as it can be understood: what does not fit costs itself alone.

A field that does not fit its model is left out, so that its default stands; so is an item of a list without what it
cannot do without. Only a message that lacks as much itself is lost. Nothing here knows a single message.
"""

from collections.abc import Mapping, Sequence
from copy import deepcopy
from typing import Any, Final

from pydantic import ValidationError

from relay.wire.messages import InvalidMessage, WireMessage, fields_of, model_of

MAX_NAME: Final = 40
"""Characters of a field's name that are shown."""

Place = Sequence[str | int]
"""The way to a value: keys of objects and places in lists."""


def read(data: Mapping[str, Any], models: Mapping[str, type[WireMessage]]) -> WireMessage:
    """Read one message as the model its `$type` names; `left_out` then tells what did not fit.

    Raises InvalidMessage when it lacks what it cannot do without. Its text names fields, never what stood in them.
    """
    model = model_of(data, models)
    fields = fields_of(data, model)
    left_out: dict[str, None] = {}
    is_ours = False
    while True:
        try:
            message = model.model_validate(fields)
        except ValidationError as error:
            if not is_ours:
                fields, is_ours = deepcopy(fields), True
            left_out |= dict.fromkeys(_prune(fields, error, model.type_name))
        else:
            if left_out:
                message.leave_out(left_out)
            return message


def _prune(fields: dict[str, Any], error: ValidationError, name: str) -> list[str]:
    """Take out of `fields` what does not fit, and tell what that was; null is nothing to tell of."""
    told: list[str] = []
    by_container: dict[int, tuple[Any, set[str | int]]] = {}
    for problem in error.errors(include_url=False, include_context=False, include_input=False):
        place = problem["loc"]
        container, depth = _reach(fields, place)
        if depth == 0:
            raise InvalidMessage(f"{name} without {_name(place)}") from None
        key = place[depth - 1]
        by_container.setdefault(id(container), (container, set()))[1].add(key)
        if container[key] is not None:
            told.append(_name(place[: depth + 1] if problem["type"] == "missing" else place[:depth]))
    for container, keys in by_container.values():
        if isinstance(container, dict):
            for key in keys:
                del container[key]
        else:
            container[:] = [value for at, value in enumerate(container) if at not in keys]
    return told


def _reach(value: Any, place: Place) -> tuple[Any, int]:
    """Follow `place` as far as there is something: the last container met, and how many steps were taken in all."""
    container, depth = value, 0
    for key in place:
        is_there = key in value if isinstance(value, dict) else isinstance(value, list) and isinstance(key, int)
        if not is_there:
            break
        container, value, depth = value, value[key], depth + 1
    return container, depth


def _name(place: Place) -> str:
    """`messages[].text`: the place as a kind, the same for every item of a list."""
    steps = ("[]" if isinstance(step, int) else f".{step[:MAX_NAME] if step.isidentifier() else '?'}" for step in place)
    return "".join(steps).lstrip(".")
