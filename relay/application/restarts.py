"""Runs a relay by its settings file, and anew in the same process when the page asks for it."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

from relay.application.settings.file import SettingsFile, toml_of
from relay.application.settings.loading import whereabouts
from relay.application.settings.model import settings_model
from relay.config import CompanionSection, RelaySection, WebSection
from relay.config.loading import Config, Whereabouts, checked
from relay.config.places import data_folder
from relay.errors import (
    AuthError,
    ConfigError,
    InboxError,
    MemoryUnavailable,
    RelayError,
    SettingMistake,
    WrongSettings,
    causes,
)
from relay.platforms import listed
from relay.system import shutdown

log = logging.getLogger(__name__)

_TOKEN: Final = "web.token"
TRIAL: Final = 60.0
"""Seconds a run with new settings may turn out not to work, so that the ones before come back."""
AGAIN_AFTER: Final = 1.0
"""Seconds until a store that did not answer is tried again."""


@dataclass(eq=False)
class LiveRun:
    """One run within the process, with the settings that it has."""

    config: Config
    file: SettingsFile
    problem: ConfigError | AuthError | None = None
    """Why these are not the settings of the file: what is wrong with those."""
    is_first: bool = False
    """Nobody has seen its page yet."""
    is_mending: bool = False
    """Nothing but the page is the streamer's own: their settings could not be had yet."""
    before: "LiveRun | None" = None
    """What ran when this was asked for."""
    wanted: Config | None = None
    """With which to run anew."""
    asked: asyncio.Event = field(default_factory=asyncio.Event)
    is_up: asyncio.Event = field(default_factory=asyncio.Event)
    """Everything has started: before, nothing is ended, as what is half open could not be closed."""

    async def load(self) -> Config:
        """The settings of the file as they are now. Raises ConfigError when they are wrong."""
        return await asyncio.to_thread(self.file.load)

    def restart(self, wanted: Config) -> None:
        """Run anew with these. This run ends as soon as the loop gets to it."""
        self.wanted = wanted
        self.asked.set()

    @property
    def mistakes(self) -> Sequence[SettingMistake]:
        """What is wrong with the settings of the file, as far as it is known."""
        return self.problem.mistakes if isinstance(self.problem, WrongSettings) else ()


Once = Callable[[LiveRun], Awaitable[None]]
"""Runs a relay until it is cancelled or fails, and says when it is up."""


async def keep_running(
    file: SettingsFile, once: Once, *, mends: bool, now: Callable[[], float] = time.monotonic
) -> None:
    """Run until cancelled, and anew whenever that is asked for. Raises what a run fails with.

    New settings with which it cannot run give way to those before; a store that is as before and away is waited for, as
    it would be in the middle of a run. With `mends` a first start whose settings are wrong opens the page, so that they
    can be mended there; without, it ends with what is wrong, as services need it.
    """
    run = await _first(file, mends=mends)
    while True:
        began = now()
        failure = await _until_asked(run, once)
        if failure is None and run.wanted is None:
            return
        if failure is None and run.wanted is not None:
            run.before = None
            run = LiveRun(run.wanted, file, before=run)
            continue
        assert failure is not None
        run = await _after(failure, run, is_on_trial=now() - began < TRIAL, mends=mends)
        shutdown.averted()


async def _after(failure: Exception, run: LiveRun, *, is_on_trial: bool, mends: bool) -> LiveRun:
    """How it goes on when a run has failed. Raises the failure when it does not."""
    file, before = run.file, run.before
    problem = _mendable(failure)
    away = _unreached(failure) if not run.is_first and not run.is_up.is_set() else None
    if away is not None and (before is None or _stores(before) == _stores(run)):
        log.warning("%s; trying again", away)
        await asyncio.sleep(AGAIN_AFTER)
        return LiveRun(run.config, file, run.problem, is_mending=run.is_mending, before=before)
    if before is not None and is_on_trial and (problem := problem or away) is not None:
        following = LiveRun(before.config, file, problem, is_mending=before.is_mending)
    elif problem is not None and mends and run.problem is None and before is None:
        following = LiveRun(_enough_to_mend(file), file, problem, is_first=True, is_mending=True)
    else:
        raise failure
    log.error("%s; mend it on the page and restart there", problem)
    return following


