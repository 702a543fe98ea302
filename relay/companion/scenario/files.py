"""A scenario in a folder: scenario.toml or scenario.json, and the scripts beside it."""

import asyncio
import json
import logging
import os
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError

from relay.companion.scenario.model import Scenario
from relay.companion.scenario.validation import closest, problems
from relay.errors import ConfigError

log = logging.getLogger(__name__)

NAMES: Final = ("scenario.toml", "scenario.json")
FILE_LIMIT: Final = 2**20
"""Bytes of the scenario's file."""
SCRIPT_LIMIT: Final = 256 * 2**10
"""Bytes of one script."""
SCRIPTS: Final = 200
"""How many scripts a scenario may have."""


@dataclass(frozen=True)
class ScriptLimits:
    """What one call of a script may take."""

    seconds: float = 0.025
    """Of the processor's time; nobody else in the companion is served meanwhile."""
    memory: int = 16 * 2**20
    """Bytes of the engine's heap, for all scripts of a session together."""
    stack: int = 256 * 2**10
    orders: int = 200
    text: int = 8_000
    """Characters of one text."""


@dataclass(frozen=True)
class Loaded:
    """A scenario that was read and checked."""

    scenario: Scenario
    scripts: Mapping[str, str]
    """Sources by their path in the folder, such as scripts/left.js."""
    limits: ScriptLimits = ScriptLimits()


def load(folder: Path) -> Loaded:
    """Read a scenario. Raises ConfigError, which lists all that is wrong, one line each: file, key, problem."""
    path = _find(folder)
    data = _parse(path)
    wrong: list[str] = []
    scripts = _scripts(folder, wrong)
    try:
        scenario = Scenario.model_validate(data)
    except ValidationError as error:
        told = [f"{path.name}: {line}" for line in problems(error, Scenario)]
        raise ConfigError("\n".join([*told, *wrong])) from None
    unread = {line.partition(":")[0] for line in wrong}
    for script in sorted(scenario.scripts - scripts.keys() - unread):
        meant = closest(script, scripts)
        wrong.append(f"{path.name}: there is no script {script!r}" + (f"; do you mean {meant!r}?" if meant else ""))
    if wrong:
        raise ConfigError("\n".join(wrong))
    return Loaded(scenario, scripts)


def _find(folder: Path) -> Path:
    found = [folder / name for name in NAMES if (folder / name).is_file()]
    if len(found) == 1:
        return found[0]
    if found:
        raise ConfigError(f"{folder}: there are both {NAMES[0]} and {NAMES[1]}; keep one of them")
    raise ConfigError(f"{folder}: there is no {NAMES[0]}; name the folder of a scenario")


def _parse(path: Path) -> Any:
    text = _read(path, path.name, FILE_LIMIT)
    try:
        return tomllib.loads(text) if path.suffix == ".toml" else _json(text)
    except RecursionError:
        raise ConfigError(f"{path.name}: it is nested too deeply; close the brackets") from None
    except ValueError as error:
        raise ConfigError(f"{path.name}: {error}") from None


def _json(text: str) -> Any:
    """Raises ValueError also at what JSON lets pass, but loses something without a word."""
    data = json.loads(text, object_pairs_hook=_each_once)
    if "\\ud" in text.lower():
        try:
            json.dumps(data, ensure_ascii=False).encode()
        except UnicodeEncodeError:
            raise ValueError("there is one half of a surrogate pair; write the character itself") from None
    return data


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for place, key in enumerate(keys) if key in keys[:place])
        raise ValueError(f"{twice[:80]!r} is there twice in the same braces; keep one of them")
    return found


def _read(path: Path, name: str, limit: int) -> str:
    try:
        if path.stat().st_size > limit:
            raise ConfigError(f"{name}: it has more than {limit // 1024} KiB; split it")
        return path.read_text("utf-8-sig")
    except UnicodeDecodeError:
        raise ConfigError(f"{name}: it is not UTF-8; save it as UTF-8") from None
    except OSError as error:
        raise ConfigError(f"{name}: it cannot be read ({error.strerror})") from None


def _scripts(folder: Path, wrong: list[str]) -> dict[str, str]:
    """All scripts in the folder; those that lie elsewhere, or cannot be read, are named in `wrong`."""
    root = folder.resolve()
    found = _script_files(root)
    if len(found) > SCRIPTS:
        wrong.append(f"scripts: there are more than {SCRIPTS} of them; put several into one file")
    sources = {}
    for path in found[:SCRIPTS]:
        name = path.relative_to(root).as_posix()
        try:
            if not path.resolve().is_relative_to(root):
                raise ConfigError(f"{name}: it lies outside the scenario's folder; copy it there")
            sources[name] = _read(path, name, SCRIPT_LIMIT)
        except ConfigError as error:
            wrong.append(str(error))
    return sources


def _script_files(folder: Path) -> list[Path]:
    """The scripts there are, at most one more than there may be. What cannot be listed is left out."""
    inside = (Path(place, name) for place, _, names in os.walk(folder / "scripts") for name in names)
    return sorted(islice((path for path in inside if path.suffix == ".js"), SCRIPTS + 1))


Snapshot = tuple[tuple[str, int, int], ...]


def snapshot(folder: Path) -> Snapshot:
    """What tells whether a file was saved: the name, time and size of each."""
    seen = []
    for path in (*(folder / name for name in NAMES), *_script_files(folder)):
        try:
            stat = path.stat()
        except OSError:
            continue
        seen.append((path.as_posix(), stat.st_mtime_ns, stat.st_size))
    return tuple(seen)


async def follow(folder: Path, known: Snapshot, use: Callable[[Loaded], None], *, every: float = 1.0) -> None:
    """Hand the scenario over whenever its files were saved; what is wrong is logged, and the old one stays.

    `known` is what was seen when it was read, `every` how many seconds lie between two looks.
    """
    while True:
        await asyncio.sleep(every)
        seen = await asyncio.to_thread(snapshot, folder)
        if seen == known:
            continue
        known = await _settled(folder, seen, every / 10)
        try:
            loaded = await asyncio.to_thread(load, folder)
        except ConfigError as error:
            log.warning("The scenario is not read anew, the old one stays:\n%s", error)
        else:
            use(loaded)
            log.info("The scenario %s was read anew", loaded.scenario.name)


async def _settled(folder: Path, seen: Snapshot, pause: float) -> Snapshot:
    """Wait until nothing is being written any more: editors save all open files one by one."""
    while True:
        await asyncio.sleep(pause)
        before, seen = seen, await asyncio.to_thread(snapshot, folder)
        if seen == before:
            return seen
