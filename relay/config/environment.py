"""Settings from the environment, and from a file `.env` beside those of the file."""

import json
import os
from collections.abc import Collection, Iterator, Mapping
from io import StringIO
from pathlib import Path
from typing import Any, Final, NamedTuple

from dotenv import dotenv_values
from pydantic.fields import FieldInfo
from pydantic_settings import DotEnvSettingsSource, EnvSettingsSource

from relay.config.text_files import text_in

ENV_PREFIX: Final = "RELAY_"


class Environment(EnvSettingsSource):
    """Variables, whose lists may be written with commas, as people do, or as JSON."""

    def __call__(self) -> dict[str, Any]:
        if not any(name.upper().startswith(ENV_PREFIX) for name in self.env_vars):
            return {}  # looking for each setting takes longer than all else about settings
        return super().__call__()

    def decode_complex_value(self, field_name: str, field: FieldInfo, value: Any) -> Any:
        if isinstance(value, str) and not value.lstrip().startswith(("[", "{")):
            return [part.strip() for part in value.split(",") if part.strip()]
        return super().decode_complex_value(field_name, field, value)


class DotEnv(Environment, DotEnvSettingsSource):
    """A file `.env`. It may serve other programs too, so what is not the relay's is passed over."""

    def __call__(self) -> dict[str, Any]:
        return {name: value for name, value in super().__call__().items() if name in self.settings_cls.model_fields}


def variables_in(file: Path) -> dict[str, str | None]:
    """What a file `.env` sets; nothing where there is none. Raises ConfigError where it cannot be read."""
    try:
        return dotenv_values(stream=StringIO(text_in(file)))
    except FileNotFoundError:
        return {}


def unreadable(path: Path | None) -> Iterator[str]:
    """A line for each variable that is no JSON although it begins so. Values are not shown."""
    beside = variables_in(path.with_name(".env")) if path is not None else {}
    for variable, value in {**beside, **os.environ}.items():
        if variable.upper().startswith(ENV_PREFIX) and value and value.lstrip().startswith(("[", "{")):
            try:
                json.loads(value)
            except ValueError as error:
                yield f"environment variable {variable}: not valid JSON: {error}; a list may be written as one,two"


def written_in(loc: tuple[int | str, ...], path: Path | None) -> str:
    """Where the setting at this place was written, for people."""
    return _holder(loc, _variables(path)) or (str(path) if path is not None else "settings")


def set_outside(loc: tuple[int | str, ...], path: Path | None) -> str | None:
    """The variable that sets what is at this place, or a part of it, whatever the file says; None where none does."""
    variables = _variables(path)
    parts = (each.told for name, each in variables.items() if name.startswith(f"{_name(loc)}__"))
    return _holder(loc, variables) or next(parts, None)


class _Variable(NamedTuple):
    value: str
    told: str
    """What people are told of it."""


def _variables(path: Path | None) -> dict[str, _Variable]:
    """All there are by their names, which may be written small; those of the environment go before those of a file."""
    file = path and path.with_name(".env")
    written = variables_in(file) if file else {}
    beside = {name.upper(): _Variable(value or "", f"{file}: {name}") for name, value in written.items()}
    around = {name.upper(): _Variable(value, f"environment variable {name}") for name, value in os.environ.items()}
    return beside | around


def _name(loc: tuple[int | str, ...]) -> str:
    return ENV_PREFIX + "__".join(map(str, loc)).upper().replace("-", "_")


def _holder(loc: tuple[int | str, ...], variables: Mapping[str, _Variable]) -> str | None:
    """The variable for just this place, or for a list or table around it that has it."""
    for depth in range(len(loc), 0, -1):
        found = variables.get(_name(loc[:depth]))
        if found is not None and _has(found.value, loc[depth:]):
            return found.told
    return None


def _has(value: str, loc: tuple[int | str, ...]) -> bool:
    """Whether a variable sets this within it: a table in JSON leaves what it does not name to the file."""
    try:
        found = json.loads(value)
    except ValueError:
        return True
    for part in loc:
        if not isinstance(found, dict):
            break
        if part not in found:
            return False
        found = found[part]
    return True


def misspelt(sections: Collection[str]) -> Iterator[str]:
    """Variables of the environment that look like settings, and whose section there is not: they set nothing.

    A companion's name counts as a section: `companions__ann`.
    """
    for variable in sorted(os.environ):
        name = variable.upper().removeprefix(ENV_PREFIX).lower()
        is_known = any(name.startswith(f"{section}__") for section in sections)
        if variable.upper().startswith(ENV_PREFIX) and "__" in name and not is_known:
            yield variable
