"""Runs some tests against one break after the other.

Loading tests, and all that they need, takes longer than most of them. So a process loads them once, and for each break
there is a fork of it in which the functions of the broken module are given their broken code. What ran while the module
was loaded cannot be broken later: for such a break a new process loads the module broken.
"""

import gc
import multiprocessing
import os
import signal
import sys
import time
from collections.abc import Generator, Iterator, Sequence
from contextlib import suppress
from cProfile import Profile
from dataclasses import dataclass
from enum import StrEnum
from importlib.machinery import ModuleSpec, SourceFileLoader
from importlib.util import spec_from_file_location
from inspect import CO_OPTIMIZED
from multiprocessing.connection import Connection
from pathlib import Path
from types import CodeType, FunctionType, ModuleType
from typing import Any, Final

import pytest

from tests.mutate.mutants import ROOT, Mutant

PATIENCE: Final = 20
"""How many times as long as with nothing broken a test may take, so that a busy machine is not what notices a break."""
MOMENT: Final = 15.0
"""Seconds that any test may take beyond that."""
LONGEST: Final = 120.0
"""Seconds that a test may take of which that is not known."""
QUICK: Final = 0.3
"""Seconds that a quick test takes."""
OUTPUT: Final = "tests.out"
"""What the tests last said."""
PRELOADED: Final = ["pytest", "pydantic_settings", "aiohttp", "redis.asyncio", "numpy", "regex", "tenacity"]
"""What tests need of others is loaded once for all rooms."""
_processes = multiprocessing.get_context("forkserver")


class Fate(StrEnum):
    """What became of a break."""

    KILLED = "killed"
    """A test failed."""
    STUCK = "stuck"
    """A test did not come to its end, which is noticed too."""
    SURVIVED = "survived"


@dataclass(frozen=True)
class Trial:
    mutant: Mutant
    fate: Fate
    test: str
    """The last one that ran."""


def prepare() -> None:
    """Before threads begin: they share what is loaded once."""
    _processes.set_forkserver_preload(PRELOADED)


def try_all(tests: Sequence[str], mutants: Sequence[Mutant], folder: Path) -> Iterator[Trial]:
    """What becomes of each. The folder is for what tests leave behind."""
    late: list[Mutant] = []
    for found in _in_process(tests, mutants, None, folder):
        if isinstance(found, Trial):
            yield found
        else:
            late.append(found)
    for mutant in late:
        yield from (found for found in _in_process(tests, [mutant], mutant, folder) if isinstance(found, Trial))


def _in_process(
    tests: Sequence[str], mutants: Sequence[Mutant], loaded: Mutant | None, folder: Path
) -> Iterator[Trial | Mutant]:
    """What a process finds out: a mutant alone is one that it has loaded too early for."""
    theirs, ours = _processes.Pipe(duplex=False)
    process = _processes.Process(target=_work, args=(tests, mutants, loaded, folder, ours))
    process.start()
    ours.close()
    tried = 0
    with theirs, suppress(EOFError):
        while True:
            yield theirs.recv()
            tried += 1
    process.join()
    if loaded is not None and not tried:  # the tests could not even be loaded
        yield Trial(loaded, Fate.KILLED, "loading")
    elif tried < len(mutants):
        said = (folder / OUTPUT).read_text("utf-8", errors="replace")
        raise SystemExit(f"{said}\nnot all breaks were tried with {' '.join(tests)}")


