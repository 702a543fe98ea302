"""How people are heard."""

from typing import Self

from pydantic import model_validator

from relay.config.base import Seconds, Section


class HearingSection(Section):
    """Times in seconds."""

    doubt: Seconds = 1.0
    turn_min: Seconds = 0.25
    turn: Seconds = 0.5
    turn_max: Seconds = 1.5

    @model_validator(mode="after")
    def _is_more_patient_where_more_follows(self) -> Self:
        if not self.turn_min <= self.turn <= self.turn_max:
            raise ValueError("turn_min has to be at most turn, and turn at most turn_max")
        return self
