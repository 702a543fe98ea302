"""Keeps the platforms apart: what a person has to mend stops one of them alone, and only until it is mended."""

import asyncio
import logging
import random
from collections.abc import Callable, Sequence
from contextlib import suppress
from itertools import chain, repeat
from typing import Final

from relay.errors import RelayError
from relay.platforms.base import Mendable, Platform
from relay.system.cancellation import heeding_cancellation

log = logging.getLogger(__name__)

PAUSES: Final = (30.0, 60.0, 120.0, 300.0, 600.0)
"""Seconds before each further try of a platform that stopped, unless it notices sooner that it was mended."""
JITTER: Final = (0.8, 1.2)
"""A pause is multiplied by something between, so that many relays do not come back at once."""

Announce = Callable[[Platform, str], None]
"""Tells the moderators elsewhere a line about a platform; returns at once."""


class Supervisor:
    """Runs all platforms until cancelled.

    A platform that stops for want of a person (AuthError, ConfigError) or by a mistake of ours is said to have stopped
    and tried again; the others go on. Only when none of them ever listened and every one has failed does the run end
    with what they said: then a setting is wrong or a login was never made, the streamer is still at the keyboard, and a
    relay that hears nobody would only hide it.
    """

    def __init__(self, platforms: Sequence[Platform], announce: Announce) -> None:
        self._platforms = platforms
        self._announce = announce
        self._failures: dict[str, Exception] = {}
        """The newest failure of each platform that has not listened since."""
        self._listened = False

    async def run(self) -> None:
        """Raises what every platform raised when none of them can be made to listen."""
        async with asyncio.TaskGroup() as tasks:
            for platform in self._platforms:
                tasks.create_task(self._keep(platform), name=platform.name)

    def health(self, platform: Platform) -> str:
        """One line about a platform, for people."""
        failure = self._failures.get(platform.name)
        return f"stopped: {_told(failure)}" if failure is not None else platform.health()

    def is_stopped(self, platform: Platform) -> bool:
        """Whether it waits for a person."""
        return platform.name in self._failures

    def lines(self) -> list[str]:
        """How each platform is, for people."""
        return [f"{_title(platform)}: {self.health(platform)}" for platform in self._platforms]

    @property
    def is_well(self) -> bool:
        """No platform waits for a person."""
        return not self._failures

    async def _keep(self, platform: Platform) -> None:
        pauses = chain(PAUSES, repeat(PAUSES[-1]))
        while True:
            try:
                with heeding_cancellation():  # what fails while it is ended hides that it was
                    await self._listen(platform)
            except Exception as error:
                if platform.name not in self._failures:
                    pauses = chain(PAUSES, repeat(PAUSES[-1]))
                self._note_failure(platform, error)
                await _rest(platform, next(pauses))

    async def _listen(self, platform: Platform) -> None:
        noting = asyncio.create_task(self._note_listening(platform))
        try:
            await platform.run()
        finally:
            noting.cancel()
            await asyncio.wait({noting})

    async def _note_listening(self, platform: Platform) -> None:
        await platform.listening.wait()
        self._listened = True
        if self._failures.pop(platform.name, None) is not None:
            log.info("%s is back", platform.name)
            self._announce(platform, f"{_title(platform)} is back.")

    def _note_failure(self, platform: Platform, error: Exception) -> None:
        is_news = platform.name not in self._failures
        self._failures[platform.name] = error
        if not self._listened and len(self._failures) == len(self._platforms):
            raise ExceptionGroup("no platform can be listened to", list(self._failures.values()))
        if isinstance(error, RelayError):
            log.log(logging.ERROR if is_news else logging.INFO, "%s has stopped: %s", platform.name, error)
        else:
            log.error("%s has stopped", platform.name, exc_info=error)
        if is_news:
            self._announce(
                platform, f"{_title(platform)} has stopped and needs the streamer. Moderators: ask for the status."
            )


async def _rest(platform: Platform, pause: float) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(pause * random.uniform(*JITTER)):
            await (platform.mended() if isinstance(platform, Mendable) else asyncio.Event().wait())


def _title(platform: Platform) -> str:
    return platform.name.capitalize()


def _told(failure: Exception) -> str:
    if isinstance(failure, RelayError):
        return str(failure)
    return f"a mistake of the relay ({type(failure).__name__}); the log says more"
