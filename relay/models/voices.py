"""Voices that may be fetched."""

from typing import Final

from relay.models.base import Model

VOICES: Final[tuple[Model, ...]] = ()
