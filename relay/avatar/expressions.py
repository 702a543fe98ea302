"""The expression that fits what is said: that of the settings, or the one the model has by the emotion's name."""

import asyncio
import logging
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from relay.avatar.client import VTubeStudio
from relay.avatar.connection import AvatarRefused
from relay.config import VTubeStudioSection
from relay.errors import AvatarUnavailable

log = logging.getLogger(__name__)

FADE: Final = 0.3
"""Seconds an expression takes to come."""
ENDING: Final = ".exp3.json"
"""Of an expression's file."""
LEAVES: Final = 1.0
"""Seconds to take an expression back at the end."""
TOLD: Final = 100
"""Emotions without an expression that are told of, each once."""


@dataclass(frozen=True)
class ModelExpression:
    """One that the loaded model has."""

    name: str
    file: str
    is_active: bool


async def expressions_of(studio: VTubeStudio) -> list[ModelExpression]:
    """Those of the loaded model; none while there is no model. Raises AvatarRefused or AvatarUnavailable."""
    answer = await studio.request("ExpressionStateRequest", {"details": False, "expressionFile": ""})
    listed = answer.get("expressions")
    return [
        ModelExpression(str(entry.get("name", "")), str(entry["file"]), entry.get("active") is True)
        for entry in (listed if isinstance(listed, list) else [])
        if isinstance(entry, dict) and isinstance(entry.get("file"), str)
    ]


def find(expressions: list[ModelExpression], name: str) -> ModelExpression | None:
    """By its name or its file's, however it is capitalised."""
    wanted = name.strip().casefold().removesuffix(ENDING)
    return next((each for each in expressions if each.file.strip().casefold().removesuffix(ENDING) == wanted), None)


async def activate(studio: VTubeStudio, file: str, *, active: bool = True) -> None:
    """Let an expression come or go. Raises AvatarRefused or AvatarUnavailable."""
    await studio.request("ExpressionActivationRequest", {"expressionFile": file, "fadeTime": FADE, "active": active})


async def press(studio: VTubeStudio, hotkey: str) -> None:
    """Do what a hotkey does, by its name or its id. Raises AvatarRefused or AvatarUnavailable."""
    await studio.request("HotkeyTriggerRequest", {"hotkeyID": hotkey})


class Expressions:
    """Shows one emotion at a time, and takes back what it has shown, never what the streamer has."""

    def __init__(self, settings: VTubeStudioSection, studio: VTubeStudio) -> None:
        self._expressions = {emotion.casefold(): name for emotion, name in settings.expressions.items()}
        self._hotkeys = {emotion.casefold(): name for emotion, name in settings.hotkeys.items()}
        self._studio = studio
        self._wanted = ""
        self._settled: str | None = ""
        """The emotion that was shown, or could not be; None where nobody knows."""
        self._shown: str | None = None
        """The file of what we have activated."""
        self._told: set[str] = set()
        self._news = asyncio.Event()
        studio.on_connected(self._news.set)

    @property
    def is_wanted(self) -> bool:
        """Whether some emotion is to be shown."""
        return bool(self._wanted)

    def want(self, emotion: str) -> None:
        """Show this one from now on; "" for none."""
        self._wanted = emotion.casefold()
        self._news.set()

    async def run(self) -> None:
        """Show what is wanted until cancelled, and take it back then."""
        try:
            while True:
                await self._news.wait()
                self._news.clear()
                await self._show()
        finally:
            self._wanted, self._settled = "", "" if self._shown is None else None
            with suppress(TimeoutError):
                async with asyncio.timeout(LEAVES):
                    await self._show()

    async def _show(self) -> None:
        """Bring the model to what is wanted. While VTube Studio is away that waits for its return."""
        while (wanted := self._wanted) != self._settled:
            try:
                await self._change(wanted)
            except AvatarUnavailable:
                return
            except AvatarRefused as refused:
                self._say_once(wanted, f"the emotion {wanted!r:.60} is not shown: {refused}")
            self._settled = wanted

    async def _change(self, emotion: str) -> None:
        there = await expressions_of(self._studio)
        found = find(there, self._expressions.get(emotion, emotion)) if emotion else None
        if self._shown is not None and (found is None or found.file != self._shown):
            await self._take_back(self._shown, there)
        if found is not None and not found.is_active:
            self._shown = found.file  # from here on it may be, whether or not we hear of it
            try:
                await activate(self._studio, found.file)
            except AvatarRefused:
                self._shown = None
                raise
        if hotkey := self._hotkeys.get(emotion):
            await press(self._studio, hotkey)
        elif emotion and found is None:
            self._say_once(emotion, f"the model has no expression {emotion!r:.60}; see vtube_studio.expressions")

    async def _take_back(self, file: str, there: list[ModelExpression]) -> None:
        """A model that was changed meanwhile has it no more."""
        if any(each.file == file and each.is_active for each in there):
            await activate(self._studio, file, active=False)
        self._shown = None

    def _say_once(self, emotion: str, line: str) -> None:
        if emotion not in self._told and len(self._told) < TOLD:
            self._told.add(emotion)
            log.info("%s", line)
