"""The companion's face, where the settings want one; where they do not, nothing of it is loaded."""

import asyncio
from collections.abc import Coroutine, Iterator, Sequence
from typing import Any, Protocol

from relay.acts import Act
from relay.application.audio import SilentAudio
from relay.application.conditions import Condition
from relay.application.events import Events
from relay.config.loading import Config
from relay.speech.floor import Floor
from relay.speech.playback import Playback
from relay.system.periodic import AGAIN, repeat


class AvatarPart(Protocol):
    """One way to show a face."""

    def acts(self) -> Sequence[Act]:
        """What a scenario may do with it."""
        ...

    def conditions(self) -> Sequence[Condition]:
        """How its connection is, for people."""
        ...

    async def run(self) -> None:
        """Show it until cancelled."""


class ModelAvatar:
    """A model in VTube Studio: connected, moved, and at the scenario's disposal."""

    def __init__(self, config: Config, playback: Playback, events: Events) -> None:
        from relay.avatar.access import AvatarToken
        from relay.avatar.client import VTubeStudio
        from relay.avatar.face import Face

        settings = config.vtube_studio
        self._studio = VTubeStudio(settings, AvatarToken(config.vtube_studio_token_file))
        self._face = Face(settings, playback, self._studio, loudness=config.speech.loudness)
        events.changed.subscribe(self._face.changed)

    def acts(self) -> Sequence[Act]:
        """See AvatarPart."""
        from relay.avatar.acts import acts

        return acts(self._studio)

    def conditions(self) -> Sequence[Condition]:
        """See AvatarPart."""
        return [Condition("vtube_studio", "VTube Studio", self._studio.state, self._studio.health())]

    async def run(self) -> None:
        """See AvatarPart. The connection outlives the face, which takes back at the end what it has shown."""
        connecting = asyncio.create_task(self._studio.run(), name="vtube studio")
        try:
            await self._face.run()
        finally:
            connecting.cancel()
            await asyncio.gather(connecting, return_exceptions=True)


class PictureAvatar:
    """Pictures on the overlay."""

    def __init__(self, config: Config, playback: Playback, floor: Floor, events: Events, audio: SilentAudio) -> None:
        from relay.avatar.portrait import Portrait

        self._portrait = Portrait(playback, floor, audio.pose, loudness=config.speech.loudness)
        events.changed.subscribe(self._portrait.changed)

    def acts(self) -> Sequence[Act]:
        """See AvatarPart."""
        return ()

    def conditions(self) -> Sequence[Condition]:
        """See AvatarPart."""
        return ()

    async def run(self) -> None:
        """See AvatarPart."""
        await self._portrait.run()


class Avatar:
    """All of them that the settings want."""

    def __init__(self, config: Config, playback: Playback, floor: Floor, events: Events, audio: SilentAudio) -> None:
        self._parts: list[AvatarPart] = []
        if config.vtube_studio.enabled:
            self._parts.append(ModelAvatar(config, playback, events))
        if config.avatar.folder is not None:
            self._parts.append(PictureAvatar(config, playback, floor, events, audio))

    def acts(self) -> list[Act]:
        """What a scenario may do with them."""
        return [act for part in self._parts for act in part.acts()]

    def conditions(self) -> list[Condition]:
        """How their connections are, for people."""
        return [condition for part in self._parts for condition in part.conditions()]

    def rooms(self) -> Iterator[tuple[str, Coroutine[Any, Any, None]]]:
        """What has to run, by name."""
        for part in self._parts:
            yield "avatar", repeat(part.run, AGAIN, "showing the avatar")
