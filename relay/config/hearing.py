"""How people are heard."""

from typing import Annotated, Literal, Self

from pydantic import Field, SecretStr, model_validator

from relay.config.base import NameOrFolder, Seconds, Section, Url, written


class HearingSection(Section):
    """Times in seconds."""

    through: Literal["voxta", "openai", "local"] = "voxta"
    url: Url = "http://localhost:8000/v1"
    model: str = "whisper-1"
    api_key: SecretStr | None = None
    local_model: NameOrFolder = ""
    language: Annotated[str, written("([A-Za-z]{2,3}(-[A-Za-z0-9]+)*)?", 'a language as in "en" or "de-AT"')] = ""
    detector: Literal["neural", "level"] = "neural"
    confidence: float = Field(0.5, gt=0, lt=1)
    starting: Seconds = 0.1
    stopping: Seconds = 0.2
    doubt: Seconds = 1.0
    turn_min: Seconds = 0.25
    turn: Seconds = 0.5
    turn_max: Seconds = 1.5
    listen_to: Literal["all", "addressed"] = "addressed"
    echo: bool = True

    @model_validator(mode="after")
    def _is_more_patient_where_more_follows(self) -> Self:
        if not self.turn_min <= self.turn <= self.turn_max:
            raise ValueError("turn_min has to be at most turn, and turn at most turn_max")
        return self
