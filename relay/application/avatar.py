"""The companion's face, where the settings want one; where they do not, nothing of it is loaded."""

import asyncio
from collections.abc import Coroutine, Iterator, Sequence
from typing import Any

from relay.acts import Act
from relay.application.conditions import Condition
from relay.application.events import Events
from relay.config.loading import Config
from relay.speech.playback import Playback
from relay.system.periodic import AGAIN, repeat


class NoAvatar:
    """The companion has no face."""

    def acts(self) -> Sequence[Act]:
        """What a scenario may do with it."""
        return []

    def conditions(self) -> list[Condition]:
        """How its connection is, for people."""
        return []

    def rooms(self) -> Iterator[tuple[str, Coroutine[Any, Any, None]]]:
        """What has to run, by name."""
        yield from ()


class LiveAvatar(NoAvatar):
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
        from relay.avatar.acts import acts

        return acts(self._studio)

    def conditions(self) -> list[Condition]:
        return [Condition("vtube_studio", "VTube Studio", self._studio.state, self._studio.health())]

    def rooms(self) -> Iterator[tuple[str, Coroutine[Any, Any, None]]]:
        yield "avatar", repeat(self._run, AGAIN, "moving the avatar")

    async def _run(self) -> None:
        """The connection outlives the face, which takes back at the end what it has shown."""
        connecting = asyncio.create_task(self._studio.run(), name="vtube studio")
        try:
            await self._face.run()
        finally:
            connecting.cancel()
            await asyncio.gather(connecting, return_exceptions=True)


def avatar_of(config: Config, playback: Playback, events: Events) -> NoAvatar:
    """As the settings want it."""
    return LiveAvatar(config, playback, events) if config.vtube_studio.enabled else NoAvatar()
