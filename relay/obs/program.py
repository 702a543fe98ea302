"""What OBS shows, and whether it streams."""

from collections.abc import Callable

from relay.obs.client import ObsPart
from relay.obs.connection import ObsConnection, ObsEvent, RequestRefused


class ObsProgram(ObsPart):
    """Knows the scene and the stream; tells `changed` when that begins or ends.

    While OBS is not connected, to us or to the platform, the stream is as it was last: a lost connection ends no
    stream.
    """

    def __init__(self, changed: Callable[[], None], *, quiet_off_stream: bool = False) -> None:
        self._changed = changed
        self._quiet_off_stream = quiet_off_stream
        self.scene: str | None = None
        """The scene that viewers see; None while OBS is not connected."""
        self.is_streaming: bool | None = None
        """None until OBS has told."""

    @property
    def is_quiet(self) -> bool:
        """Whether the companion is to be quiet until OBS streams."""
        return self._quiet_off_stream and not self.is_streaming

    def health(self) -> str:
        """See ObsPart."""
        return "not streaming, so the companion is quiet (obs.quiet_off_stream)" if self.is_quiet else ""

    async def look_up(self, obs: ObsConnection) -> None:
        """See ObsPart."""
        scene = await _ask(obs, "GetCurrentProgramScene", "currentProgramSceneName")
        streaming = await _ask(obs, "GetStreamStatus", "outputActive")
        self._know(scene if isinstance(scene, str) else None, streaming is True)

    def take(self, event: ObsEvent) -> None:
        """See ObsPart."""
        match event:
            case ObsEvent("CurrentProgramSceneChanged", {"sceneName": str(scene)}):
                self._know(scene, self.is_streaming)
            case ObsEvent("SceneNameChanged", {"oldSceneName": str(old), "sceneName": str(new)}) if old == self.scene:
                self._know(new, self.is_streaming)
            case ObsEvent("StreamStateChanged", {"outputState": "OBS_WEBSOCKET_OUTPUT_RECONNECTING"}):
                pass  # OBS calls that inactive, and tells of a stop when it gives up
            case ObsEvent("StreamStateChanged", {"outputActive": bool(active)}):
                self._know(self.scene, active)

    def lost(self) -> None:
        """See ObsPart."""
        self._know(None, self.is_streaming)

    def _know(self, scene: str | None, is_streaming: bool | None) -> None:
        self.scene = scene
        if is_streaming != self.is_streaming:
            self.is_streaming = is_streaming
            self._changed()


async def _ask(obs: ObsConnection, kind: str, field: str) -> object:
    """One field of the answer; None when OBS declines."""
    try:
        return (await obs.request(kind)).get(field)
    except RequestRefused:
        return None
