"""The published SignalR client of Microsoft, installed by npm where there is one, and driven as a process."""

import asyncio
import json
import shutil
import subprocess
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from hashlib import sha256
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import pytest

from tests.companion.raw import Json
from tests.support import PATIENCE

HERE = Path(__file__).parent
FILES = ("package.json", "package-lock.json")
INSTALLING = 120
"""Seconds that npm may take."""


class NodeClient:
    """What happens to the client, and what the companion tells it, each in order: reading goes on where it left off."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._events: asyncio.Queue[Json] = asyncio.Queue()
        self._messages: asyncio.Queue[Json] = asyncio.Queue()

    async def read(self) -> None:
        assert self._process.stdout is not None
        async for line in self._process.stdout:
            event = json.loads(line)
            if event["event"] == "message":
                self._messages.put_nowait(event["message"])
            else:
                self._events.put_nowait(event)

    async def next(self, event: str, **about: Any) -> Json:
        """The next event of this kind that has these values."""
        return await _first(self._events, {"event": event, **about})

    async def expect(self, kind: str, **fields: Any) -> Json:
        """The next message of the companion of this type, in which these fields hold these values."""
        return await _first(self._messages, {"$type": kind, **fields})

    async def send(self, kind: str, **fields: Any) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"$type": kind, **fields}).encode() + b"\n")
        await self._process.stdin.drain()


async def _first(queue: asyncio.Queue[Json], wanted: Json) -> Json:
    passed: list[Json] = []
    try:
        async with asyncio.timeout(PATIENCE):
            while True:
                passed.append(await queue.get())
                if wanted.items() <= passed[-1].items():
                    return passed[-1]
    except TimeoutError:
        raise AssertionError(f"no {wanted}; got {passed}") from None


Client = Callable[..., AbstractAsyncContextManager[NodeClient]]


@pytest.fixture(scope="session")
def installed(request: pytest.FixtureRequest) -> Path:
    """Where the packages of the lock file are."""
    npm, node = shutil.which("npm"), shutil.which("node")
    if npm is None or node is None:
        pytest.skip("node and npm are not on the PATH: the published SignalR client cannot be run")
    digest = sha256(b"".join((HERE / name).read_bytes() for name in FILES)).hexdigest()[:16]
    assert request.config.cache is not None
    cache = request.config.cache.mkdir("signalr")
    if not (cache / digest).exists():
        made = Path(mkdtemp(dir=cache))
        for name in FILES:
            shutil.copy(HERE / name, made)
        command = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
        try:
            subprocess.run(command, cwd=made, check=True, capture_output=True, timeout=INSTALLING)
        except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
            shutil.rmtree(made)
            pytest.skip(f"npm cannot install the published SignalR client: {error}")
        try:
            made.rename(cache / digest)
        except OSError:  # another worker was quicker
            shutil.rmtree(made)
    return cache / digest


@pytest.fixture
def client(installed: Path) -> Client:
    """`async with client(url, …)` runs one, connected or refused."""

    @asynccontextmanager
    async def run(url: str, **options: Any) -> AsyncIterator[NodeClient]:
        given = {"installed": str(installed), "url": url, **options}
        process = await asyncio.create_subprocess_exec(
            "node", str(HERE / "client.mjs"), json.dumps(given),
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
        )  # fmt: skip
        async with asyncio.TaskGroup() as tasks:
            driven = NodeClient(process)
            tasks.create_task(driven.read())
            try:
                yield driven
            finally:
                process.terminate()
                await process.wait()

    return run
