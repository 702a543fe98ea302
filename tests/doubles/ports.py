"""Ports for servers that cannot choose one themselves."""

import random
import socket
from contextlib import suppress
from typing import Final

RANGE: Final = range(15_000, 30_000)
"""Below those that systems give to outgoing connections, one of which could take a port before its server does."""


def free_port() -> int:
    """A port that nobody listens on."""
    while True:
        port = random.choice(RANGE)
        with suppress(OSError), socket.socket() as probe:
            probe.bind(("127.0.0.1", port))
            return port
