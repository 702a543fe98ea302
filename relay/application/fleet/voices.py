"""The companions of one account in its platform's voice channels: each starts, fails and ends alone."""

import logging
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Any

from relay.application.fleet.keeper import Keeper, log_failure
from relay.application.processes.voice_host import VoiceHost
from relay.application.voice_places import is_in_voice
from relay.bus.bus import Bus
from relay.config.loading import Config
from relay.platforms.info import PlatformInfo
from relay.platforms.voice import VoiceChannels

log = logging.getLogger(__name__)


class SharedVoices:
    """A voice host for each companion that speaks or listens there."""

    def __init__(self, info: PlatformInfo[Any], bus: Bus, share: Callable[[], Awaitable[None]]) -> None:
        """`share` is called whenever another voice is there, or one is gone."""
        self._info = info
        self._bus = bus
        self._share = share
        self._wanted: Mapping[str, Config] = {}
        self._there: dict[str, VoiceChannels] = {}
        self._kept: Keeper[str] = Keeper(self._log)

    def of(self, companion: str) -> VoiceChannels | None:
        """Where it is heard; None where it neither speaks nor listens."""
        return self._there.get(companion)

    async def follow(self, companions: Mapping[str, Config]) -> None:
        """These there are from now on; who speaks and listens as before goes on."""
        before = self._wanted
        self._wanted = {name: config for name, config in companions.items() if is_in_voice(config, self._info)}
        same = [name for name in before if name in self._wanted and _is_same(before[name], self._wanted[name])]
        await self._kept.end(*(name for name in before if name not in same))
        for name in self._wanted:
            if name not in same:
                self._kept.start(name, partial(self._be_there, name), f"voice of {name}")

    async def end(self) -> None:
        """Leave all of them."""
        self._wanted = {}
        await self._kept.end(*self._kept)

    async def _be_there(self, name: str) -> bool:
        host = VoiceHost(self._info, self._wanted[name], self._bus)
        self._there[name] = host.channels
        await self._share()
        try:
            await host.run()
        finally:
            del self._there[name]
            await self._share()
        return True

    def _log(self, name: str, group: ExceptionGroup[Exception]) -> None:
        log_failure(log, f"voice of {name}", group)


def _is_same(one: Config, other: Config) -> bool:
    """Whether they speak and listen in the same way."""
    return (one.voice, one.hearing) == (other.voice, other.hearing)
