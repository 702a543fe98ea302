"""`[companions.NAME]`: settings that one of many companions has over those the whole file shares.

A companion's tables stand below its name as the shared ones stand at the top: `[companions.ann.voxta]` over `[voxta]`.
"""

import os
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel, ValidationError, create_model
from pydantic_settings import SettingsError

from relay.config.base import PlatformSection, Section
from relay.config.environment import ENV_PREFIX, DotEnv, Environment, unreadable, variables_in
from relay.config.loading import Config, Whereabouts, mistake_at, rooted, told, validated
from relay.config.text_files import encoding_of
from relay.errors import SettingMistake, WrongSettings

TABLE: Final = "companions"
OF_THE_PROCESS: Final = ("relay", "inbox", "web", "operations")
"""Sections that companions share as they are, since they are about the process or the store of all."""
_NAME: Final = re.compile(r"(?=.{1,40}$)[A-Za-z0-9]+([-_][A-Za-z0-9]+)*")
_KEYS: Final = {
    "voxta": {"url": "api_key", "gateway_url": "api_key"},
    "companion": {"base_url": "api_key", "speech_url": "speech_api_key", "hearing_url": "hearing_api_key"},
    "hearing": {"url": "api_key"},
    "obs": {"url": "password"},
}
"""Which key is for which address: those of the shared part are told to no other."""


def split(data: Mapping[str, Any], path: Path | None) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
    """What is shared, and what each companion has of its own, by name. Raises WrongSettings for what cannot be."""
    shared = {name: value for name, value in data.items() if name != TABLE}
    tables = tables_in(data)
    if not tables and data.get(TABLE):
        raise WrongSettings([mistake_at((TABLE,), f"write [{TABLE}.NAME] on a line of its own", path)])
    if wrong := [*_wrong_names(tables, path)]:
        raise WrongSettings(wrong)
    return shared, {name: dict(table) for name, table in tables.items()}


def tables_in(data: Mapping[str, Any]) -> dict[str, Any]:
    """What stands below the names of companions, unchecked."""
    tables = data.get(TABLE)
    return tables if isinstance(tables, dict) else {}


def _wrong_names(tables: Mapping[str, Any], path: Path | None) -> Iterator[SettingMistake]:
    alike: dict[str, str] = {}
    for name, table in tables.items():
        if not _NAME.fullmatch(name):
            fix = "name it with at most 40 letters and digits, which a - or _ may join"
            yield mistake_at((TABLE, name), f"{fix} (got {name!r})", path)
        elif not isinstance(table, dict):
            yield mistake_at((TABLE, name), f"this is a section: write [{TABLE}.{name}] on a line of its own", path)
        elif (other := alike.setdefault(variable_of(name), name)) != name:
            fix = f"{other} has the same files and variables: let more than capitals and - or _ tell them apart"
            yield mistake_at((TABLE, name), fix, path)


def variable_of(name: str) -> str:
    """What stands for this companion in the name of a variable: `ANN_B` for `ann-b`."""
    return name.upper().replace("-", "_")


def with_variables(
    tables: Mapping[str, dict[str, Any]], model: type[Config], path: Path | None
) -> dict[str, dict[str, Any]]:
    """The companions' own settings with those of the environment over them: RELAY_COMPANIONS__ANN__VOXTA__API_KEY."""
    beside = path and path.with_name(".env")
    encoding = encoding_of(beside) if beside else None
    variables = {each.upper() for each in (*os.environ, *(variables_in(beside) if beside else ()))}
    prefix = f"{ENV_PREFIX}{TABLE}__".upper()
    named = {each.removeprefix(prefix).partition("__")[0] for each in variables if each.startswith(prefix)}
    found = {name: rooted(table, model, path) for name, table in tables.items()}
    for name in tables:
        if (variable := variable_of(name)) in named:
            own = f"{prefix}{variable}__"
            try:
                in_file = DotEnv(model, beside, encoding, env_prefix=own)()
                found[name] = merged(merged(found[name], in_file), Environment(model, env_prefix=own)())
            except SettingsError:
                raise WrongSettings([SettingMistake("", line, line) for line in unreadable(path)]) from None
    return found


