"""The page that OBS opens from a file, so that a source which is there before the relay does not stay blank."""

import html
import re
from pathlib import Path
from typing import Final
from urllib.parse import parse_qsl, urlencode, urlsplit

from relay.errors import ConfigError
from relay.system.private_files import write_private

_TEMPLATE: Final = Path(__file__).parents[1] / "static" / "waiting.html"


def write_waiting_page(file: Path, address: str) -> None:
    """Write the page that waits until the relay is there, and opens the overlay's address then.

    The address may have the token in it, so the file is for its owner alone. Raises ConfigError.
    """
    text = _TEMPLATE.read_text("utf-8").replace("{address}", html.escape(address, quote=True))
    try:
        write_private(file, text)
    except OSError as error:
        raise ConfigError(f"{file} cannot be written: {error.strerror}") from None


def look_in(file: Path) -> str | None:
    """How the overlay looks that the page opens, as the query of its address; None when there is no such page."""
    try:
        found = re.search(r'name="overlay" content="([^"]*)"', file.read_text("utf-8"))
    except (OSError, UnicodeDecodeError):
        return None
    if found is None:
        return None
    asked = parse_qsl(urlsplit(html.unescape(found[1])).query)
    return urlencode([(name, value) for name, value in asked if name != "token"])
