"""What the sections are made of."""

import re
from ipaddress import ip_address
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field


class Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class PlatformSection(Section):
    """What the settings of every platform have."""

    enabled: bool = False


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
Seconds = Annotated[float, Field(gt=0)]
