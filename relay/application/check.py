"""`relay check`: tries every connection the configuration names, one line each, with the fix when it fails."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from functools import partial

from relay.application.connect import key_of
from relay.config.loading import Config
from relay.errors import InboxError, RelayError
from relay.inbox.build import build as build_inbox
from relay.obs.check import check as check_obs
from relay.platforms import listed
from relay.voxta.check import check as check_voxta
from relay.voxta.gateway import health_of

LIMIT = 20.0
"""Seconds one check may take."""

_FIX = {
    "inbox": 'start Redis, correct inbox.url, or set inbox.engine = "sqlite"',
    "voxta": 'start Voxta, correct voxta.url, or set voxta.mode = "embedded"',
    "obs": "start OBS, switch on Tools > WebSocket Server Settings > Enable WebSocket server, or correct obs.url",
}


@dataclass(frozen=True)
class Finding:
    name: str
    ok: bool
    line: str


async def check(config: Config) -> AsyncIterator[Finding]:
    """Try each connection in turn."""
    fixes = _FIX | {info.name: info.advice for info in listed.PLATFORMS}
    for name, attempt in _attempts(config):
        try:
            async with asyncio.timeout(LIMIT):
                line = await attempt()
        except TimeoutError:
            yield Finding(name, False, f"no answer within {LIMIT:g} s; {fixes[name]}")
        except RelayError as error:
            yield Finding(name, False, f"{error}; {fixes[name]}" if _needs_fix(error, config) else str(error))
        else:
            yield Finding(name, True, line)


def _needs_fix(error: RelayError, config: Config) -> bool:
    """What fails for good says itself what to do, and so does the embedded inbox."""
    return error.retryable and not (isinstance(error, InboxError) and config.inbox.engine == "sqlite")


def _attempts(config: Config) -> list[tuple[str, Callable[[], Awaitable[str]]]]:
    attempts: list[tuple[str, Callable[[], Awaitable[str]]]] = [
        ("inbox", lambda: _inbox(config)),
        ("voxta", lambda: _voxta(config)),
    ]
    for info in listed.enabled(config):
        attempts.append((info.name, partial(info.check, info.settings(config), config.relay.data_dir)))
    if config.obs.enabled:
        attempts.append(("obs", lambda: check_obs(config.obs)))
    return attempts


async def _inbox(config: Config) -> str:
    inbox = build_inbox(config.inbox, config.relay.name, config.inbox_path)
    await inbox.open(to_look=True)
    try:
        waiting = await inbox.waiting()
    finally:
        await inbox.close()
    return f"{config.inbox.engine} answers, {waiting} messages wait"


async def _voxta(config: Config) -> str:
    if config.voxta.mode == "embedded":
        return "the embedded companion will serve"
    if config.voxta.mode == "gateway":
        return await health_of(config.voxta)
    return await check_voxta(key_of(config))
