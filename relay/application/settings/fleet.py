"""Many companions in one settings file: what each one's settings are, over those that all share."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from types import MappingProxyType
from typing import Final

from relay.application.settings.model import settings_model
from relay.application.settings.secrets import Secrets
from relay.config import mistakes
from relay.config.companions import TABLE, Shared, split, variable_of, with_variables
from relay.config.loading import Config, data_in, mistake_at, text_of, validated
from relay.errors import SettingMistake, WrongSettings
from relay.platforms import listed

PORT: Final = "port"
"""What several companions claim of this kind they could each have otherwise."""
Claim = tuple[tuple[str, ...], str, str]
"""What no other companion may have: the setting, of what kind it is, and the thing itself."""


@dataclass(frozen=True)
class Fleet:
    """The settings of one file."""

    process: Config
    """What all share: the whole of it where there are no companions."""
    companions: Mapping[str, Config]
    """By name, in the order of the file. Each one's `relay.name` is its name, and so all that is its own bears it."""


def load_fleet(path: Path, *, to_lead: bool = False) -> Fleet:
    """Read the file, put the environment over it, and check everything. Raises ConfigError.

    Who is `to_lead` several companions in one process is told as well of what only one has there, such as a port.
    """
    fleet = fleet_in(text_of(path), path, Secrets(path).read())
    if to_lead and (wrong := [*_claimed_twice(fleet.companions, _claims_where_led, path)]):
        raise WrongSettings(wrong)
    return fleet


def fleet_in(text: str, path: Path, secrets: Mapping[str, str]) -> Fleet:
    """What the file would mean with this text, and these secrets by key; see `checked`."""
    model = settings_model(listed.PLATFORMS)
    data, tables = split(data_in(text, path, secrets), path)
    if not tables:
        return Fleet(validated(model, data, path), MappingProxyType({}))
    shared = Shared(model, data, path)
    companions: dict[str, Config] = {}
    wrong: list[SettingMistake] = []
    for name, own in with_variables(tables, model, path).items():
        try:
            companions[name] = shared.with_own(name, own)
        except WrongSettings as mistakes:
            wrong.extend(mistakes.mistakes)
    wrong += _named_like_all(shared.config, companions, path)
    wrong += _claimed_twice(companions, _claims, path)
    wrong += _one_name_for_two_logins(companions, path)
    if wrong:
        raise WrongSettings(wrong)
    return Fleet(shared.config, MappingProxyType(companions))


def claimed(config: Config) -> set[tuple[str, str]]:
    """What no other companion of a process may have at the same time: of what kind it is, and the thing itself."""
    return {(kind, value) for _, kind, value in chain(_claims(config), _claims_where_led(config))}


def _named_like_all(process: Config, companions: Mapping[str, Config], path: Path) -> Iterator[SettingMistake]:
    alike = {variable_of(name): name for name in companions}
    if (name := alike.get(variable_of(process.relay.name))) is not None:
        fix = f"relay.name is {process.relay.name!r}, and files bear both names: choose another for one of them"
        yield mistake_at((TABLE, name), fix, path)


def _claimed_twice(
    companions: Mapping[str, Config], claims_of: Callable[[Config], Iterator[Claim]], path: Path
) -> Iterator[SettingMistake]:
    """What two companions have, and only one can: a place where people are heard, a file, a port."""
    claims: dict[tuple[str, str], dict[str, tuple[str, ...]]] = {}
    for name, config in companions.items():
        for key, kind, value in claims_of(config):
            claims.setdefault((kind, value), {}).setdefault(name, key)
    for (kind, value), who in claims.items():
        if len(who) > 1:
            first, *others = who
            fix = f"{value} can be only one companion's, and {mistakes.some(others)} would have it as well"
            if kind == PORT:
                fix = f"{kind} {fix}; with port 0 each takes a free one"
            yield mistake_at((TABLE, first, *who[first]), fix, path)


def _one_name_for_two_logins(companions: Mapping[str, Config], path: Path) -> Iterator[SettingMistake]:
    """Files of logins that differ in their folders alone, which other machines may have elsewhere."""
    known: dict[tuple[str, str], tuple[str, dict[str, Path]]] = {}
    for name, config in companions.items():
        for info in listed.enabled(config):
            section = info.settings(config)
            files = {key: value for key, value in section if isinstance(value, Path)}
            first, before = known.setdefault((info.name, section.account()), (name, files))
            for key in (key for key in files if files[key] != before.get(key)):
                fix = f"{files[key]} has the name of {first}'s, and logins are told apart by that: name it otherwise"
                yield mistake_at((TABLE, name, info.name, key), fix, path)


def _claims(config: Config) -> Iterator[Claim]:
    """Wherever the others are led."""
    for info in listed.PLATFORMS:
        if info.settings(config).enabled:
            yield from (((info.name, "channels"), info.name, place) for place in info.settings(config).listened_to())
        if info.voice is not None:
            yield from ((("voice", "channels"), info.name, str(channel)) for channel in config.voice.channels)
    if config.inbox.engine == "sqlite":
        yield ("inbox", "path"), "file", str(config.inbox_path)
        if config.memory.enabled:
            yield ("memory", "path"), "file", str(config.memory_path)
    if config.companion.database is not None:
        yield ("companion", "database"), "file", str(config.companion.database)
    if config.voxta.mode == "embedded" and config.companion.port != 0:
        yield ("companion", "port"), PORT, str(config.companion.port)


def _claims_where_led(config: Config) -> Iterator[Claim]:
    """Of those that its process leads: a core serves each companion's pages by themselves."""
    if config.web.enabled and config.processes.port != 0:
        yield ("processes", "listen"), PORT, str(config.processes.port)
