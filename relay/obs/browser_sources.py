"""The browser sources in OBS that show our overlay: loaded anew when opened too early, and perhaps muted."""

import logging
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import PurePosixPath
from typing import Any, Final
from urllib.parse import SplitResult, urlsplit

from relay.config import is_loopback
from relay.obs.client import ObsPart
from relay.obs.connection import ObsConnection, ObsEvent, RequestRefused

log = logging.getLogger(__name__)

KIND: Final = "browser_source"
RELOAD: Final = "refreshnocache"
"""The button "Refresh cache of current page" in the properties of a browser source."""
WAITING_PAGE: Final = "voxta-relay-overlay.html"
"""The file with the page that waits for the relay and then opens the overlay."""
MAX_SOURCES: Final = 64
"""Browser sources that are looked at."""


class BrowserSources(ObsPart):
    """Looks after the sources whose page is the overlay below one of the addresses `pages`, or the local one that
    waits for it.

    A page that OBS opened before the relay ran stays blank by itself. So when OBS is connected, and fewer pages are
    open (`opened`) than there are such sources, OBS is asked to load them. One that waited has left the local page for
    the address of that time, whose token or port may be others now: where no page is open, OBS is asked to open the
    local one again. `muted` is told whether all of those that OBS's mixer controls are muted there.
    """

    def __init__(self, pages: tuple[str, ...], *, opened: Callable[[], int], muted: Callable[[bool], None]) -> None:
        self._pages = pages
        self._opened = opened
        self._muted = muted
        self._in_mixer: dict[str, bool] = {}
        """Which of them are muted, by their names."""
        self._is_new = True
        """OBS was connected just now."""

    async def look_up(self, obs: ObsConnection) -> None:
        """See ObsPart."""
        found = await overlay_sources(obs, self._pages)
        if self._is_new:
            await self._load(obs, found)
        self._is_new = False
        self._in_mixer = {
            name: await _is_muted(obs, name)
            for name, settings in found.items()
            if settings.get("reroute_audio") is True
        }
        self._tell()

    async def _load(self, obs: ObsConnection, found: Mapping[str, Mapping[str, Any]]) -> None:
        opened = self._opened()
        for name, settings in found.items() if opened < len(found) else ():
            if not waits(settings):
                await _reload(obs, name)
            elif opened == 0:
                await _open_again(obs, name, settings)

    def take(self, event: ObsEvent) -> None:
        """See ObsPart."""
        match event:
            case ObsEvent("InputMuteStateChanged", {"inputName": str(name), "inputMuted": bool(muted)}):
                if name in self._in_mixer:
                    self._in_mixer[name] = muted
                    self._tell()

    def lost(self) -> None:
        """See ObsPart."""
        self._is_new = True
        self._in_mixer = {}
        self._tell()

    def _tell(self) -> None:
        self._muted(bool(self._in_mixer) and all(self._in_mixer.values()))


async def overlay_sources(obs: ObsConnection, pages: tuple[str, ...]) -> dict[str, Mapping[str, Any]]:
    """The settings of those whose page is the overlay of one of these addresses, or waits for it, by their names."""
    try:
        listed = (await obs.request("GetInputList", inputKind=KIND)).get("inputs")
    except RequestRefused:
        return {}
    names = [entry.get("inputName") for entry in listed or () if isinstance(entry, dict)]
    found = {name: await _settings(obs, name) for name in names[:MAX_SOURCES] if isinstance(name, str)}
    return {name: settings for name, settings in found.items() if waits(settings) or _shows(settings, pages)}


def waits(settings: Mapping[str, Any]) -> bool:
    """Whether its page is the local one, which opens the overlay as soon as the relay is there."""
    file = settings.get("local_file")
    is_local = settings.get("is_local_file") is True and isinstance(file, str)
    return is_local and PurePosixPath(str(file).replace("\\", "/")).name == WAITING_PAGE


def other_path(settings: Mapping[str, Any]) -> str:
    """Another way to write the path of the local page. OBS opens it again when it finds other settings; it looks for
    that once a frame, so what is changed and changed back at once may never be seen.
    """
    folder, _, name = str(settings["local_file"]).replace("\\", "/").rpartition("/")
    return f"{folder.removesuffix('/.')}/{name}" if folder.endswith("/.") else f"{folder}/./{name}"


def _shows(settings: Mapping[str, Any], pages: tuple[str, ...]) -> bool:
    url = settings.get("url")
    try:
        address = urlsplit(url if isinstance(url, str) and settings.get("is_local_file") is not True else "")
        main, *others = (urlsplit(f"{each}/overlay") for each in pages)
        is_main = main.hostname == "localhost" and _port_and_path(address) == _port_and_path(main)  # by any name it has
        return is_main or any(_is_same(address, ours) for ours in (main, *others))
    except ValueError:
        return False


def _is_same(address: SplitResult, ours: SplitResult) -> bool:
    is_host = address.hostname == ours.hostname or all(is_loopback(each.hostname or "") for each in (address, ours))
    return is_host and _port_and_path(address) == _port_and_path(ours)


def _port_and_path(address: SplitResult) -> tuple[int, str]:
    return address.port or (443 if address.scheme == "https" else 80), address.path.rstrip("/")


async def _settings(obs: ObsConnection, name: str) -> Mapping[str, Any]:
    try:
        settings = (await obs.request("GetInputSettings", inputName=name)).get("inputSettings")
    except RequestRefused:
        return {}
    return settings if isinstance(settings, dict) else {}


async def _is_muted(obs: ObsConnection, name: str) -> bool:
    try:
        return (await obs.request("GetInputMute", inputName=name)).get("inputMuted") is True
    except RequestRefused:
        return False


async def _open_again(obs: ObsConnection, name: str, settings: Mapping[str, Any]) -> None:
    change = {"local_file": other_path(settings)}
    with suppress(RequestRefused):
        await obs.request("SetInputSettings", inputName=name, inputSettings=change, overlay=True)


async def _reload(obs: ObsConnection, name: str) -> None:
    try:
        await obs.request("PressInputPropertiesButton", inputName=name, propertyName=RELOAD)
    except RequestRefused as error:
        log.warning("%r was opened in OBS before the relay; reload it there (%s)", name, error)
    else:
        log.info("%r was opened in OBS before the relay, and is loaded anew", name)
