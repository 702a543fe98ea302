"""The services that errors name, so that what fails in one is not taken for a call that was refused."""

from typing import Final

MODEL: Final = "TextGen"
"""Writes what characters say."""
VOICE: Final = "TextToSpeech"
SCRIPTS: Final = "Scripting"
"""Runs the scenario, and does what it orders."""
