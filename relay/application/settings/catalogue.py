"""All there is to set, for people: what each setting is for, what fits it, and what it is unless it is set."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, Final, Literal, get_args

import tomlkit
from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined, to_jsonable_python

from relay.application.settings.explanations import explanations
from relay.application.settings.model import settings_model
from relay.config.loading import Config
from relay.platforms import listed

InputType = Literal["switch", "number", "text", "choice", "choices", "list", "secret", "table"]
"""What a person changes it with. `table` is TOML, headed as in the file."""
EXACT: Final = 2**53
"""Whole numbers from here on are told as texts: browsers would round them."""


@dataclass(frozen=True)
class KnownSetting:
    """One thing that can be set."""

    key: str
    """Section and name, such as `web.port`."""
    type: InputType
    about: str
    """What it is for."""
    default: Any
    """As JSON has it; None where it is not set."""
    choices: tuple[str, ...] = ()
    least: float | None = None
    most: float | None = None
    is_whole: bool = False
    """Of numbers, also of those in a list."""
    entry: Mapping[str, Any] | None = None
    """Of a list of tables: what is asked for one more of them, as a JSON schema."""

    @property
    def section(self) -> str:
        return self.key.partition(".")[0]

    @property
    def name(self) -> str:
        return self.key.partition(".")[2]

    def value_in(self, config: Config) -> Any:
        """What it is there, as JSON has it; of a secret, whether there is one."""
        value = getattr(config, self.section)
        value = getattr(value, self.name) if self.name else value
        if self.type == "secret":
            return value is not None and value.get_secret_value() != ""
        return as_json(value) if self.type != "table" else as_toml(self.key, value)


@cache
def catalogue() -> Mapping[str, KnownSetting]:
    """Every setting by its key, in the order of the example file."""
    said = [*explanations()]
    sections = settings_model(listed.PLATFORMS).model_fields
    ordered = sorted(sections.items(), key=lambda section: said.index(section[0]))
    return {setting.key: setting for name, field in ordered for setting in _of_section(name, field)}


def section_titles() -> dict[str, str]:
    """What each section is about, in the same order."""
    return {name: explanations()[name].about for name in dict.fromkeys(each.section for each in catalogue().values())}


def model_of(section: FieldInfo) -> type[BaseModel]:
    """What a section is made of, or each one of a list of sections."""
    model = section.annotation if isinstance(section.annotation, type) else get_args(section.annotation)[0]
    assert issubclass(model, BaseModel)
    return model


def as_json(value: Any) -> Any:
    """A plain value; numbers that a browser would round become texts."""
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) >= EXACT:
        return str(value)
    if isinstance(value, tuple | list):
        return [as_json(each) for each in value]
    return to_jsonable_python(value)


def as_toml(key: str, value: Any) -> str:
    """A table as it would stand in the file; empty where it has nothing."""
    plain = to_jsonable_python(value, exclude_none=True)
    if not plain:
        return ""
    for name in reversed(key.split(".")):
        plain = {name: plain}
    return tomlkit.dumps(plain).strip() + "\n"


def _of_section(name: str, field: FieldInfo) -> Iterator[KnownSetting]:
    model = model_of(field)
    if field.annotation is not model:
        schema = model.model_json_schema()
        yield KnownSetting(name, "table", explanations()[name].about, "", entry=_entry(name, schema, schema))
        return
    schema = model.model_json_schema()
    for part_name, part in schema["properties"].items():
        key = f"{name}.{part_name}"
        default = model.model_fields[part_name].get_default(call_default_factory=True)
        about = explanations()[name].keys.get(part_name, "") or _elsewhere(key)
        shape = _resolved(part, schema)
        yield replace(_setting(key, shape, about, default), entry=_entry(key, shape.get("items"), schema))


def _elsewhere(key: str) -> str:
    """Of tables that have a heading of their own in the example."""
    said = explanations().get(key)
    return said.about if said is not None and said.about else _TABLES.get(key, "")


_TABLES: Final = {
    "forwarding.kinds": "what each kind of message becomes, where that differs from the usual; see docs/messages.md",
    "forwarding.rules": "rules that go before those of the kinds; see docs/messages.md",
}


def _setting(key: str, part: Mapping[str, Any], about: str, default: Any) -> KnownSetting:
    kind = _type(part)
    item = part.get("items", {}) if kind in ("list", "choices") else part
    shown = None if default is PydanticUndefined or isinstance(default, SecretStr) else default
    return KnownSetting(
        key,
        kind,
        about,
        as_toml(key, shown)
        if kind == "table" and key != "forwarding.kinds"
        else as_json(shown)
        if kind != "table"
        else "",
        tuple(item.get("enum", ())),
        item.get("minimum", item.get("exclusiveMinimum")),
        item.get("maximum", item.get("exclusiveMaximum")),
        item.get("type") == "integer",
    )


def _entry(key: str, item: Mapping[str, Any] | None, schema: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """What one of several tables takes that fits into a field each, what is needed first; the rest is for TOML.

    Then they come as in the example. What is not explained there is described by its name.
    """
    parts, needed = (item or {}).get("properties", {}), (item or {}).get("required", [])
    said = explanations()[key].keys if key in explanations() else {}
    ordered = dict.fromkeys([*needed, *(name for name in said if name in parts), *parts])
    shapes = {name: _resolved(parts[name], schema) for name in ordered}
    properties = {
        name: shape | {"description": said.get(name) or name, "default": parts[name].get("default")}
        for name, shape in shapes.items()
        if _type(shape) in ("switch", "number", "text", "choice")
    }
    return {"properties": properties, "required": needed} if properties else None


def _type(part: Mapping[str, Any]) -> InputType:
    match part:
        case {"type": "boolean"}:
            return "switch"
        case {"type": "integer" | "number"}:
            return "number"
        case {"writeOnly": True}:
            return "secret"
        case {"enum": _}:
            return "choice"
        case {"type": "array", "items": {"enum": _}}:
            return "choices"
        case {"type": "array", "items": {"type": "string" | "integer" | "number"}}:
            return "list"
        case {"type": "string"}:
            return "text"
    return "table"


def _resolved(part: Mapping[str, Any], schema: Mapping[str, Any]) -> dict[str, Any]:
    """Without the indirections that JSON schemas have for what is named or may be missing."""
    if "anyOf" in part:
        part = next(each for each in part["anyOf"] if each.get("type") != "null")
    if "$ref" in part:
        part = schema["$defs"][part["$ref"].rpartition("/")[2]]
    if isinstance(part.get("items"), dict):
        part = {**part, "items": _resolved(part["items"], schema)}
    return dict(part)
