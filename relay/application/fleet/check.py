"""`relay check` where one file has many companions: what they share is tried once."""

import asyncio
from collections.abc import AsyncIterator, Collection, Iterator, Mapping
from dataclasses import replace
from functools import partial
from itertools import chain
from typing import Any, Final

from relay.application.check import Attempt, Finding, of_conversation, of_process, of_stream, tried
from relay.application.fleet.accounts import accounts
from relay.application.settings import Fleet
from relay.config import mistakes
from relay.config.companions import TABLE, variable_of
from relay.config.loading import Config
from relay.errors import ConfigError
from relay.platforms import listed
from relay.platforms.info import PlatformInfo

AT_ONCE: Final = 16
"""Companions that are tried at the same time: most of that is waiting."""
_SECTIONS: Final = {"brain": "companion", "voice": "companion", "ears": "companion"}
"""What a thing that is tried depends on, where its name is another than its section's."""


async def check_fleet(fleet: Fleet) -> AsyncIterator[Finding]:
    """What is wrong with each companion by its name; of those of whom nothing is, how many things were tried."""
    process = fleet.process
    for name, attempt in of_process(process, [f"{TABLE}__{variable_of(each).lower()}" for each in fleet.companions]):
        yield await tried(name, attempt, process)
    for account in accounts(fleet.companions):
        check = partial(account.info.check, account.section, process.relay.data_dir, account.wishes)
        found = await tried(account.info.name, check, process)
        yield replace(found, name=f"{found.name} ({mistakes.some(account.companions)})")
    for info in _unheard(fleet):
        nobody = f"it is on, and no companion listens there: give one its channels in [{TABLE}.NAME.{info.name}]"
        yield await tried(info.name, partial(_fail, nobody), process)
    seen: set[tuple[str, int]] = set()
    work = {name: [*_not_seen(config, seen)] for name, config in fleet.companions.items()}
    async for each in _of_companions(fleet, work):
        yield each


def _unheard(fleet: Fleet) -> Iterator[PlatformInfo[Any]]:
    for info in listed.enabled(fleet.process):
        if not any(info.settings(config).enabled for config in fleet.companions.values()):
            yield info


def _not_seen(config: Config, seen: set[tuple[str, int]]) -> Iterator[tuple[str, Attempt]]:
    """What no other companion shares with it that came before."""
    if not listed.enabled(config):
        yield "platforms", partial(_fail, f"nobody is listened to: give it channels in [{TABLE}.{config.relay.name}.…]")
    for name, attempt in chain(of_conversation(config), of_stream(config)):
        key = (name, id(_about(name, config)))
        if key not in seen:
            seen.add(key)
            yield name, attempt


def _about(name: str, config: Config) -> object:
    """Settings on which it depends what comes of a trial."""
    if name == "inbox" and config.inbox.engine == "sqlite":
        return config
    return getattr(config, _SECTIONS.get(name, name.partition(".")[0]), config)


async def _of_companions(fleet: Fleet, work: Mapping[str, Collection[tuple[str, Attempt]]]) -> AsyncIterator[Finding]:
    turns = asyncio.Semaphore(AT_ONCE)

    async def of(name: str) -> list[Finding]:
        async with turns:
            return [await tried(each, attempt, fleet.companions[name]) for each, attempt in work[name]]

    async with asyncio.TaskGroup() as tasks:
        running = {name: tasks.create_task(of(name)) for name in work}
        for name, task in running.items():
            found = await task
            for each in found:
                if not each.ok:
                    yield replace(each, name=f"{name}: {each.name}")
            if all(each.ok for each in found):
                yield Finding(name, True, f"{len(found)} things tried" if found else "shares all that can be tried")


async def _fail(problem: str) -> str:
    raise ConfigError(problem)
