"""A relay in a process of its own, with a crowd that remembers what was taken, to be killed at any moment."""

import asyncio
import itertools
import logging
import os
from pathlib import Path
from typing import Any

from relay.application.composition import Relay
from relay.application.running import running
from relay.application.settings import load
from relay.application.statistics import Statistics
from relay.config.loading import Config
from relay.platforms.base import Receive
from relay.platforms.simulated import QuietPlatform
from tests.chaos.stage import EVERY, say


def live(settings: dict[str, Any], voxta_url: str, ledger: Path) -> None:
    """The whole life of the process. The settings come by their sections, as their class is made in each process."""
    logging.disable(logging.ERROR)
    asyncio.run(_live(load(**settings), voxta_url, ledger))


async def _live(config: Config, voxta_url: str, ledger: Path) -> None:
    relay = Relay(config, lambda receive, *_: [_Crowd(receive, ledger)], voxta_url=voxta_url, statistics=Statistics())
    async with running(relay) as task:
        await task


class _Crowd(QuietPlatform):
    """Goes on where the one before it was killed, with the last line again: that one may have been taken or not."""

    def __init__(self, receive: Receive, ledger: Path) -> None:
        super().__init__("twitch")
        self._receive = receive
        self._ledger = ledger

    async def run(self) -> None:
        self.listening.set()
        taken = len(read(self._ledger))
        file = os.open(self._ledger, os.O_CREAT | os.O_WRONLY | os.O_APPEND)
        for number in itertools.count(max(1, taken)):
            await say(self._receive, number)
            if number > taken:
                os.write(file, b"%d\n" % number)  # one call, so that a kill leaves all of the line or nothing of it
            await asyncio.sleep(EVERY)


def read(ledger: Path) -> list[str]:
    """What the relays of that crowd have taken in, so far."""
    return [f"line-{number}" for number in ledger.read_text().split()] if ledger.exists() else []
