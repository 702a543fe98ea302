"""What a scenario may do in OBS."""

import asyncio
from collections.abc import Collection
from contextlib import suppress
from pathlib import PurePath
from typing import Final

from pydantic import Field

from relay.acts import Act, ActRefused, Arguments
from relay.config import ObsSection
from relay.obs.connection import ObsConnection, ObsEvent, RequestRefused, connect
from relay.obs.inputs import quoted

OUTPUTS: Final = 1 << 6
"""Of the protocol's EventSubscription."""
SAVED_WITHIN: Final = 10.0
"""Seconds OBS may take to write a replay."""


class SceneArguments(Arguments):
    name: str = Field(min_length=1, max_length=200)


class SourceArguments(Arguments):
    name: str = Field(min_length=1, max_length=200)
    visible: bool = True


class ReplayArguments(Arguments):
    pass


def acts(settings: ObsSection) -> list[Act]:
    """Switch scenes, show and hide sources, save what the replay buffer holds."""

    async def scene(asked: SceneArguments) -> str:
        async with connect(settings, 0) as obs:
            try:
                await obs.request("SetCurrentProgramScene", sceneName=asked.name)
            except RequestRefused as error:
                scenes = (await obs.request("GetSceneList")).get("scenes")
                raise _missing("scene", asked.name, _names(scenes, "sceneName")) or error from None
        return f"OBS shows the scene {asked.name}"

    async def source(asked: SourceArguments) -> str:
        async with connect(settings, 0) as obs:
            current = (await obs.request("GetCurrentProgramScene"))["currentProgramSceneName"]
            try:
                found = await obs.request("GetSceneItemId", sceneName=current, sourceName=asked.name)
            except RequestRefused as error:
                items = (await obs.request("GetSceneItemList", sceneName=current)).get("sceneItems")
                where = f" in the scene {current!r}"
                raise _missing("source", asked.name, _names(items, "sourceName"), where) or error from None
            await obs.request(
                "SetSceneItemEnabled",
                sceneName=current,
                sceneItemId=found["sceneItemId"],
                sceneItemEnabled=asked.visible,
            )
            # In studio mode viewers see a copy of the scene; a transition would change the streamer's preview, too.
            is_later = (await obs.request("GetStudioModeEnabled")).get("studioModeEnabled") is True
        later = f", in studio mode from the next transition to {current!r} on" if is_later else ""
        return f"OBS {'shows' if asked.visible else 'hides'} {asked.name}{later}"

    async def replay(_: ReplayArguments) -> str:
        async with connect(settings, OUTPUTS) as obs:
            try:
                await obs.request("SaveReplayBuffer")
            except RequestRefused as error:
                fix = "turn the replay buffer on in OBS under Settings > Output, and start it"
                raise ActRefused(f"replay: {str(error).rstrip('.')}; {fix}") from None
            return f"OBS saved the replay {await _saved(obs)}"

    return [
        Act("scene", SceneArguments, scene),
        Act("source", SourceArguments, source),
        Act("replay", ReplayArguments, replay),
    ]


def _missing(what: str, name: str, there: Collection[str], where: str = "") -> ActRefused | None:
    """The refusal that names what there is; None when that is not the reason."""
    if name in there:
        return None
    return ActRefused(f"{what}: OBS has no {what} {name!r}{where}; there are {quoted(there)}")


def _names(entries: object, field: str) -> list[str]:
    found = [entry.get(field) for entry in entries if isinstance(entry, dict)] if isinstance(entries, list) else []
    return [name for name in found if isinstance(name, str)]


async def _saved(obs: ObsConnection) -> str:
    """Wait for the replay; its file name."""
    with suppress(TimeoutError):
        async with asyncio.timeout(SAVED_WITHIN):
            while True:
                match await obs.event(SAVED_WITHIN):
                    case ObsEvent("ReplayBufferSaved", {"savedReplayPath": str(path)}):
                        return PurePath(path).name
    raise ActRefused(f"replay: OBS did not tell within {SAVED_WITHIN:g} s that it was saved; look into its log")
