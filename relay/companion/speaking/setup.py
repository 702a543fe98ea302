"""What all conversations of a companion share."""

from asyncio import Task
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any

from relay.companion.brains.base import Brain
from relay.companion.speaking.clips import Speech

Spawn = Callable[[Coroutine[Any, Any, None]], Task[None]]
"""Starts a task that the companion awaits in the end."""


@dataclass(frozen=True)
class Setup:
    """How a companion thinks and speaks."""

    brain: Brain
    speech: Speech
    hears: bool
    """Whether what people say is turned into text."""
    pace: float
    """Seconds between two sentences."""
    grace: float
    """Seconds a player may take beyond the length of the speech."""
    seed: int = 0
    """Of all that chance decides in scenarios."""
    begins_early: bool = False
    """Whether answers are begun before it is certain that somebody is done talking."""
