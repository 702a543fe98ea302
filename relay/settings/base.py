"""What the sections are made of."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field


class Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


Url = Annotated[str, Field(pattern=r"^https?://[^\s]+$")]
WebSocketUrl = Annotated[str, Field(pattern=r"^wss?://[^\s]+$")]
Seconds = Annotated[float, Field(gt=0)]
