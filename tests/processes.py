"""The `relay` command in processes of its own that load nothing: each is forked from one that has loaded all of it.

What a relay loads takes a second of processor time, more than most tests of the command; a published gateway loads as
much. Where there is no fork, and where starting is what a test is about, `python -m relay` does the same.
"""

import multiprocessing
import os
import sys
import tempfile
from collections.abc import Callable
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any, Final, NamedTuple, TypeVar

from tests.support import PATIENCE, eventually

Given = TypeVar("Given")

LOADED: Final = (
    "fastapi.staticfiles",
    "redis.asyncio",
    "relay.application.check",
    "relay.application.runs",
    "relay.cli",
    "relay.inbox.redis",
    "uvicorn.main",
    "uvicorn.protocols.http.auto",
    "uvicorn.protocols.websockets.auto",
    "voxta_gateway.gateway",
)
"""By the process that others are forked from, unless it has loaded more."""
if sys.platform == "win32":
    loaded = multiprocessing.get_context("spawn")
else:
    loaded = multiprocessing.get_context("forkserver")
    loaded.set_forkserver_preload([*LOADED])


def command() -> None:
    """The `relay` command, as it stands in this checkout."""
    from relay.cli import main

    main()


def command_without_hurry() -> None:
    """The same; what is on its way when it ends gets through, however slow the machine is."""
    from relay.application import composition

    composition.DRAIN = PATIENCE
    command()


def command_of_a_wheel() -> None:
    """The same, where there is no checkout around it."""
    from relay import cli

    cli.__file__ = str(Path(tempfile.gettempdir(), "site-packages", "relay", "cli.py"))
    cli.main()


def quiet(out: Path, err: Path) -> None:
    """In a new process: what it says goes to these files, and nobody answers it."""
    with Path(os.devnull).open("rb") as nothing, out.open("wb") as stdout, err.open("wb") as stderr:
        for number, file in enumerate((nothing, stdout, stderr)):
            os.dup2(file.fileno(), number)


class Ended(NamedTuple):
    returncode: int
    stdout: str
    stderr: str


class RelayProcess:
    """One process that runs `relay` or another program; killed in the end where it still runs."""

    def __init__(
        self,
        *arguments: str,
        env: dict[str, str] | None = None,
        cwd: Path,
        program: Callable[[], None] = command,
    ) -> None:
        """`program` finds the arguments where programs do."""
        self._folder = tempfile.TemporaryDirectory(prefix="relay-process-")
        self._out = Path(self._folder.name, "out")
        self._err = Path(self._folder.name, "err")
        given = (program, arguments, {**os.environ, **(env or {})}, cwd, self._out, self._err)
        self._process: BaseProcess = loaded.Process(target=_main, args=given)

    def __enter__(self) -> "RelayProcess":
        self._process.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._process.exitcode is None:
            self._process.kill()
        self._process.join()
        self._process.close()
        self._folder.cleanup()

    @property
    def pid(self) -> int:
        assert self._process.pid is not None
        return self._process.pid

    def signal(self, number: int) -> None:
        """Send it this signal."""
        os.kill(self.pid, number)

    @property
    def is_running(self) -> bool:
        return self._process.is_alive()

    def said(self) -> str:
        """On its error output, so far."""
        return self._err.read_text("utf-8")

    def wait(self) -> Ended:
        """Until it ends by itself."""
        self._process.join(2 * PATIENCE)
        assert self._process.exitcode is not None, f"it still runs: {self._err.read_text('utf-8')}"
        return Ended(self._process.exitcode, self._out.read_text("utf-8"), self._err.read_text("utf-8"))


def relay(
    *arguments: str, env: dict[str, str] | None = None, cwd: Path = Path(), program: Callable[[], None] = command
) -> Ended:
    """What came of the command."""
    with RelayProcess(*arguments, env=env, cwd=cwd.resolve(), program=program) as process:
        return process.wait()


async def lines_of_a_victim(live: Callable[[Given], None], given: Given, folder: Path, lines: int) -> list[str]:
    """All that it said in whole lines: it is killed as soon as there are so many."""
    out, err = folder / "victim.out", folder / "victim.err"
    out.touch()
    process = loaded.Process(target=_victim, args=(live, given, out, err))
    process.start()
    try:
        await eventually(lambda: out.read_bytes().count(b"\n") >= lines or process.exitcode is not None)
        assert process.exitcode is None, f"it ended by itself: {err.read_text('utf-8')}"
    finally:
        process.kill()
        process.join()
        process.close()
    return out.read_text("utf-8").rpartition("\n")[0].splitlines()  # the last may have been cut short


def _victim(live: Callable[[Any], None], given: object, out: Path, err: Path) -> None:
    """In the new process."""
    quiet(out, err)
    live(given)


def _main(
    program: Callable[[], None], arguments: tuple[str, ...], env: dict[str, str], cwd: Path, out: Path, err: Path
) -> None:
    """In the new process: the command, as a shell starts it."""
    quiet(out, err)
    os.environ.clear()
    os.environ.update(env)
    os.chdir(cwd)
    sys.argv = ["relay", *arguments]
    program()
