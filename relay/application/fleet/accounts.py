"""The logins and bots with which the channels of many companions are listened to."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from relay.application.settings import Fleet
from relay.config import mistakes
from relay.config.base import PlatformSection
from relay.config.loading import Config
from relay.errors import ConfigError
from relay.platforms import listed
from relay.platforms.info import PlatformInfo, PlatformWishes


@dataclass(frozen=True)
class SharedAccount:
    """A login or bot with which the channels of several companions are listened to."""

    info: PlatformInfo[Any]
    section: PlatformSection
    """With the channels of all."""
    wishes: PlatformWishes
    companions: tuple[str, ...]


def accounts(companions: Mapping[str, Config]) -> list[SharedAccount]:
    """The accounts there are; who has the same settings but for the channels has the same account."""
    found: list[SharedAccount] = []
    for name, config in companions.items():
        for info in listed.enabled(config):
            own: PlatformSection = info.settings(config)
            new = SharedAccount(info, own, PlatformWishes.of(config), (name,))
            at = next((at for at, each in enumerate(found) if has_account(each.section, own)), None)
            if at is None:
                found.append(new)
            else:
                found[at] = _together(found[at], new)
    return found


def has_account(section: PlatformSection, own: PlatformSection) -> bool:
    """Whether a companion with these settings listens with that account."""
    if type(section) is not type(own) or not own.enabled:
        return False
    return section.model_copy(update={"channels": ()}) == own.model_copy(update={"channels": ()})


def settings_mark(own: PlatformSection) -> str:
    """Tells the settings of an account from others of the same login; it is the same on machines with other folders."""
    files = {name for name, value in own if isinstance(value, Path)}
    alike = own.model_dump(mode="json", exclude={"channels", *files})
    return hashlib.sha256(json.dumps(alike, sort_keys=True).encode()).hexdigest()[:8]


def _together(one: SharedAccount, other: SharedAccount) -> SharedAccount:
    channels = (*dict(one.section)["channels"], *dict(other.section)["channels"])
    section = one.section.model_copy(update={"channels": channels})
    return replace(
        one, section=section, wishes=one.wishes | other.wishes, companions=(*one.companions, *other.companions)
    )


def shared_account(fleet: Fleet, info: PlatformInfo[Any]) -> tuple[PlatformSection, PlatformWishes]:
    """The one account that all have there, with what any of them wishes. Raises ConfigError where there are more."""
    found = [account for account in accounts(fleet.companions) if account.info is info]
    if not found:
        raise ConfigError(f"no companion listens to {info.label}: set {info.name}.enabled to true, and its channels")
    if len(found) > 1:
        who = mistakes.some([account.companions[0] for account in found])
        raise ConfigError(f"companions have several accounts of {info.label}: name one with --companion, such as {who}")
    return found[0].section, found[0].wishes
