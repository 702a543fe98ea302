"""Runs a fleet: all its kinds of processes in this one, or some of them."""

import asyncio
import logging
from collections.abc import Iterator, Sequence
from pathlib import Path

from relay.application.fleet.accounts import SharedAccount
from relay.application.fleet.changes import FleetChanges
from relay.application.fleet.parts import AccountParts, FleetPart
from relay.application.fleet.signs import follow_signs
from relay.application.fleet.watching import FleetWatch, looking_on_hangup
from relay.application.processes.kinds import CORE, POST, WEB, checked, kinds, switched_off
from relay.application.processes.posting import run_post
from relay.application.processes.refusing import refuse_newer
from relay.application.processes.run import reaches
from relay.application.settings import Fleet
from relay.application.watching import Watch, watched
from relay.bus.bus import Bus
from relay.errors import ConfigError, RelayError
from relay.platforms import listed

log = logging.getLogger(__name__)


async def run_fleet(path: Path, wanted: Sequence[str]) -> None:
    """Until cancelled; `wanted` kinds, or all. Raises ConfigError and AuthError when a person has to act."""
    asked, wanted = wanted, wanted or kinds()
    file = await asyncio.to_thread(FleetWatch, path, to_lead=CORE in wanted)
    fleet = file.fleet
    if not fleet.companions:
        raise ConfigError(f"{path}: there is no companion: write a [companions.NAME] for each, or use `relay run`")
    wanted = checked(wanted, fleet.process)
    if WEB in asked and (problem := switched_off([WEB], fleet.process)):  # platforms are each companion's own
        raise ConfigError(problem)
    logging.getLogger().setLevel(fleet.process.relay.log_level.upper())
    await refuse_newer(fleet.process.inbox, fleet.companions)
    bus = Bus(fleet.process.inbox, fleet.process.relay.name)
    async with watched(fleet.process.operations) as watch, bus.running(), asyncio.TaskGroup() as tasks:
        parts = [part for kind in wanted for part in _parts(kind, fleet, bus, watch)]
        beside = (_follow(parts, file), follow_signs(bus, file, wanted))
        works = [tasks.create_task(work) for work in (*(part.run() for part in parts), *beside)]
        with watch.readiness.needing({"redis": reaches(bus)}):
            watch.is_up()
            await watch.finished()
        for work in works:
            work.cancel()


async def _follow(parts: Sequence[FleetPart], file: FleetWatch) -> None:
    with looking_on_hangup(file):
        async for changes in file.changes():
            told = [*(f"+{each}" for each in changes.added), *(f"-{each}" for each in changes.removed)]
            log.info("new settings: %s", ", ".join([*told, *changes.changed]) or "nothing that concerns a companion")
            if changes.process:
                log.warning("[%s] concerns the whole process: restart it to use that", "], [".join(changes.process))
            for part in parts:
                try:
                    await part.follow(file.fleet, changes)
                except RelayError as error:
                    log.error("%s", error)


def _parts(kind: str, fleet: Fleet, bus: Bus, watch: Watch) -> Iterator[FleetPart]:
    if kind == CORE:
        from relay.application.fleet.cores import FleetCores

        yield FleetCores(fleet, bus, watch)
    elif kind == POST:
        yield AccountParts(listed.PLATFORMS, lambda account, fleet: AccountPosting(account, fleet, bus, watch), fleet)
    elif kind == WEB:
        from relay.application.fleet.pages import FleetPages

        if fleet.process.web.enabled:
            yield FleetPages(fleet, bus)
    else:
        from relay.application.fleet.adapter import SharedAdapter
        from relay.application.fleet.left_out import LeftOut

        infos, left_out = [info for info in listed.PLATFORMS if info.name == kind], LeftOut()
        yield AccountParts(infos, lambda account, fleet: SharedAdapter(account, fleet, bus, watch, left_out), fleet)


class AccountPosting:
    """One account's; whose posts they are is told with each."""

    def __init__(self, account: SharedAccount, fleet: Fleet, bus: Bus, watch: Watch) -> None:
        self._watch = watch
        self._info = account.info
        self._config = fleet.process.model_copy(update={account.info.name: account.section})
        self._bus = bus

    async def run(self) -> None:
        await run_post(self._info, self._config, self._bus, self._watch)

    async def follow(self, fleet: Fleet, changes: FleetChanges) -> None:
        """Nothing of it concerns who posts."""
