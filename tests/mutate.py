"""Breaks the core on purpose, one place at a time, and shows which breaks no test notices.

    python -m tests.mutate [--sample N] [--seed S] [--jobs J] [ROOM…]

Places inside functions are drawn at random, and for each one way to break it; the operators are Cosmic Ray's, and one
that leaves a statement out. The tests next to the module run first, then those of its room.
"""

import argparse
import multiprocessing
import os
import random
import shutil
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import StrEnum
from itertools import count, islice
from pathlib import Path
from queue import SimpleQueue
from typing import Any, Final

import pytest
from cosmic_ray.ast import ast_nodes, get_ast
from cosmic_ray.mutating import mutate_code
from cosmic_ray.operators.operator import Operator
from cosmic_ray.plugins import get_operator, operator_names

ROOT: Final = Path(__file__).parent.parent
PATIENCE: Final = 5
"""How many times as long as with nothing broken tests may take, so that a busy machine is not what notices a break."""
LONGEST: Final = 1_800.0
"""Seconds that the tests of a room may take with nothing broken, and a minute more with a break."""
OUTPUT: Final = "tests.out"
"""What the tests last said in a copy."""
PRELOADED: Final = ["pytest", "pydantic_settings", "aiohttp", "redis.asyncio", "numpy", "regex", "tenacity"]
"""What tests need of others is loaded once for all of them: it takes longer than most tests."""
_processes = multiprocessing.get_context("forkserver")
_times = count(int(time.time()))
"""When files were written, as far as Python's cache of compiled code is concerned: never twice at the same time."""


class Fate(StrEnum):
    """What became of a break."""

    KILLED = "killed"
    """A test failed."""
    STUCK = "stuck"
    """Tests did not come to their end, which is noticed too."""
    SURVIVED = "survived"


@dataclass(frozen=True)
class Room:
    code: str
    """A folder or a module."""
    tests: tuple[str, ...]


ROOMS: Final = {
    "forwarding": Room("relay/forwarding", ("tests/forwarding",)),
    "floor": Room("relay/speech/floor.py", ("tests/speech/test_floor.py", "tests/speech/test_voice.py")),
    "inbox": Room("relay/inbox", ("tests/inbox", "tests/contracts")),
    "moderation": Room("relay/moderation", ("tests/moderation",)),
    "speech": Room("relay/speech", ("tests/speech",)),
}


class LeaveStatementOut(Operator):  # type: ignore[misc]
    """Puts `pass` in the place of an assignment or a call."""

    def mutation_positions(self, node: Any) -> Iterator[tuple[Any, Any]]:
        if node.type == "simple_stmt" and _is_worth_leaving_out(node.children[0]):
            yield node.start_pos, node.end_pos

    def mutate(self, node: Any, index: int) -> Any:
        first = node.get_first_leaf()
        return get_ast(f"{first.prefix}pass\n")

    @classmethod
    def examples(cls) -> Sequence[Any]:
        return ()


def _is_worth_leaving_out(statement: Any) -> bool:
    is_name = statement.type in ("expr_stmt", "power", "atom_expr", "await_expr")
    return is_name and not statement.get_code(include_prefix=False).startswith(("log.", "assert"))


@dataclass(frozen=True)
class Mutant:
    path: str
    line: int
    name: str
    """Of the operator."""
    operator: Operator
    occurrence: int

    def broken(self, source: str) -> str:
        code: str | None = mutate_code(source, self.operator, self.occurrence)
        assert code is not None, f"{self} breaks nothing"
        return code

    @property
    def is_python(self) -> bool:
        """Whether what it makes of the module can be compiled at all."""
        try:
            compile(self.broken((ROOT / self.path).read_text()), self.path, "exec")
        except SyntaxError:
            return False
        return True


def operators() -> dict[str, Operator]:
    """Those of Cosmic Ray that need no arguments. `|` is left out: it joins types nearly everywhere."""
    found: dict[str, Operator] = {"leave statement out": LeaveStatementOut()}
    for name in operator_names():
        operator = get_operator(name)
        if not operator.arguments() and "Operator_BitOr" not in name and not name.endswith("/NoOp"):
            found[name.removeprefix("core/")] = operator()
    return found


def places(path: str) -> list[list[Mutant]]:
    """For each place inside a function the ways to break it."""
    tree = get_ast((ROOT / path).read_text())
    nodes = list(ast_nodes(tree))
    inside = {id(each) for node in nodes if node.type == "funcdef" for each in ast_nodes(node.children[-1])}
    found: defaultdict[object, list[Mutant]] = defaultdict(list)
    for name, operator in operators().items():
        numbers = count()
        for node in nodes:
            for position in operator.mutation_positions(node):
                mutant = Mutant(path, position[0][0], name, operator, next(numbers))
                if id(node) in inside:
                    found[position].append(mutant)
    return list(found.values())


def draw(names: Sequence[str], sample: int, seed: int) -> list[tuple[str, Mutant]]:
    """So many mutants of each room."""
    chosen = []
    for name in names:
        code = ROOT / ROOMS[name].code
        modules = [code] if code.is_file() else sorted(code.rglob("*.py"))
        dice = random.Random(f"{seed} {name}")
        everywhere = [place for module in modules for place in places(module.relative_to(ROOT).as_posix())]
        for ways in dice.sample(everywhere, min(sample, len(everywhere))):
            dice.shuffle(ways)
            chosen += [(name, way) for way in islice((way for way in ways if way.is_python), 1)]
    return chosen


