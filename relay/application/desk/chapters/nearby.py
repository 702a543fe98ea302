"""What there is on this computer: programs, by the addresses that they usually have, and fetched models."""

import asyncio
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from relay.application.desk.chapters.fetching import in_megabytes
from relay.guide import FormOption, phrase
from relay.models.base import Purpose
from relay.models.catalogue import CATALOGUE
from relay.models.store import ModelStore

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


def model_options(purpose: Purpose, models: Path) -> tuple[FormOption, ...]:
    """The models that are in this folder, and then those that can be fetched."""
    here = ModelStore(models).names()
    known = [model for model in CATALOGUE.values() if model.purpose is purpose]
    return tuple(
        FormOption(
            value=model.name,
            label=phrase("{name}: {about} (already here)", name=model.name, about=model.about)
            if model.name in here
            else phrase(
                "{name}: {about} (not here, {size} MB to fetch)",
                name=model.name, about=model.about, size=in_megabytes(model.size),
            ),
        )
        for model in sorted(known, key=lambda model: model.name not in here)
    )  # fmt: skip