def _work(
    tests: Sequence[str], mutants: Sequence[Mutant], loaded: Mutant | None, folder: Path, found: Connection
) -> None:
    os.chdir(ROOT)
    output = os.open(folder / OUTPUT, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(output, 1)
    os.dup2(output, 2)
    if loaded is not None:
        sys.meta_path.insert(0, _LoadedBroken(loaded))
    apart = [f"--basetemp={folder / 'tests'}", "--override-ini=cache_dir=.pytest_cache/mutate"]
    arguments = ["-x", "-q", "--tb=short", *apart, *tests]
    code = pytest.main(arguments, plugins=[_Forks(mutants, loaded, found)])
    os._exit(int(code))


class _LoadedBroken(SourceFileLoader):
    """Loads one module with its break."""

    def __init__(self, mutant: Mutant) -> None:
        super().__init__(mutant.path.removesuffix(".py").replace("/", "."), str(ROOT / mutant.path))
        self._mutant = mutant

    def find_spec(self, fullname: str, path: Any, target: ModuleType | None = None) -> ModuleSpec | None:
        return spec_from_file_location(fullname, self.path, loader=self) if fullname == self.name else None

    def get_code(self, fullname: str) -> CodeType:
        return self._mutant.compiled()


class _Forks:
    """Lets pytest collect, and then run what it has collected in a fork for each break."""

    def __init__(self, mutants: Sequence[Mutant], loaded: Mutant | None, found: Connection) -> None:
        self._mutants = mutants
        self._loaded = loaded
        self._found = found
        self._profile = Profile()
        self._seconds: dict[str, float] = {}
        self._started: Connection | None = None
        """Where a fork tells which test it has begun."""

    @pytest.hookimpl(wrapper=True)
    def pytest_collection(self) -> Generator[None, object, object]:
        self._profile.enable()
        try:
            return (yield)
        finally:
            self._profile.disable()

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool | None:
        if session.testsfailed:
            return None  # some could not be collected: pytest says so
        loaded = {_place(entry.code) for entry in self._profile.getstats() if isinstance(entry.code, CodeType)}
        if self._loaded is None and self._is_fork_with(session, None, loaded):
            return None
        return None if any(self._is_fork_with(session, mutant, loaded) for mutant in self._mutants) else True

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        if self._started is not None:
            self._started.send(nodeid)

    def _is_fork_with(self, session: pytest.Session, mutant: Mutant | None, loaded: set[tuple[str, int]]) -> bool:
        """Tell what becomes of a break; but in the fork, be prepared for running tests."""
        codes = [] if mutant is None or mutant == self._loaded else _broken(mutant)
        if any(_place(old) in loaded or old.co_freevars != new.co_freevars for old, new in codes):
            self._found.send(mutant)
            return False
        theirs, ours = multiprocessing.Pipe(duplex=False)
        if fork := os.fork():
            ours.close()
            fate, test = self._wait(fork, theirs)
            if mutant is not None:
                self._found.send(Trial(mutant, fate, test))
            elif fate is not Fate.SURVIVED:
                raise pytest.UsageError(f"with nothing broken {test} ends like a break that is {fate}")
            return False
        os.setsid()
        self._started = ours
        _put_in_place(codes)
        if mutant is not None:
            session.items.sort(key=lambda item: self._turn_of(item.nodeid, mutant))
        return True

    def _turn_of(self, test: str, mutant: Mutant) -> tuple[bool, bool, float]:
        """What is quick comes first, and of that what is next to the module."""
        seconds = self._seconds.get(test, 0.0)
        return seconds > QUICK, not test.startswith(mutant.nearest), seconds

    def _wait(self, fork: int, started: Connection) -> tuple[Fate, str]:
        test, fate = "", Fate.KILLED
        began = time.monotonic()
        with suppress(EOFError):
            while started.poll(self._seconds[test] * PATIENCE + MOMENT if test in self._seconds else LONGEST):
                following = started.recv()
                now = time.monotonic()
                self._seconds.setdefault(test, now - began)
                test, began = following, now
            fate = Fate.STUCK
            os.kill(fork, signal.SIGKILL)
        self._seconds.setdefault(test, time.monotonic() - began)
        _, status = os.waitpid(fork, 0)
        with suppress(ProcessLookupError):
            os.killpg(fork, signal.SIGKILL)  # what a test had started
        return (Fate.SURVIVED if status == 0 else fate), test


def _broken(mutant: Mutant) -> list[tuple[CodeType, CodeType]]:
    """The code of each function that the break changes, before and after."""
    before = compile(mutant.whole, str(ROOT / mutant.path), "exec")
    return [
        (old, new) for old, new in zip(_functions(before), _functions(mutant.compiled()), strict=True) if old != new
    ]


def _functions(code: CodeType) -> Iterator[CodeType]:
    """The functions and methods of a module, without those inside others."""
    for each in code.co_consts:
        if isinstance(each, CodeType):
            if each.co_flags & CO_OPTIMIZED:
                yield each
            else:
                yield from _functions(each)


def _place(code: CodeType) -> tuple[str, int]:
    return code.co_filename, code.co_firstlineno


def _put_in_place(codes: Sequence[tuple[CodeType, CodeType]]) -> None:
    broken = {(_place(old), old.co_qualname): new for old, new in codes}
    gc.unfreeze()  # what is frozen is not listed
    for each in gc.get_objects():
        if isinstance(each, FunctionType) and (new := broken.get((_place(each.__code__), each.__qualname__))):
            each.__code__ = new
    gc.freeze()