class Copies:
    """Copies of the project, in each of which one break at a time is tried."""

    def __init__(self, folder: Path, jobs: int) -> None:
        self._free: SimpleQueue[Path] = SimpleQueue()
        for number in range(jobs):
            copy = folder / str(number)
            for part in ("relay", "tests", "config", "docs"):
                if (ROOT / part).exists():
                    shutil.copytree(ROOT / part, copy / part, ignore=shutil.ignore_patterns("__pycache__"))
            for file in filter(Path.is_file, ROOT.iterdir()):
                shutil.copy(file, copy)
            self._free.put(copy)

    def time(self, room: str) -> float:
        """Seconds that the tests of a room take with nothing broken. Ends the program where they fail."""
        copy = self._free.get()
        began = time.monotonic()
        try:
            fate = _fate(copy, [*ROOMS[room].tests], LONGEST)
        finally:
            self._free.put(copy)
        if fate is not Fate.SURVIVED:
            said = (copy / OUTPUT).read_text("utf-8", errors="replace")
            raise SystemExit(f"{said}\nwith nothing broken the tests of {room} end like a break that was {fate}")
        return time.monotonic() - began

    def fate(self, room: str, mutant: Mutant, limit: float) -> Fate:
        copy = self._free.get()
        file = copy / mutant.path
        whole = file.read_text()
        try:
            _write(file, mutant.broken(whole))
            return _fate(copy, [*_next_to(mutant.path), *ROOMS[room].tests], limit)
        finally:
            _write(file, whole)
            self._free.put(copy)


def _write(file: Path, text: str) -> None:
    file.write_text(text)
    now = next(_times)
    os.utime(file, (now, now))


def _next_to(path: str) -> list[str]:
    module = Path(path)
    name = f"test_{module.stem}.py"
    return [found.relative_to(ROOT).as_posix() for found in (ROOT / "tests" / module.parent.name).glob(name)]


def _fate(copy: Path, tests: Sequence[str], limit: float) -> Fate:
    arguments = ["-x", "-q", "--tb=short", "-p", "no:cacheprovider", "--hypothesis-seed=0", *tests]
    process = _processes.Process(target=_test, args=(str(copy), arguments))
    process.start()
    process.join(limit)
    if process.exitcode is None:
        process.kill()
        process.join()
        return Fate.STUCK
    if process.exitcode == pytest.ExitCode.NO_TESTS_COLLECTED:
        raise SystemExit(f"there are no tests in {' '.join(tests)}")
    return Fate.SURVIVED if process.exitcode == 0 else Fate.KILLED


def _test(copy: str, arguments: list[str]) -> None:
    """Run tests of a copy, in a process of its own that has loaded nothing of the project but this module."""
    for name in [name for name in sys.modules if name.partition(".")[0] == "tests"]:
        del sys.modules[name]
    os.chdir(copy)
    sys.path.insert(0, copy)
    output = os.open(OUTPUT, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(output, 1)
    os.dup2(output, 2)
    sys.exit(int(pytest.main(arguments)))


def report(tried: Sequence[tuple[Mutant, Fate]]) -> None:
    width = max(len(mutant.path) for mutant, _ in tried)
    print(f"{'module':{width}}  mutants  killed  stuck  survived")
    for path in (*sorted({mutant.path for mutant, _ in tried}), ""):
        fates = Counter(fate for mutant, fate in tried if path in ("", mutant.path))
        numbers = f"{fates[Fate.KILLED]:6}  {fates[Fate.STUCK]:5}  {fates[Fate.SURVIVED]:8}"
        print(f"{path:{width}}  {fates.total():7}  {numbers}")
    print(f"{1 - fates[Fate.SURVIVED] / fates.total():.0%} noticed")
    for mutant, fate in tried:
        if fate is not Fate.KILLED:
            print(f"{fate:8}  {mutant.path}:{mutant.line}  {mutant.name}  {_line(mutant)}")


def _line(mutant: Mutant) -> str:
    """What the break makes of its line."""
    whole = (ROOT / mutant.path).read_text()
    pairs = zip(whole.splitlines(), mutant.broken(whole).splitlines(), strict=False)
    before, after = next((pair for pair in pairs if pair[0] != pair[1]), ("", ""))
    return f"{before.strip()}  ->  {after.strip()}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("rooms", nargs="*", metavar="ROOM", help=f"of {', '.join(ROOMS)}; all of them without")
    parser.add_argument("--sample", type=int, default=30, help="breaks for each room (default: 30)")
    parser.add_argument("--seed", type=int, default=1, help="which ones (default: 1)")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="at once (default: one for each core)")
    options = parser.parse_args()
    names = options.rooms or list(ROOMS)
    if unknown := set(names) - set(ROOMS):
        parser.error(f"there is no room {', '.join(unknown)}: give some of {', '.join(ROOMS)}")
    _processes.set_forkserver_preload(PRELOADED)
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(options.jobs) as pool:
        copies = Copies(Path(folder), options.jobs)
        times = dict(zip(names, pool.map(copies.time, names), strict=True))

        def attempt(chosen: tuple[str, Mutant]) -> tuple[Mutant, Fate]:
            room, mutant = chosen
            fate = copies.fate(room, mutant, times[room] * PATIENCE + 60)
            print(f"{fate:8}", f"{mutant.path}:{mutant.line}", mutant.name, flush=True)
            return mutant, fate

        report(list(pool.map(attempt, draw(names, options.sample, options.seed))))


if __name__ == "__main__":
    main()
