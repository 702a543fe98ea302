"""How the relay is watched and ended by those who run services."""

from pydantic import Field

from relay.config.base import Seconds, Section


class OperationsSection(Section):
    enabled: bool = False
    host: str = Field("127.0.0.1", min_length=1)
    port: int = Field(9464, ge=0, le=65_535)
    drain: Seconds = 5.0
    end_stuck: bool = False
    traces: bool = False
