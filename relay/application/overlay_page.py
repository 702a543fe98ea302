"""Where the overlay is found: its address, and the file that OBS opens in its place."""

from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlencode

from relay.config.loading import Config
from relay.obs.browser_sources import WAITING_PAGE
from relay.obs.setting_up import show_in_sources
from relay.web.overlay.waiting import look_in, write_waiting_page


def waiting_page(config: Config) -> Path:
    """The file of the page that waits for this relay."""
    return (config.relay.data_dir / WAITING_PAGE).absolute()


def overlay_address(config: Config, look: str = "") -> str:
    """The address of the overlay, with the token where one is needed; `look` is a query's text."""
    token = config.web.token.get_secret_value() if config.web.token is not None else ""
    query = "&".join(part for part in (look, urlencode({"token": token}) if token else "") if part)
    return f"{config.web.address}/overlay" + (f"?{query}" if query else "")


def renew_waiting_page(config: Config) -> None:
    """The file of an earlier start waits for this one, whose port and token may be others. Raises ConfigError."""
    if (look := look_in(waiting_page(config))) is not None:
        write_waiting_page(waiting_page(config), overlay_address(config, look))


async def change_look(config: Config, look: str) -> Sequence[str]:
    """Let the overlay's sources in OBS look like this; their names. Raises ConfigError, AuthError or ObsUnavailable."""
    page, address = waiting_page(config), overlay_address(config, look)
    if look_in(page) is not None:
        write_waiting_page(page, address)
    if not config.obs.enabled:
        return ()
    return await show_in_sources(config.obs, config.web.addresses, address)
