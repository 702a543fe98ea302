"""What the sections are made of."""

from ipaddress import ip_address
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field


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


Url = Annotated[str, Field(pattern=r"^https?://[^\s]+$")]
WebSocketUrl = Annotated[str, Field(pattern=r"^wss?://[^\s]+$")]
Seconds = Annotated[float, Field(gt=0)]
