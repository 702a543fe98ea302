"""`relay check`: tries every connection the configuration names, one line each, with the fix when it fails."""

import asyncio
import os
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from relay.application.connect import key_of
from relay.application.heartbeat import ailment
from relay.application.offers import check as check_rewards
from relay.application.silence import SILENT
from relay.application.voice_places import listens_to_people, nobody_understands
from relay.companion.check import attempts as check_companion
from relay.config import CompanionSection
from relay.config.environment import misspelt
from relay.config.loading import Config
from relay.config.mistakes import some
from relay.errors import ConfigError, InboxError, InboxTaken, RelayError
from relay.hearing.recognition.build import recogniser_for
from relay.inbox.base import Watchable
from relay.inbox.build import build as build_inbox
from relay.obs.check import check as check_obs
from relay.platforms import listed
from relay.platforms.info import PlatformWishes
from relay.voxta.check import check as check_voxta
from relay.voxta.gateway import health_of
from relay.web.control import ctl
from relay.web.overlay.pictures import pictures_in
from relay.web.overlay.routes import sound_file

Attempt = Callable[[], Awaitable[str]]
"""One line when all is well, else RelayError."""

LIMIT = 20.0
"""Seconds one check may take."""

_FIX = {
    "inbox": 'start Redis, correct inbox.url, or set inbox.engine = "sqlite"',
    "voxta": 'start Voxta, correct voxta.url, or set voxta.mode = "embedded"',
    "vtube_studio": "start VTube Studio, switch on Allow Plugin API access in it, or correct vtube_studio.url",
    "obs": "start OBS, switch on Tools > WebSocket Server Settings > Enable WebSocket server, or correct obs.url",
}


@dataclass(frozen=True)
class Finding:
    name: str
    ok: bool
    line: str


async def check(config: Config) -> AsyncIterator[Finding]:
    """Try each connection in turn."""
    for attempts in (of_process(config), of_conversation(config), of_platforms(config), of_stream(config)):
        for name, attempt in attempts:
            yield await tried(name, attempt, config)


async def tried(name: str, attempt: Attempt, config: Config) -> Finding:
    """What came of it."""
    advice = {info.name: info.advice for info in listed.PLATFORMS}
    fixes = _FIX | advice | {f"{each} rewards": fix for each, fix in advice.items()}
    try:
        async with asyncio.timeout(LIMIT):
            return Finding(name, True, await attempt())
    except TimeoutError:
        return Finding(name, False, _with_fix(f"no answer within {LIMIT:g} s", fixes.get(name)))
    except RelayError as error:
        needs_fix = _needs_fix(error, config)
        return Finding(name, False, _with_fix(str(error), fixes.get(name) if needs_fix else None))


def _with_fix(line: str, fix: str | None) -> str:
    return f"{line}; {fix}" if fix else line


def _needs_fix(error: RelayError, config: Config) -> bool:
    """What fails for good says itself what to do, and so does the embedded inbox."""
    return error.retryable and not (isinstance(error, InboxError) and config.inbox.engine == "sqlite")


def of_process(config: Config, companions: Collection[str] = ()) -> Iterator[tuple[str, Attempt]]:
    """What one process has once, however many companions there are."""
    if ignored := list(misspelt([*type(config).model_fields, *companions])):
        yield "environment", partial(_ignored, ignored)
    if config.web.enabled and not _runs(config):
        yield "web.port", partial(_free, "web.port", config.web.host, config.web.port)


def of_conversation(config: Config) -> Iterator[tuple[str, Attempt]]:
    """Where one companion's messages wait, and who answers them."""
    yield "inbox", lambda: _inbox(config)
    if config.voxta.mode == "embedded":
        yield from check_companion(config.companion, config.models_folder)
    else:
        yield "voxta", lambda: _voxta(config)


def of_platforms(config: Config) -> Iterator[tuple[str, Attempt]]:
    """The accounts with which a relay listens."""
    if not listed.enabled(config):
        yield "platforms", _no_platform
    for info in listed.enabled(config):
        yield info.name, partial(info.check, info.settings(config), config.relay.data_dir, PlatformWishes.of(config))


def of_stream(config: Config) -> Iterator[tuple[str, Attempt]]:
    """What one companion's streamer has."""
    for info in listed.enabled(config):
        if info.rewards is not None and config.rewards:
            yield f"{info.name} rewards", partial(check_rewards, info, config)
    if config.memory.enabled:
        yield "memory", partial(_memory, config)
    if listens_to_people(config):
        yield "hearing", lambda: _hearing(config)
    if config.speech.enabled:
        yield "speech", lambda: _speech(config)
    yield "heard", partial(_heard, config)
    # its usual port it leaves to Voxta
    if config.voxta.mode == "embedded" and config.companion.port != CompanionSection().port and not _runs(config):
        yield "companion.port", partial(_free, "companion.port", config.companion.host, config.companion.port)
    yield from _around(config)


def _around(config: Config) -> Iterator[tuple[str, Attempt]]:
    """What else is on the streamer's machine."""
    if config.scenario.sounds is not None or _played(config):
        yield "sounds", partial(_sounds, config.scenario.sounds, _played(config))
    if config.obs.enabled:
        yield "obs", lambda: check_obs(config.obs)
    if config.avatar.folder is not None:
        yield "avatar", partial(_pictures, config.avatar.folder)
    if config.vtube_studio.enabled:
        yield "vtube_studio", lambda: _vtube_studio(config)


