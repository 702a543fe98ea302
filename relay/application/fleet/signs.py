"""What processes of a fleet tell of themselves, and how all of it together is shown."""

import os
import socket
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from relay.application.fleet.share import SERVICE
from relay.application.fleet.watching import FleetWatch
from relay.application.processes.kinds import core_service
from relay.bus.bus import Bus
from relay.bus.presence import Presence, ProcessSign
from relay.system.periodic import repeat

RELOAD: Final = "reload"
"""What is told to all of them to have them read their settings."""
TELL_EVERY: Final = 0.5
"""Seconds between two looks at what there is to tell."""


def told_of(fleet: str) -> str:
    """What every process of this fleet is known as."""
    return f"{SERVICE}/{fleet}"


async def follow_signs(bus: Bus, file: FleetWatch, kinds: Sequence[str]) -> None:
    """Until cancelled: tell where this process is and what is wrong with its file, which is read when one asks."""
    service = told_of(file.fleet.process.relay.name)
    where = f"{socket.gethostname()}, process {os.getpid()}"

    async def look() -> None:
        wrong = str(file.problem) if file.problem is not None else None
        bus.presence.offer(service, {"where": where, "kinds": list(kinds), "problem": wrong})

    def hear(message: bytes | None) -> None:
        if message is not None:
            file.look()

    with bus.pubsub.heard_by(bus.channel(RELOAD), hear):
        await repeat(look, TELL_EVERY, "telling of this process")


def status(companions: Iterable[str], presence: Presence, fleet: str) -> Iterator[str]:
    """A line for each companion, and for what is wrong with the settings of a process."""
    places = {sign.id: sign.services[told_of(fleet)]["where"] for sign in presence.of(told_of(fleet))}
    cores = list(presence.of(SERVICE))
    for name in companions:
        leading = next(presence.of(core_service(name)), None)
        if leading is not None:
            yield f"{name}: led by {places.get(leading.id, leading.id)}"
        else:
            yield f"{name}: nobody leads it: {_why(name, cores)}"
    for sign in presence.of(told_of(fleet)):
        if (problem := sign.services[told_of(fleet)]["problem"]) is not None:
            yield f"{places[sign.id]}: goes on with the settings it had: {problem}"


def _why(name: str, cores: Sequence[ProcessSign]) -> str:
    if not cores:
        return "no process with cores runs: start `relay fleet --only core`"
    problems = (sign.services[SERVICE]["problems"].get(name) for sign in cores)
    return "; ".join(dict.fromkeys(problem for problem in problems if problem)) or "one is about to"
