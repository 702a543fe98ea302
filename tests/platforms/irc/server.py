"""An IRC server with as much of RFC 2812 and of IRCv3's message tags as one bot needs."""

import asyncio
import itertools
from types import TracebackType
from typing import Self


class IrcServer:
    """`async with` starts and stops it."""

    def __init__(self) -> None:
        self.posts: list[tuple[str, str]] = []
        """The channel and the text of what clients wrote."""
        self._server: asyncio.Server | None = None
        self._joined: dict[asyncio.StreamWriter, set[str]] = {}
        self._ids = itertools.count(1)

    @property
    def port(self) -> int:
        assert self._server is not None
        return int(self._server.sockets[0].getsockname()[1])

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._server is not None
        self._server.close()
        self.drop()
        await self._server.wait_closed()

    def is_in(self, channel: str) -> bool:
        """Whether a client has joined it."""
        return any(channel in joined for joined in self._joined.values())

    def say(self, nick: str, channel: str, text: str) -> str:
        """Somebody writes to a channel; the id of the message."""
        id = f"m{next(self._ids)}"
        for writer, joined in self._joined.items():
            if channel in joined:
                writer.write(f"@msgid={id} :{nick}!{nick}@example.org PRIVMSG {channel} :{text}\r\n".encode())
        return id

    def drop(self) -> None:
        """Cut every connection; nobody is in a channel until they join anew."""
        for writer, joined in self._joined.items():
            joined.clear()
            writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._joined[writer] = set()
        try:
            while line := (await reader.readline()).decode():
                for answer in self._answers(writer, line.strip()):
                    writer.write(f":irc.example.org {answer}\r\n".encode())
        except OSError:
            pass
        finally:
            del self._joined[writer]
            writer.close()

    def _answers(self, writer: asyncio.StreamWriter, line: str) -> list[str]:
        command, _, rest = line.partition(" ")
        match command:
            case "CAP":
                return ["CAP * ACK :message-tags"]
            case "USER":
                return [f"001 {rest.split()[0]} :Welcome"]
            case "JOIN":
                self._joined[writer].update(rest.split(","))
            case "PRIVMSG":
                channel, _, text = rest.partition(" :")
                self.posts.append((channel, text))
        return []
