"""What a scenario may do with the model in VTube Studio."""

from collections.abc import Sequence

from pydantic import Field

from relay.acts import Act, ActRefused, Arguments
from relay.avatar.client import VTubeStudio
from relay.avatar.connection import AvatarRefused, ErrorId
from relay.avatar.expressions import activate, expressions_of, find, press


class ExpressionArguments(Arguments):
    name: str = Field(min_length=1, max_length=200)
    active: bool = True


class HotkeyArguments(Arguments):
    name: str = Field(min_length=1, max_length=200)


def acts(studio: VTubeStudio) -> list[Act]:
    """Show and hide expressions, press hotkeys."""

    async def expression(asked: ExpressionArguments) -> str:
        there = await expressions_of(studio)
        found = find(there, asked.name)
        if found is None:
            raise _missing("expression", asked.name, [each.name for each in there])
        await activate(studio, found.file, active=asked.active)
        return f"VTube Studio {'shows' if asked.active else 'hides'} the expression {found.name}"

    async def hotkey(asked: HotkeyArguments) -> str:
        try:
            await press(studio, asked.name)
        except AvatarRefused as refused:
            if refused.error_id != ErrorId.HOTKEY_NOT_FOUND:
                raise
            raise _missing("hotkey", asked.name, await _hotkeys(studio)) from None
        return f"VTube Studio did the hotkey {asked.name}"

    return [Act("expression", ExpressionArguments, expression), Act("hotkey", HotkeyArguments, hotkey)]


async def _hotkeys(studio: VTubeStudio) -> list[str]:
    answer = await studio.request("HotkeysInCurrentModelRequest")
    listed = answer.get("availableHotkeys")
    entries = [entry for entry in (listed if isinstance(listed, list) else []) if isinstance(entry, dict)]
    return [str(entry["name"]) for entry in entries if entry.get("name")]


def _missing(what: str, name: str, there: Sequence[str]) -> ActRefused:
    known = ", ".join(map(repr, there[:30])) or "none, or no model is loaded"
    return ActRefused(f"{what}: the model in VTube Studio has no {what} {name!r}; there are {known}")
