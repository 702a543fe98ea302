"""The IRC adapter: what people write in its channels in, posts out."""

import asyncio
from collections.abc import Sequence

from tenacity import AsyncRetrying, retry_if_exception_type, wait_random_exponential

from relay.errors import PlatformUnavailable
from relay.model import AudienceMessage, Author, Kind, Post
from relay.platforms.base import Platform, Receive
from relay.platforms.intake import Intake
from relay.system import clock
from tests.platforms.irc.line import IrcConnection, Line, connected
from tests.platforms.irc.settings import PLATFORM, TEXT_LIMIT, IrcSection


class IrcPlatform:
    """See Platform."""

    name: str = PLATFORM
    text_limit: int = TEXT_LIMIT

    def __init__(self, settings: IrcSection, receive: Receive) -> None:
        self._settings = settings
        self._intake = Intake(PLATFORM, receive)
        self._connection: IrcConnection | None = None
        self._state = "not connected"
        self.listening = asyncio.Event()

    async def run(self) -> None:
        lost = retry_if_exception_type(PlatformUnavailable)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._intake.run())
            async for attempt in AsyncRetrying(retry=lost, wait=wait_random_exponential(multiplier=0.1, max=30)):
                with attempt:
                    await self._listen()

    async def _listen(self) -> None:
        try:
            async with connected(self._settings) as self._connection:
                await self._connection.send(f"JOIN {','.join(self._settings.channels)}")
                self._state = "connected"
                self.listening.set()
                while True:
                    line = await self._connection.receive()
                    if line.command == "PRIVMSG" and line.target in self._settings.channels:
                        self._intake.put(self._read(line))
        except PlatformUnavailable as error:
            self._state = str(error)
            raise
        finally:
            self._connection = None
            self.listening.clear()

    def _read(self, line: Line) -> AudienceMessage:
        return AudienceMessage(
            platform=PLATFORM,
            id=line.id,
            channel=line.target,
            kind=Kind.CHAT,
            author=Author(id=line.nick.lower(), name=line.nick),
            text=line.text,
            at=clock.now(),
        )

    async def post(self, post: Post) -> None:
        if self._connection is None:
            raise PlatformUnavailable(f"irc is not connected: {self._state}")
        await self._connection.send(f"PRIVMSG {post.channel} :{' '.join(post.text.split())}")

    def channels(self) -> Sequence[str]:
        return self._settings.channels

    def names(self) -> Sequence[str]:
        return [self._settings.nick]

    def health(self) -> str:
        return self._state


_: type[Platform] = IrcPlatform
