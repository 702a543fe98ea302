"""What all of the nouns are."""

from pydantic import BaseModel, ConfigDict


class Value(BaseModel):
    """An immutable value; unknown fields are ignored so that a stored one outlives an upgrade."""

    model_config = ConfigDict(frozen=True, extra="ignore", defer_build=True)
