"""A TCP proxy that misbehaves on demand: it cuts, freezes, slows and refuses connections on the way to a server."""

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
        self._cut: tuple[bytes, float] | None = None
        self._deserted: set[asyncio.StreamWriter] = set()
        """The ends of connections on which nothing arrives any more."""
        self.refusing = False
        """New connections are closed at once."""
        self.delay = 0.0
        """Seconds by which all that is sent comes late."""
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

    def cut_at(self, mark: bytes, share: float) -> None:
        """Cut the next connection on which the server sends this, when `share` of what holds it has been delivered."""
        self._cut = (mark, share)

    def desert(self) -> None:
        """Deliver nothing more on the connections there are, in either direction, and close none; new ones work."""
        self._deserted |= self._writers

    def lead_to(self, port: int) -> None:
        """Forward new connections to there; those there are stay where they are."""
        self._target = (self._target[0], port)

    def freeze(self) -> None:
        """Hold everything back, in both directions, until `thaw`."""
        self._open.clear()

    def thaw(self) -> None:
        self._open.set()

    async def stay_away(self, seconds: float) -> None:
        """Nobody is there for so long: what is connected is cut, and new connections are closed at once."""
        self.refusing = True
        self.drop()
        await asyncio.sleep(seconds)
        self.refusing = False

    async def stall(self, seconds: float) -> None:
        """Hold everything back for so long."""
        self.freeze()
        await asyncio.sleep(seconds)
        self.thaw()

    async def accept_in_silence(self, seconds: float) -> None:
        """Cut what is connected, and say nothing to whoever comes for so long; then they are cut as well."""
        self.drop()
        self.freeze()
        await asyncio.sleep(seconds)
        self.drop()
        self.thaw()

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
            self._deserted -= {writer, far_writer}
            far_writer.transport.abort()

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, answers: bool) -> None:
        while data := await reader.read(65_536):
            await self._open.wait()
            await asyncio.sleep(self.delay)
            if writer in self._deserted or (answers and self._swallow_answers):
                continue
            if answers and self._cut is not None and self._cut[0] in data:
                (_, share), self._cut = self._cut, None
                writer.write(data[: int(share * len(data))])
                writer.close()
                return
            writer.write(data)
            await writer.drain()
        if not answers or writer not in self._deserted:  # what its client leaves, its server notices in the end
            writer.transport.abort()
