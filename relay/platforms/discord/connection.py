"""How Discord is reached: directly, or through the address and certificate authority the settings name."""

import socket
import ssl
from functools import cache
from pathlib import Path

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult

from relay.errors import ConfigError
from relay.platforms.discord.settings import DiscordSection


class _OneAddress(AbstractResolver):
    """Answers every name with the same host and port. The client of one bot talks to nobody but Discord."""

    def __init__(self, address: str) -> None:
        host, _, port = address.rpartition(":")
        self._host, self._port = host, int(port)
        self._inner = aiohttp.ThreadedResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        found = await self._inner.resolve(self._host, self._port, family)
        return [ResolveResult(**{**result, "hostname": host}) for result in found]

    async def close(self) -> None:
        await self._inner.close()


def make_connector(settings: DiscordSection) -> aiohttp.TCPConnector:
    """A connector for one client, which closes it. Call it inside the running loop. Raises ConfigError."""
    resolver = _OneAddress(settings.connect_to) if settings.connect_to is not None else None
    return aiohttp.TCPConnector(limit=0, resolver=resolver, ssl=_trust(settings.ca_file))


@cache
def _trust(ca_file: Path | None) -> ssl.SSLContext:
    """Once for all connections: reading what the system trusts takes 50 ms, in which nothing else runs."""
    context = ssl.create_default_context()
    if ca_file is not None:
        try:
            context.load_verify_locations(ca_file)
        except OSError as error:  # ssl.SSLError is one
            raise ConfigError(
                f"discord.ca_file: {ca_file} cannot be used ({error}): name a PEM file with the certificate "
                "authority to trust, or leave it out to talk to Discord itself"
            ) from None
    return context
