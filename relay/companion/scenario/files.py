"""A scenario in a folder: scenario.toml or scenario.json, and the scripts beside it."""

import asyncio
import difflib
import json
import logging
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, get_args

from pydantic import BaseModel, ValidationError

from relay.companion.scenario.model import Scenario, problems
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
class Loaded:
    """A scenario that was read and checked."""

    scenario: Scenario
    scripts: Mapping[str, str]
    """Sources by their path in the folder, such as scripts/left.js."""


def load(folder: Path) -> Loaded:
    """Read a scenario. Raises ConfigError, which lists all that is wrong, one line each: file, key, problem."""
    path = _find(folder)
    data = _parse(path)
    wrong: list[str] = []
    scripts = _scripts(folder, wrong)
    try:
        scenario = Scenario.model_validate(data)
    except ValidationError as error:
        raise ConfigError("\n".join(f"{path.name}: {_with_hint(line)}" for line in problems(error))) from None
    for script in sorted(scenario.scripts - scripts.keys()):
        wrong.append(f"{path.name}: there is no script {script!r}{_similar(script, list(scripts))}")
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
        return tomllib.loads(text) if path.suffix == ".toml" else json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"{path.name}: {error or 'it is nested too deeply'}") from None


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
    found = sorted((root / "scripts").rglob("*.js"))
    if len(found) > SCRIPTS:
        wrong.append(f"scripts: there are {len(found)} of them; at most {SCRIPTS} are read")
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


def _with_hint(problem: str) -> str:
    key, _, rest = problem.partition(": ")
    if not rest.startswith("there is no such key"):
        return problem
    known = sorted(_keys(Scenario))
    return f"{problem}{_similar(key.rpartition('.')[2], known)}"


def _keys(model: type[BaseModel]) -> set[str]:
    """All keys of a model and of what it is made of."""
    keys = set(model.model_fields)
    for field in model.model_fields.values():
        for part in (field.annotation, *get_args(field.annotation)):
            if isinstance(part, type) and issubclass(part, BaseModel):
                keys |= _keys(part)
    return keys


def _similar(name: str, known: list[str]) -> str:
    close = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    return f"; do you mean {close[0]!r}?" if close else ""


Snapshot = tuple[tuple[str, int, int], ...]


def snapshot(folder: Path) -> Snapshot:
    """What tells whether a file was saved: the name, time and size of each."""
    seen = []
    for path in (*(folder / name for name in NAMES), *sorted((folder / "scripts").rglob("*.js"))[:SCRIPTS]):
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
        known = seen
        try:
            loaded = await asyncio.to_thread(load, folder)
        except ConfigError as error:
            log.warning("The scenario is not read anew, the old one stays:\n%s", error)
        else:
            use(loaded)
            log.info("The scenario %s was read anew", loaded.scenario.name)
