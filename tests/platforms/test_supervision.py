"""What becomes of the others when one platform stops for want of a person."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import pytest

from relay.errors import AuthError, ConfigError
from relay.platforms import supervision
from relay.platforms.base import Mendable, Platform
from relay.platforms.simulated import QuietPlatform
from relay.platforms.supervision import Supervisor
from tests.support import PATIENCE, eventually

NO_LOGIN = AuthError("no longer logged in: log in again")
WRONG = ConfigError("channels: there is no such channel")


class Stage(QuietPlatform):
    """Listens, and fails when told to."""

    def __init__(self, name: str, *failures: Exception) -> None:
        """It fails so many times before it listens."""
        super().__init__(name)
        self._failures = list(failures)
        self._failing = asyncio.Event()
        self._mended = asyncio.Event()
        self.runs = 0

    async def run(self) -> None:
        self.runs += 1
        if not self._failures:
            self.listening.set()
            await self._failing.wait()
        self.listening.clear()
        self._failing.clear()
        raise self._failures.pop(0)

    def fail(self, *errors: Exception) -> None:
        """Stop listening; each further try ends in the next of these errors."""
        self._failures += errors
        self._failing.set()

    def mend(self) -> None:
        self._mended.set()

    async def mended(self) -> None:
        await self._mended.wait()
        self._mended.clear()


_: type[Mendable] = Stage


class Told:
    """What was announced: whom it was about, and the words."""

    def __init__(self) -> None:
        self.lines: list[tuple[str, str]] = []

    def __call__(self, about: Platform, line: str) -> None:
        self.lines.append((about.name, line))


@asynccontextmanager
async def supervised(*platforms: Platform, told: Told | None = None) -> AsyncIterator[Supervisor]:
    supervisor = Supervisor(platforms, told or Told())
    running = asyncio.create_task(supervisor.run())
    try:
        yield supervisor
        assert not running.done(), running
    finally:
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running


async def listening(*platforms: Platform) -> None:
    async with asyncio.timeout(PATIENCE):
        for platform in platforms:
            await platform.listening.wait()


async def test_a_platform_that_needs_a_person_leaves_the_others_running() -> None:
    twitch, discord = Stage("twitch"), Stage("discord")
    async with supervised(twitch, discord) as supervisor:
        await listening(twitch, discord)
        twitch.fail(NO_LOGIN)
        await eventually(lambda: not supervisor.is_well)

        assert supervisor.lines() == ["Twitch: stopped: no longer logged in: log in again", "Discord: simulated"]
        assert supervisor.health(twitch) == "stopped: no longer logged in: log in again"
        assert supervisor.health(discord) == discord.health()
        assert discord.listening.is_set()


async def test_one_that_fails_while_it_is_ended_ends() -> None:
    class Failing(QuietPlatform):
        async def run(self) -> None:
            try:
                await super().run()
            finally:
                raise NO_LOGIN

    platform = Failing("twitch")
    running = asyncio.create_task(Supervisor([platform], Told()).run())
    await listening(platform)
    running.cancel()

    ended, _ = await asyncio.wait({running}, timeout=PATIENCE)

    assert ended and running.cancelled()


async def test_it_listens_again_as_soon_as_it_was_mended() -> None:
    twitch = Stage("twitch")
    async with supervised(twitch) as supervisor:
        await listening(twitch)
        twitch.fail(NO_LOGIN)
        await eventually(lambda: not supervisor.is_well)
        twitch.mend()
        await eventually(lambda: supervisor.is_well)

        assert (twitch.runs, supervisor.health(twitch)) == (2, "simulated")


async def test_one_that_nobody_mends_is_tried_again_after_a_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervision, "PAUSES", (0.001, 0.002))
    discord = Stage("discord")
    async with supervised(discord):
        await listening(discord)
        discord.fail(*[NO_LOGIN] * 5)
        await eventually(lambda: discord.runs == 6)
        await listening(discord)


async def test_pauses_grow_while_it_fails_and_begin_anew_once_it_listened(monkeypatch: pytest.MonkeyPatch) -> None:
    rested: list[float] = []

    async def rest(platform: Platform, pause: float) -> None:
        rested.append(pause)

    monkeypatch.setattr(supervision, "_rest", rest)
    twitch = Stage("twitch")
    async with supervised(twitch):
        await listening(twitch)
        twitch.fail(*[NO_LOGIN] * 6)
        await eventually(lambda: twitch.runs == 7 and twitch.listening.is_set())
        twitch.fail(NO_LOGIN)
        await eventually(lambda: twitch.runs == 8)

    assert rested == [30, 60, 120, 300, 600, 600, 30]


async def test_moderators_elsewhere_are_told_once_when_it_stops_and_once_when_it_is_back() -> None:
    told, twitch, discord = Told(), Stage("twitch"), Stage("discord")
    async with supervised(twitch, discord, told=told):
        await listening(twitch, discord)
        twitch.fail(NO_LOGIN, NO_LOGIN)
        for runs in (2, 3):
            twitch.mend()
            await eventually(lambda runs=runs: twitch.runs == runs)  # type: ignore[misc]
        await eventually(lambda: len(told.lines) == 2)

    assert told.lines == [
        ("twitch", "Twitch has stopped and needs the streamer. Moderators: ask for the status."),
        ("twitch", "Twitch is back."),
    ]


async def test_a_mistake_of_the_relay_costs_one_platform_alone(caplog: pytest.LogCaptureFixture) -> None:
    twitch, discord = Stage("twitch"), Stage("discord")
    async with supervised(twitch, discord) as supervisor:
        await listening(twitch, discord)
        twitch.fail(KeyError("surprise"))
        await eventually(lambda: not supervisor.is_well)

        assert supervisor.health(twitch) == "stopped: a mistake of the relay (KeyError); the log says more"
        assert discord.listening.is_set()
    [record] = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert record.exc_info is not None


async def test_at_the_start_one_that_fails_does_not_keep_another_from_listening() -> None:
    twitch, discord = Stage("twitch", NO_LOGIN), Stage("discord")
    async with supervised(twitch, discord) as supervisor:
        await listening(discord)
        await eventually(lambda: not supervisor.is_well)


@pytest.mark.parametrize("failures", [[NO_LOGIN], [NO_LOGIN, WRONG]], ids=["the only one", "each of two"])
async def test_when_nothing_could_ever_listen_the_run_ends_with_what_is_wrong(failures: list[Exception]) -> None:
    platforms = [Stage(f"platform{number}", failure) for number, failure in enumerate(failures)]

    async with asyncio.timeout(PATIENCE):
        with pytest.raises(ExceptionGroup) as caught:
            await Supervisor(platforms, Told()).run()

    assert leaves(caught.value) == failures


def leaves(error: BaseException) -> list[BaseException]:
    if not isinstance(error, BaseExceptionGroup):
        return [error]
    return [leaf for each in error.exceptions for leaf in leaves(each)]
