"""Whether the other end of the gateway's line is still there.

A line whose other end is gone, as behind a router that has restarted, tells nothing by itself. discord.py asks at the
interval that Discord wishes, and notices after 60 to 90 seconds. So Discord is asked as soon as it has been quiet for a
while: that is one of 120 payloads that it takes in a minute (Gateway, "Rate Limiting").
"""

import asyncio
import logging
import socket
from collections.abc import Callable
from contextlib import suppress
from typing import Final

import aiohttp
from discord.gateway import DiscordWebSocket

log = logging.getLogger(__name__)

LOOK_EVERY: Final = 0.5
"""Seconds between two looks whether something has come."""
ASK_AFTER: Final = 8
"""Looks in vain after which Discord is asked for a sign of life."""
DEAD_AFTER: Final = 15
"""Looks in vain after which the line counts as dead. Looks, so that a program that was held up listens before."""


async def feel(line: Callable[[], DiscordWebSocket | None]) -> None:
    """Cut every line that is dead, so that discord.py resumes the session on another one. Returns never."""
    last, quiet = 0.0, 0
    while True:
        await asyncio.sleep(LOOK_EVERY)
        current = line()
        keeper = current._keep_alive if current is not None else None
        if current is None or keeper is None or not current.open or keeper._last_recv != last:
            last, quiet = keeper._last_recv if keeper is not None else 0.0, 0
            continue
        quiet += 1
        if quiet == ASK_AFTER:
            await _ask(current)
        elif quiet == DEAD_AFTER:
            log.warning("discord: nothing comes from the gateway any more; connecting again")
            _cut(current)


async def _ask(line: DiscordWebSocket) -> None:
    if line._keep_alive is not None:
        try:
            async with asyncio.timeout(LOOK_EVERY):
                await line.send_heartbeat(line._keep_alive.beat())
        except (OSError, aiohttp.ClientError, TimeoutError):
            log.debug("discord: the gateway could not be asked for a sign of life")


def _cut(line: DiscordWebSocket) -> None:
    """Without a goodbye, whose answer would be waited for."""
    its_socket = line.socket.get_extra_info("socket")
    if its_socket is not None:
        with suppress(OSError):
            its_socket.shutdown(socket.SHUT_RDWR)