def merged(shared: Mapping[Any, Any] | BaseModel, own: Mapping[Any, Any]) -> dict[Any, Any]:
    """Tables and sections name by name; whatever else is its own stands for what is shared."""
    both = dict(shared)
    for name, value in own.items():
        before = both.get(name)
        if isinstance(before, Mapping | BaseModel) and isinstance(value, Mapping):
            value = merged(before, value)
        both[name] = value
    return both


class Shared:
    """What the companions of one file share. It need not be complete: a companion may say what is missing."""

    def __init__(self, model: type[Config], data: dict[str, Any], path: Path | None) -> None:
        """Raises WrongSettings for what no companion could put right."""
        self._path = path
        self.config, incomplete = _as_far_as_it_goes(model, data, path)
        self._sections = dict(self.config)
        # each has a port of its own, and the usual one is Voxta's besides
        self._sections["companion"] = self.config.companion.model_copy(update={"port": 0})
        for name in incomplete:
            if isinstance(section := self._sections[name], PlatformSection):
                self._sections[name] = section.model_copy(update={"enabled": False})

    def with_own(self, name: str, own: Mapping[str, Any]) -> Config:
        """The settings of one companion. Sections of which it says nothing are the very objects that all share.

        Its name and the address of its pages are its own.

        A platform that lacks something where it is shared is off for those who say nothing of it. Raises WrongSettings.
        """
        if wrong := [each for each in OF_THE_PROCESS if each in own]:
            fix = "this is the same for all companions: write it below [{}]"
            raise WrongSettings([mistake_at((TABLE, name, each), fix.format(each), self._path) for each in wrong])
        relay = self.config.relay.model_copy(update={"name": name})
        web = self.config.web.model_copy(update={"public_url": f"{self.config.web.address}/c/{name}"})
        sections = self._sections | {"relay": relay, "web": web}
        for key, table in own.items():
            sections[key] = self._section(key, table)
        model = type(self.config)
        config = model.__new__(model)
        try:
            BaseModel.__init__(config, **sections)  # file and environment have been read
        except ValidationError as error:
            raise WrongSettings(told(error, model, self._path, (TABLE, name))) from None
        return config

    def _section(self, key: str, own: Any) -> Any:
        """As data, to be checked; whatever is no section is wholly the companion's own."""
        shared = getattr(self.config, key, None)
        if not isinstance(shared, Section) or not isinstance(own, Mapping):
            return own
        data = dict(shared)
        if key == "companion":
            data["port"] = 0
        for address, secret in _KEYS.get(key, {}).items():
            if own.get(address, data[address]) != data[address]:
                data[secret] = None
        return merged(data, own)


def _as_far_as_it_goes(model: type[Config], data: dict[str, Any], path: Path | None) -> tuple[Config, frozenset[str]]:
    """Settings each of which is right, and the names of sections that lack something which those settings ask for."""
    try:
        return validated(model, data, path), frozenset()
    except WrongSettings as wrong:
        incomplete = frozenset(mistake.key for mistake in wrong.mistakes) - {""}
        if not all(_is_open(model, name) for name in incomplete):
            raise
    found = dict(validated(_incomplete(model, incomplete), data, path))
    for name in incomplete:
        found[name] = _section_of(model, name).model_construct(**dict(found[name]))
    return model.model_construct(**found), incomplete


@cache
def _incomplete(model: type[Config], names: frozenset[str]) -> type[Whereabouts]:
    """Settings in which these sections are unchecked: made once, as that takes longer than all else."""
    fields: dict[str, Any] = {name: (field.annotation, field) for name, field in model.model_fields.items()}
    for name in names:
        unchecked = _unchecked(model, name)
        fields[name] = (unchecked, unchecked())
    return create_model("Incomplete", __base__=Whereabouts, **fields)


def _is_open(model: type[Config], name: str) -> bool:
    """Whether companions may say more of it."""
    return name in model.model_fields and name not in OF_THE_PROCESS and _section_of(model, name) is not BaseModel


def _section_of(model: type[Config], name: str) -> type[BaseModel]:
    kind = model.model_fields[name].annotation
    return kind if isinstance(kind, type) and issubclass(kind, Section) else BaseModel


def _unchecked(model: type[Config], name: str) -> type[BaseModel]:
    """A section whose settings are right each by itself, whatever they ask of one another."""
    section = _section_of(model, name)
    fields: dict[str, Any] = {each: (field.annotation, field) for each, field in section.model_fields.items()}
    return create_model(section.__name__, __base__=Section, **fields)
