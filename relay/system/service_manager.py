"""What systemd is told of a service of `Type=notify`, over the datagram socket that it names in the environment."""

import os
import socket
from contextlib import suppress
from typing import Final

READY: Final = "READY=1"
"""All has started."""
STOPPING: Final = "STOPPING=1"
ALIVE: Final = "WATCHDOG=1"
"""The loop runs; with `WatchdogSec=` the service is started anew when this stays out."""


def notify(state: str) -> None:
    """Tell it, where there is one that wants to know. A manager that cannot be told is no reason to end."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address.startswith(("/", "@")):
        return
    with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.setblocking(False)
        manager.sendto(state.encode(), "\0" + address[1:] if address.startswith("@") else address)