async def _first(file: SettingsFile, *, mends: bool) -> LiveRun:
    try:
        return LiveRun(await asyncio.to_thread(file.load), file, is_first=True)
    except ConfigError as problem:
        if not mends:
            raise
        log.error("%s; mend it on the page and restart there", problem)
        return LiveRun(_enough_to_mend(file), file, problem, is_first=True, is_mending=True)


async def _until_asked(run: LiveRun, once: Once) -> Exception | None:
    """Returns what the run failed with; None when it ended because it was asked to."""
    working = asyncio.ensure_future(once(run))
    asked = asyncio.create_task(_asked(run))
    try:
        await asyncio.wait({working, asked}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        asked.cancel()
        if not working.done():
            shutdown.begin("the relay was to end or to begin anew")
            working.cancel()
        await asyncio.wait({working, asked})
    failure = None if working.cancelled() else working.exception()
    if failure is not None and not isinstance(failure, Exception):
        raise failure
    if failure is not None and run.wanted is not None:
        log.error("the relay did not end well before it began anew", exc_info=failure)
        failure = None
    shutdown.averted()
    return failure


async def _asked(run: LiveRun) -> None:
    await run.is_up.wait()
    await run.asked.wait()


def _mendable(failure: Exception) -> ConfigError | AuthError | None:
    """What a person has to mend, where nothing else went wrong."""
    all_of_them = causes(failure)
    found = [each for each in all_of_them if isinstance(each, ConfigError | AuthError)]
    return found[0] if len(found) == len(all_of_them) else None


def _unreached(failure: Exception) -> ConfigError | None:
    """That a store does not answer, where nothing else went wrong: its settings may be what was changed."""
    all_of_them = causes(failure)
    found = [each for each in all_of_them if isinstance(each, InboxError | MemoryUnavailable)]
    return ConfigError(str(found[0])) if len(found) == len(all_of_them) else None


def _stores(run: LiveRun) -> object:
    """Which ones a run has."""
    relay = run.config.relay
    return relay.name, relay.data_dir, run.config.inbox, run.config.memory


class Reachable(Whereabouts):
    """Where the page is."""

    web: WebSection = WebSection()


def _enough_to_mend(file: SettingsFile) -> Config:
    """The usual settings under another name, in the streamer's own place as far as that can be read.

    So nothing that waits is told to another companion than it was meant for.
    """
    found = reachable(file)
    relay = found.relay.model_copy(update={"name": f"{found.relay.name}-mending"})
    companion = CompanionSection(port=0)
    return settings_model(listed.PLATFORMS).model_construct(relay=relay, web=found.web, companion=companion)


def reachable(file: SettingsFile) -> Reachable:
    """As far as the settings tell, whatever else is wrong with them."""
    written = _text(file)
    token = _token(file, written)
    for text in (written, ""):
        try:
            return checked(Reachable, text, file.path, {}, token)
        except RelayError:
            continue
    try:
        relay = whereabouts(file.path).relay
    except RelayError:
        relay = RelaySection(data_dir=data_folder(file.path))
    return Reachable.model_construct(relay=relay, web=WebSection())


def _token(file: SettingsFile, text: str) -> dict[str, str]:
    """The page's own, wherever it is kept: a mistake in something else opens the page to nobody else."""
    with suppress(RelayError):
        if (kept := file.secrets.read().get(_TOKEN)) is not None:
            return {_TOKEN: kept}
    with suppress(RelayError):
        web = toml_of(text).get("web")
        if isinstance(web, dict) and isinstance(written := web.get("token"), str):
            return {_TOKEN: written}
    return {}


def _text(file: SettingsFile) -> str:
    try:
        return file.text()
    except RelayError:
        return ""
