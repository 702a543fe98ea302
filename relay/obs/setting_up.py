"""What the set-up needs of OBS: what there is to choose from, and the source of our overlay put into a scene."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from relay.config import ObsSection
from relay.errors import ObsUnavailable
from relay.obs.browser_sources import KIND, other_path, overlay_sources, waits
from relay.obs.connection import ObsConnection, RequestRefused, connect
from relay.obs.inputs import find

NAME: Final = "Voxta Relay"
"""What the source is called in OBS."""
USUAL_SIZE: Final = (1920, 1080)
NOTHING: Final = 0
"""Of the protocol's EventSubscription."""


@dataclass(frozen=True)
class ObsFound:
    """What an OBS has."""

    inputs: tuple[str, ...]
    """Those with sound."""
    scenes: tuple[str, ...]
    """As OBS lists them, from the top."""
    scene: str
    """The one that is shown."""
    size: tuple[int, int]
    """Of the canvas, in pixels."""
    overlays: tuple[str, ...]
    """Sources that show our overlay already."""


async def explore(settings: ObsSection, pages: tuple[str, ...]) -> ObsFound:
    """Raises ObsUnavailable, or AuthError when OBS refuses the password. `pages` are the addresses of ours."""
    async with connect(settings, NOTHING) as obs:
        everything = (await find(obs, ())).names
        inputs = everything - (await find(obs, everything)).soundless
        scenes = await _asked(obs, "GetSceneList")
        listed = [entry.get("sceneName") for entry in scenes.get("scenes") or () if isinstance(entry, dict)]
        return ObsFound(
            inputs=tuple(sorted(inputs)),
            scenes=tuple(name for name in reversed(listed) if isinstance(name, str)),
            scene=str(scenes.get("currentProgramSceneName") or ""),
            size=_size(await _asked(obs, "GetVideoSettings")),
            overlays=tuple(await overlay_sources(obs, pages)),
        )


async def place(settings: ObsSection, scene: str, page: Path, size: tuple[int, int]) -> None:
    """Put a source into the scene that shows the page, a file of this computer, over all of it.

    `page` is absolute. A source of ours that is there already is given the page, and is put into the scene as well.
    Raises ObsUnavailable with what to do, or AuthError.
    """
    shown = {
        "is_local_file": True,
        "local_file": page.as_posix(),
        "width": size[0],
        "height": size[1],
        "reroute_audio": True,
        "shutdown": False,  # it keeps the companion's voice where the scene is changed
        "restart_when_active": False,  # which would begin the page anew in mid-speech
    }
    async with connect(settings, NOTHING) as obs:
        names = (await find(obs, ())).names
        if NAME in names:
            await _asked(obs, "SetInputSettings", inputName=NAME, inputSettings=shown, overlay=True)
            await _put_into(obs, scene)
        else:
            await _create(obs, scene, shown)


async def show_in_sources(settings: ObsSection, pages: tuple[str, ...], address: str) -> tuple[str, ...]:
    """Have all sources of our overlay show the page at this address, or open the file that leads there again; their
    names. Raises as `explore` does.
    """
    async with connect(settings, NOTHING) as obs:
        found = await overlay_sources(obs, pages)
        for name, shown in found.items():
            change = {"local_file": other_path(shown)} if waits(shown) else {"url": address}
            await _asked(obs, "SetInputSettings", inputName=name, inputSettings=change, overlay=True)
        return tuple(found)


async def _create(obs: ObsConnection, scene: str, shown: Mapping[str, object]) -> None:
    try:
        await obs.request(
            "CreateInput", sceneName=scene, inputName=NAME, inputKind=KIND, inputSettings=shown, sceneItemEnabled=True
        )
    except RequestRefused as error:
        raise ObsUnavailable(
            f"{error}; does this OBS have browser sources? Some Linux packages of OBS come without: take the one from "
            "obsproject.com, or add the overlay's address in a browser beside OBS"
        ) from None


async def _put_into(obs: ObsConnection, scene: str) -> None:
    try:
        await obs.request("GetSceneItemId", sceneName=scene, sourceName=NAME)
    except RequestRefused:
        await _asked(obs, "CreateSceneItem", sceneName=scene, sourceName=NAME, sceneItemEnabled=True)


async def _asked(obs: ObsConnection, kind: str, **data: object) -> dict[str, Any]:
    try:
        return await obs.request(kind, **data)
    except RequestRefused as error:
        raise ObsUnavailable(str(error)) from None


def _size(video: Mapping[str, object]) -> tuple[int, int]:
    width, height = video.get("baseWidth"), video.get("baseHeight")
    return (width, height) if isinstance(width, int) and isinstance(height, int) else USUAL_SIZE
