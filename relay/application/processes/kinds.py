"""Which kinds of processes there are."""

import hashlib
from collections.abc import Sequence
from typing import Any, Final

from relay.bus.namespace import key_in, namespace_of
from relay.config.loading import Config
from relay.errors import ConfigError
from relay.platforms import listed
from relay.platforms.info import PlatformInfo

CORE: Final = "core"
"""Chooses, asks and answers: one process at a time, others stand by."""

POST: Final = "post"
"""Posts what the core has answered, on every platform, in its order and pace: one process for each, others stand by."""
WEB: Final = "web"
"""Serves the pages and calls of a core to those who ask; any number of processes."""


def kinds() -> list[str]:
    """All there are; a platform's adapter is called like the platform."""
    return [*(info.name for info in listed.PLATFORMS), CORE, POST, WEB]


def checked(wanted: Sequence[str], config: Config) -> list[str]:
    """Those of one process. Raises ConfigError for what is none, or not with these settings."""
    for kind in wanted:
        if kind not in kinds():
            raise ConfigError(f"--only {kind}: there is no such kind of process; there are {', '.join(kinds())}")
    if config.inbox.engine != "redis":
        raise ConfigError(
            f"inbox.engine: {config.inbox.engine} serves one process and one companion alone; here, write "
            'engine = "redis" and its url, the same for all processes'
        )
    return list(dict.fromkeys(wanted))


def switched_off(wanted: Sequence[str], config: Config) -> str | None:
    """The setting that keeps one of these from being of use; None when none does."""
    for info in listed.PLATFORMS:
        if info.name in wanted and not info.settings(config).enabled:
            return f"{info.name}.enabled: false; --only {info.name} needs it to be true"
    return f"web.enabled: false; --only {WEB} needs it to be true" if WEB in wanted and not config.web.enabled else None


def platform_service(info: PlatformInfo[Any], config: Config) -> str:
    """What the adapter of the account in these settings can be asked for as."""
    account: str = info.settings(config).account()
    return f"{info.name}/{hashlib.sha256(account.encode()).hexdigest()[:8]}"


def core_service(companion: str) -> str:
    """What the core of this companion can be asked for as."""
    return f"{CORE}/{companion}"


def web_service(companion: str) -> str:
    """What web processes ask for the pages of this companion."""
    return f"{WEB}/{companion}"


def voice_service(companion: str) -> str:
    """What the process that is in voice channels for this companion can be asked for as."""
    return f"voice/{companion}"


def voice_session(companion: str) -> str:
    """What the core that speaks and hears through it says of itself."""
    return f"voice of {CORE}/{companion}"


def clip_key(companion: str, id: str) -> str:
    """Where the sound of a clip waits to be fetched."""
    return key_in(namespace_of(companion), f"clip:{id}")
