"""The relay's page in the browser of whoever sits at this machine."""

import os
import socket
import sys
import webbrowser
from typing import Final
from urllib.parse import quote, urlsplit

from relay.config import WebSection
from relay.system.addresses import local_address

SOON: Final = 3.0
"""Seconds within which this machine answers itself."""


def page_address(web: WebSection, url: str | None = None) -> str:
    """Where the page is, with the token that it asks for. `url` is where the server listens, where that is known."""
    token = web.token
    key = f"?token={quote(token.get_secret_value())}" if token is not None else ""
    return f"{url or local_address(web.host, web.port)}/{key}"


def is_served(web: WebSection) -> bool:
    """Whether anybody listens there."""
    try:
        socket.create_connection((urlsplit(local_address(web.host, web.port)).hostname, web.port), SOON).close()
    except OSError:
        return False
    return True


def open_page(address: str) -> bool:
    """Show it. False where there is no browser with windows: one in text would take the terminal."""
    has_windows = sys.platform in ("win32", "darwin") or {"DISPLAY", "WAYLAND_DISPLAY"} & os.environ.keys()
    return bool(has_windows) and webbrowser.open(address)
