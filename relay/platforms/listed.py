"""The platforms there are. A new one is its folder and its line here."""

from typing import Any

from relay.config.loading import Config
from relay.errors import ConfigError
from relay.model import DESK
from relay.platforms.discord.info import DISCORD
from relay.platforms.info import PlatformInfo
from relay.platforms.twitch.info import TWITCH

PLATFORMS: tuple[PlatformInfo[Any], ...] = (
    TWITCH,
    DISCORD,
)


def enabled(config: Config) -> list[PlatformInfo[Any]]:
    """Those that the settings want."""
    return [info for info in PLATFORMS if info.settings(config).enabled]


def none_enabled() -> ConfigError:
    """What to tell somebody whose settings want none."""
    switches = " or ".join(f"{info.name}.enabled" for info in PLATFORMS)
    return ConfigError(f"no platform is enabled: set {switches} to true, or try `relay demo`")


def labels() -> dict[str, str]:
    """What people call the platforms, by name."""
    return {info.name: info.label for info in PLATFORMS} | {DESK: "Desk"}


def keys_of(key: str) -> list[str]:
    """The messages somebody may mean: a bare id may be any platform's."""
    return [key] if ":" in key else [f"{name}:{key}" for name in labels()]
