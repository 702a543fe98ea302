"""Settings from the environment, and from a file `.env` beside those of the file."""

import json
import os
from collections.abc import Collection, Iterator
from io import StringIO
from pathlib import Path
from typing import Any, Final

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
    return set_outside(loc, path) or (str(path) if path is not None else "settings")


def set_outside(loc: tuple[int | str, ...], path: Path | None) -> str | None:
    """The variable that sets what is at this place, whatever the file says; None where there is none."""
    beside = path and path.with_name(".env")
    for depth in range(len(loc), 1, -1):  # a variable may hold a whole list or table
        variable = ENV_PREFIX + "__".join(map(str, loc[:depth])).upper().replace("-", "_")
        if variable in os.environ:
            return f"environment variable {variable}"
        if beside and variable in variables_in(beside):
            return f"{beside}: {variable}"
    return None


def misspelt(sections: Collection[str]) -> Iterator[str]:
    """Variables of the environment that look like settings, and whose section there is not: they set nothing.

    A companion's name counts as a section: `companions__ann`.
    """
    for variable in sorted(os.environ):
        name = variable.upper().removeprefix(ENV_PREFIX).lower()
        is_known = any(name.startswith(f"{section}__") for section in sections)
        if variable.upper().startswith(ENV_PREFIX) and "__" in name and not is_known:
            yield variable
