"""What the sections are made of."""

import re
from collections.abc import Mapping
from contextlib import suppress
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Any, Final, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, field_validator

from relay.config import mistakes
from relay.errors import ConfigError


class Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    @field_validator("*")
    @classmethod
    def _from_home(cls, value: Any) -> Any:
        """In a path `~` is the home of who runs this, as in a shell; a name of nobody stays as it is."""
        if isinstance(value, Path):
            if min(str(value)) < " ":  # "C:\new\temp" has a line break and a tab
                raise ValueError(mistakes.BACKSLASH)
            with suppress(RuntimeError):
                return value.expanduser()
        return value


S = TypeVar("S", bound=Section)


def revised(section: S, changes: Mapping[str, Any]) -> S:
    """The section with these settings in it. Raises ConfigError, in words for who wrote them."""
    settings = {name: getattr(section, name) for name in type(section).model_fields}
    try:
        return type(section).model_validate({**settings, **changes})
    except ValidationError as error:
        words = [mistakes.in_words(problem) for problem in error.errors(include_url=False)]
        raise ConfigError("; ".join(dict.fromkeys(words))) from None


class PlatformSection(Section):
    """What the settings of every platform have."""

    enabled: bool = False

    def listened_to(self) -> tuple[str, ...]:
        """The places whose people are heard, as these settings name them. Each can be one companion's only."""
        return ()

    def account(self) -> str:
        """What tells this login or bot from others; may hold a secret."""
        return ""

    def heard_alone(self) -> str | None:
        """What of the account one process at a time hears: others with the same would hear everything once more.

        None where any number of processes share it out among themselves.
        """
        return "all"


def is_loopback(host: str) -> bool:
    """Whether a host name or address means this machine alone."""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def written(pattern: str, how: str) -> AfterValidator:
    """A text of this shape. People do not read patterns, so what is wrong with it is told as how it is written."""
    shape = re.compile(pattern)

    def check(text: str) -> str:
        if shape.fullmatch(text) is None:
            raise ValueError(f"write {how}")
        return text

    return AfterValidator(check)


Url = Annotated[str, written(r"https?://\S+", "an address that begins with http:// or https://")]
WebSocketUrl = Annotated[str, written(r"wss?://\S+", "an address that begins with ws:// or wss://")]
FOLDER: Final = "the path of a folder where a / or \\ is in it"
NameOrFolder = Annotated[str, FOLDER]
Seconds = Annotated[float, Field(gt=0)]