async def _inbox(config: Config) -> str:
    inbox = build_inbox(config.inbox, config.relay.name, config.inbox_path)
    try:
        await inbox.open(to_look=True)
    except InboxTaken:
        if not _runs(config):
            raise
        return f"{config.inbox.engine} serves the relay that runs"
    try:
        waiting = await inbox.waiting()
        troubles = await inbox.troubles() if isinstance(inbox, Watchable) else []
        remarks = await inbox.remarks() if isinstance(inbox, Watchable) else []
    finally:
        await inbox.close()
    if troubles:
        raise ConfigError("; ".join(troubles))
    return "; mind: ".join([f"{config.inbox.engine} answers, {waiting} messages wait", *remarks])


async def _ignored(variables: Sequence[str]) -> str:
    raise ConfigError(
        f"{', '.join(variables)} sets nothing, as there is no such section: correct its name, or unset it"
    )


async def _no_platform() -> str:
    raise listed.none_enabled()


async def _memory(config: Config) -> str:
    """Who is remembered has a right to know as what, which is nothing for everybody to read."""
    to_set = [(info.label, info.to_tell_one_alone(info.settings(config))) for info in listed.enabled(config)]
    minds = [f"viewers on {label} cannot read what is remembered of them: set {fix}" for label, fix in to_set if fix]
    return "; mind: ".join([f"people are remembered for {config.memory.days:g} days", *minds])


async def _hearing(config: Config) -> str:
    if trouble := nobody_understands(config):
        raise ConfigError(": ".join(trouble))
    recogniser = recogniser_for(config.hearing, config.models_folder)
    if recogniser is not None:
        return await recogniser.check()
    return f"{'the companion' if config.voxta.mode == 'embedded' else 'Voxta'} recognises speech itself"


async def _speech(config: Config) -> str:
    if config.voxta.mode == "embedded" and config.companion.speech == "none":
        raise ConfigError(
            'nobody will hear the companion, as it has no voice: set companion.speech to "espeak" or "openai", '
            "or speech.enabled to false"
        )
    return f"the companion is heard through {', '.join(config.speech.sinks)}"


def _runs(config: Config) -> bool:
    """Whether a relay with these settings runs here."""
    return ailment(config.heartbeat_file, time.time()) is None


async def _heard(config: Config) -> str:
    """What keeps the relay that runs from being heard; what only a run can know when none does."""
    if _runs(config):
        status = await ctl(config.control_file, "status")
        reasons = [line.removeprefix(SILENT) for line in status.split(" | ") if line.startswith(SILENT)]
        if reasons:
            raise ConfigError("the companion of the relay that runs is silent: " + "; and ".join(reasons))
        return "nothing keeps the companion of the relay that runs from being heard"
    if config.speech.enabled and "overlay" in config.speech.sinks:
        return f"once it runs, open {config.web.address}/overlay as a browser source in OBS"
    return "no relay runs that could be silent"


async def _free(setting: str, host: str, port: int) -> str:
    try:
        server = await asyncio.get_running_loop().create_server(asyncio.Protocol, host, port)
    except OSError as error:
        raise ConfigError(
            f"{host}:{port} cannot be had ({error.strerror}): set {setting} to a free port, or end what has it"
        ) from None
    server.close()
    await server.wait_closed()
    return f"{host}:{port} is free"


def _played(config: Config) -> list[str]:
    """The sounds that rewards and commands of the streamer's own name."""
    acts = [each.act for each in (*config.rewards, *config.commands.own)]
    return [act.arguments.get("file", "") for act in acts if act is not None and act.name == "sound"]


async def _sounds(folder: Path | None, played: Sequence[str]) -> str:
    if folder is None:
        raise ConfigError(f"no folder is set for {some(played)}: set scenario.sounds to the one they are in")
    try:
        files = await asyncio.to_thread(os.listdir, folder)
    except OSError as error:
        raise ConfigError(f"{folder}: {error.strerror}: create it, or correct scenario.sounds") from None
    if missing := [file for file in played if "{" not in file and sound_file(folder, file) is None]:
        raise ConfigError(f"{folder} has no {some(missing)}: put it there, or correct the reward or command")
    return f"{len(files)} files in {folder}"


async def _pictures(folder: Path) -> str:
    pictures = await asyncio.to_thread(pictures_in, folder)
    if "silent.png" not in map(str.lower, pictures):
        raise ConfigError(f"{folder} has no picture silent.png: put one there, or correct avatar.folder")
    return f"{len(pictures)} pictures in {folder}"


async def _vtube_studio(config: Config) -> str:
    from relay.avatar.access import AvatarToken
    from relay.avatar.check import check as check_vtube_studio

    return await check_vtube_studio(config.vtube_studio, AvatarToken(config.vtube_studio_token_file))


async def _voxta(config: Config) -> str:
    if config.voxta.mode == "gateway":
        return await health_of(config.voxta)
    return await check_voxta(key_of(config))
