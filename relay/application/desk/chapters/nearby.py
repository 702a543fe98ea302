"""Programs that may run on this computer, by the addresses that they usually have."""

import asyncio
from collections.abc import Collection
from contextlib import suppress
from typing import Final
from urllib.parse import urlsplit

LOOK: Final = 1.0
"""Seconds within which a program on this computer takes a connection."""

VOXTA: Final = "http://localhost:5384"
OBS: Final = "ws://localhost:4455"
MODELS: Final = {"Ollama": "http://localhost:11434/v1", "LM Studio": "http://localhost:1234/v1"}
"""What serves language models, with the endpoint of each."""


async def listening(addresses: Collection[str]) -> set[str]:
    """Those of the addresses at which something takes connections."""
    answers = await asyncio.gather(*map(_listens, addresses))
    return {address for address, is_there in zip(addresses, answers, strict=True) if is_there}


async def _listens(address: str) -> bool:
    parts = urlsplit(address)
    with suppress(OSError, TimeoutError):
        async with asyncio.timeout(LOOK):
            _, writer = await asyncio.open_connection(parts.hostname, parts.port)
        writer.close()
        return True
    return False
