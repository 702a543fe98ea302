"""What is remembered of people."""

from pathlib import Path

from pydantic import Field

from relay.config.base import Section


class MemorySection(Section):
    enabled: bool = False
    path: Path | None = None
    days: float = Field(180.0, gt=0)
    people: int = Field(10_000, ge=1)
    notes: int = Field(10, ge=1, le=100)
    visits: int = Field(2, ge=1)
    length: int = Field(800, ge=100, le=4_000)
    summaries: bool = False
