"""Workers of pytest-xdist that load little: each is forked from a process that has loaded what their tests need.

To load it takes a worker three seconds of processor time.
"""

import os
import sys
from multiprocessing import forkserver
from multiprocessing.connection import Connection
from typing import IO, Final, Literal

from execnet import gateway_io
from execnet.gateway_base import ExecModel, Popen2IO
from execnet.xspec import XSpec

from tests.processes import LOADED, loaded

NEEDED: Final = (
    *LOADED,
    "hypothesis.strategies",
    "onnx",
    "opentelemetry.exporter.otlp.proto.http.trace_exporter",
    "pytest",
    "relay.application.exposition",
    "relay.application.fleet.run",
    "tests.browser",
    "tests.end_to_end.call",
    "tests.end_to_end.stage",
    "tests.web.desk.office",
)
"""By tests of most workers; with it comes what it loads itself."""


def fork_workers() -> None:
    """From now on. What the workers' tests fork is forked from the same process."""
    loaded.set_forkserver_preload([*NEEDED])
    gateway_io.create_io = ForkedWorker  # type: ignore[assignment]


class ForkedWorker(Popen2IO):
    """What execnet knows a process by that it writes to, and reads from."""

    def __init__(self, _spec: XSpec, execmodel: ExecModel) -> None:
        told, telling = loaded.Pipe(duplex=False)
        hearing, said = loaded.Pipe(duplex=False)
        forkserver.ensure_running()
        self._process = loaded.Process(target=_work, args=(told, said, _found(forkserver._forkserver)))
        with told, said:
            self._process.start()
        with telling, hearing:
            super().__init__(_file(telling, "wb"), _file(hearing, "rb"), execmodel)

    def wait(self) -> int | None:
        """Until it has ended."""
        self._process.join()
        return self._process.exitcode

    def kill(self) -> None:
        """It does not end by itself."""
        self._process.kill()


def _file(end: Connection, mode: Literal["rb", "wb"]) -> IO[bytes]:
    return os.fdopen(os.dup(end.fileno()), mode)


def _found(server: object) -> dict[str, object]:
    """What it is connected to with, which differs from Python to Python."""
    return {
        name: value for name, value in vars(server).items() if name in ("_forkserver_address", "_forkserver_authkey")
    }


def _work(told: Connection, said: Connection, server: dict[str, object]) -> None:
    """In the new process: what `python -c` does with the line that execnet has it read."""
    for number, end in enumerate((told, said)):
        os.dup2(end.fileno(), number)
        end.close()
    sys.stdin, sys.stdout = os.fdopen(0, "r", closefd=False), os.fdopen(1, "w", closefd=False)
    # A process that a server has forked would start a server of its own, which loads all of it again.
    vars(forkserver._forkserver).update(server, ensure_running=bool)
    exec(eval(sys.stdin.readline()))
