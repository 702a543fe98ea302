"""A TCP proxy that misbehaves on demand: it drops, freezes and refuses connections on their way to a real server."""

import asyncio
from types import TracebackType
from typing import Self


class FaultyProxy:
    """Forwards to `host:port` and misbehaves when told to. `async with` starts and stops it."""

    def __init__(self, port: int, host: str = "127.0.0.1") -> None:
        self._target = (host, port)
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._open = asyncio.Event()
        self._open.set()
        self._swallow_answers = False
        self.refusing = False
        """New connections are closed at once."""
        self.connections = 0
        """Connections let through so far."""

    @property
    def port(self) -> int:
        assert self._server is not None
        return int(self._server.sockets[0].getsockname()[1])

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._server is not None
        self._server.close()
        self.drop()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def drop(self) -> None:
        """Cut every connection, without a goodbye."""
        self._swallow_answers = False
        for writer in self._writers:
            writer.transport.abort()

    def swallow_answers(self) -> None:
        """Deliver what clients send, and lose what the server answers, until `drop`."""
        self._swallow_answers = True

    def freeze(self) -> None:
        """Hold everything back, in both directions, until `thaw`."""
        self._open.clear()

    def thaw(self) -> None:
        self._open.set()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            if not self.refusing:
                await self._join(reader, writer)
        except (OSError, asyncio.CancelledError):
            pass
        finally:
            self._tasks.discard(task)
            writer.transport.abort()

    async def _join(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection(*self._target)
        self.connections += 1
        self._writers |= {writer, far_writer}
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._pump(reader, far_writer, answers=False))
                tasks.create_task(self._pump(far_reader, writer, answers=True))
        except* OSError:
            pass
        finally:
            self._writers -= {writer, far_writer}
            far_writer.transport.abort()

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, answers: bool) -> None:
        while data := await reader.read(65_536):
            await self._open.wait()
            if answers and self._swallow_answers:
                continue
            writer.write(data)
            await writer.drain()
        writer.transport.abort()
