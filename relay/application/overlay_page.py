"""Where the overlay is found: its address, and the file that OBS opens in its place."""

from pathlib import Path
from urllib.parse import urlencode

from relay.config.loading import Config
from relay.obs.browser_sources import WAITING_PAGE


def waiting_page(config: Config) -> Path:
    """The file of the page that waits for this relay."""
    return config.relay.data_dir / WAITING_PAGE


def overlay_address(config: Config, look: str = "") -> str:
    """The address of the overlay on this computer, with the token where one is needed; `look` is a query's text."""
    token = config.web.token.get_secret_value() if config.web.token is not None else ""
    query = "&".join(part for part in (look, urlencode({"token": token}) if token else "") if part)
    return f"http://localhost:{config.web.port}/overlay" + (f"?{query}" if query else "")
