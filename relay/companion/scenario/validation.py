"""What is wrong with a scenario, in words for those who write one."""

import difflib
import re
from collections.abc import Iterable
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

Place = tuple[int | str, ...]


def problems(error: ValidationError, model: type[BaseModel] | None = None) -> list[str]:
    """What is wrong, one line for each thing: the key, what is wrong with it, and the value.

    With the model that was read, keys it does not know come with the one that is probably meant.
    """
    details = [dict(detail) for detail in error.errors(include_url=False, include_context=False)]
    return [line for detail in details if not _follows(detail, details) for line in _lines(detail, model)]


def closest(name: str, known: Iterable[str]) -> str | None:
    """The known name that is probably meant."""
    return next(iter(difflib.get_close_matches(name[:80], list(known), n=1)), None)


def parts(model: type[BaseModel]) -> dict[str, type[BaseModel]]:
    """What a model is made of, by key, where that has keys itself."""
    inner = {key: _model_in(field.annotation) for key, field in model.model_fields.items()}
    return {key: part for key, part in inner.items() if part is not None}


def _model_in(annotation: Any) -> type[BaseModel] | None:
    found = (a for a in (annotation, *get_args(annotation)) if isinstance(a, type) and issubclass(a, BaseModel))
    return next(found, None)


def _follows(detail: dict[str, Any], details: list[dict[str, Any]]) -> bool:
    """Whether a list only counts as too short because what is in it is wrong."""
    if detail["type"] != "too_short":
        return False
    place = detail["loc"]
    return any(other["loc"][: len(place)] == place and other["loc"] != place for other in details)


def _lines(detail: dict[str, Any], model: type[BaseModel] | None) -> list[str]:
    place: Place = detail["loc"]
    key = "".join(f"[{part}]" if isinstance(part, int) else f".{_shown(part)}" for part in place).lstrip(".")
    return [f"{key}: {text}" if key else text for text in _text(detail, model).split("\n")]


def _shown(part: str) -> str:
    return part if re.fullmatch(r"[\w-]{1,80}", part) else f"{part[:40]!r}"


def _text(detail: dict[str, Any], model: type[BaseModel] | None) -> str:
    kind, value = detail["type"], detail["input"]
    if kind == "extra_forbidden":
        return _unknown(detail["loc"], model)
    if kind == "tuple_type":
        fix = f"; write [[{detail['loc'][-1]}]], with two brackets" if isinstance(value, dict) else "; write [...]"
        return f"a list is expected, not {value!r:.80}{fix}"
    if kind == "model_type":
        return f"keys are expected, not {value!r:.80}; write {{ key = value }}"
    if kind == "too_short":
        return "at least one is needed"
    text = str(detail["msg"]).removeprefix("Value error, ")
    return text if kind in ("value_error", "missing") else f"{text}, not {value!r:.80}"


def _unknown(place: Place, root: type[BaseModel] | None) -> str:
    """What to do about a key that is not known where it stands."""
    name, model = str(place[-1]), root
    for part in place[:-1]:
        if isinstance(part, str) and model is not None:
            model = parts(model).get(re.sub(r"(?<!^)(?=[A-Z])", "_", part).lower())
    if root is None or model is None:
        return "there is no such key; is it misspelt?"
    inside = (f"{key}.{name}" for key in parts(model) if name in _direct(model, key))
    if meant := next(inside, None):
        return f"there is no such key; do you mean {meant!r}?"
    if name in root.model_fields:
        return "there is no such key here; move it to the top of the file, before the first [[...]]"
    if meant := closest(name, model.model_fields):
        return f"there is no such key; do you mean {meant!r}?"
    return f"there is no such key; known are {', '.join(model.model_fields)}"


def _direct(model: type[BaseModel], key: str) -> Iterable[str]:
    """The keys under a key that holds one thing, not a list of them."""
    annotation = model.model_fields[key].annotation
    part = _model_in(annotation)
    return () if part is None or Ellipsis in get_args(annotation) else part.model_fields
