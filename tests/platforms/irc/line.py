"""One connection to an IRC server: lines out, lines in (RFC 2812, with IRCv3's message tags)."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Final, NamedTuple, Self

from relay.errors import PlatformUnavailable
from tests.platforms.irc.settings import IrcSection

TIMEOUT: Final = 60.0
_LINE: Final = re.compile(
    r"(?:@(?P<tags>\S*) +)?(?::(?P<nick>[^\s!]+)\S* +)?"
    r"(?P<command>\S+)(?: +(?P<target>[^\s:]\S*))?(?:.*? :(?P<text>.*))?"
)


class Line(NamedTuple):
    command: str
    nick: str = ""
    target: str = ""
    text: str = ""
    id: str = ""

    @classmethod
    def read(cls, line: str) -> Self | None:
        """None for what is no line of the protocol."""
        if (found := _LINE.fullmatch(line)) is None:
            return None
        tags = dict(tag.partition("=")[::2] for tag in (found["tags"] or "").split(";"))
        return cls(
            found["command"], found["nick"] or "", found["target"] or "", found["text"] or "", tags.get("msgid", "")
        )


class IrcConnection:
    """Logged in. Both ways raise PlatformUnavailable when the connection is gone."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def send(self, line: str) -> None:
        try:
            self._writer.write(f"{line}\r\n".encode())
            async with asyncio.timeout(TIMEOUT):
                await self._writer.drain()
        except OSError as error:
            raise PlatformUnavailable(f"irc: {error}") from None

    async def receive(self) -> Line:
        """The next line that is not the server's ping."""
        while True:
            try:
                raw = await self._reader.readline()
            except (OSError, ValueError) as error:
                raise PlatformUnavailable(f"irc: {error}") from None
            if not raw:
                raise PlatformUnavailable("irc: the server closed the connection")
            line = Line.read(raw.decode("utf-8", "replace").strip())
            if line is not None and line.command == "PING":
                await self.send(f"PONG :{line.text}")
            elif line is not None:
                return line


@asynccontextmanager
async def connected(settings: IrcSection) -> AsyncIterator[IrcConnection]:
    """Log in, for as long as the context lasts. Raises PlatformUnavailable."""
    try:
        async with asyncio.timeout(TIMEOUT):
            reader, writer = await asyncio.open_connection(settings.host, settings.port)
    except OSError as error:
        raise PlatformUnavailable(f"irc: {settings.host}:{settings.port} cannot be reached: {error}") from None
    try:
        connection = IrcConnection(reader, writer)
        for line in ("CAP REQ :message-tags", f"NICK {settings.nick}", f"USER {settings.nick} 0 * :relay"):
            await connection.send(line)
        async with asyncio.timeout(TIMEOUT):
            while (await connection.receive()).command != "001":
                pass
        yield connection
    except TimeoutError:
        raise PlatformUnavailable("irc: the server does not answer") from None
    finally:
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()
