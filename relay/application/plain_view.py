"""The view of a run for screen readers and logs: one line for each thing that happens, and nothing is drawn."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from typing import Final

from relay.application.statistics import ActivityLine
from relay.model import Held

LOOK_EVERY: Final = 1.0
"""Seconds between two looks for what is newly held."""
log = logging.getLogger("relay")


def narrate(line: ActivityLine) -> None:
    """Write one line."""
    log.info("%s %s: %s", line.stage, line.who, " ".join(line.text.split()))


async def tell_held(held: Callable[[], Sequence[Held]]) -> None:
    """Write a line for whatever begins to wait for a decision, until cancelled."""
    told: set[str] = set()
    while True:
        waiting = held()
        for each in waiting:
            if each.id not in told:
                text = " ".join(each.text.split())
                log.info("held %s: %s: %s (%s); relay ctl approve %s", each.id, each.whose, text, each.reason, each.id)
        told = {each.id for each in waiting}
        await asyncio.sleep(LOOK_EVERY)
