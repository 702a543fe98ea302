"""Ports for servers that cannot choose one themselves."""

import os
import random
import socket
from contextlib import suppress
from typing import Final

RANGE: Final = range(15_000, 28_000)
"""Below those that systems give to outgoing connections, one of which could take a port before its server does."""
NODES: Final = range(18_000, 22_000)
"""Of these, nodes of a Redis cluster. Nobody else is given the ports `BUS` above."""
BUS: Final = 10_000
"""How far above its own port a node listens to the others."""
WORKERS: Final = 16
"""Of pytest-xdist, so many of which are never given the same ports: a port is free until its server opens it."""

_given: Final[set[int]] = set()
"""A port is not given again before all were: who has it may not have opened it yet."""


def free_port() -> int:
    """A port that nobody listens on."""
    return _free(RANGE)


def free_node_port() -> int:
    """A port that nobody listens on, nor on its partner, where the other nodes of a cluster reach it."""
    return _free(NODES, partner=BUS)


def _free(ports: range, partner: int = 0) -> int:
    worker = os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")
    mine = set(ports[int(worker) % WORKERS :: WORKERS])
    while True:
        if mine <= _given:
            _given.difference_update(mine)
        port = random.choice(sorted(mine - _given))
        _given.add(port)
        with suppress(OSError), socket.socket() as probe, socket.socket() as other:
            probe.bind(("127.0.0.1", port))
            if partner:
                other.bind(("127.0.0.1", port + partner))
            return port
