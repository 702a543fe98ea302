"""A relay in several processes of the operating system, each with a way of its own to Redis, and a crowd before it."""

import asyncio
import itertools
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final

import aiohttp
import tomlkit

from relay.companion.serving.server import CompanionServer
from relay.companion.state.chat import MessageRole
from relay.config import CompanionSection
from tests.chaos.kills import AGELESS
from tests.chaos.stage import LINE, told_in, words
from tests.chaos.table import RECOVERY
from tests.doubles.faults import FaultyProxy
from tests.doubles.ports import free_port
from tests.doubles.redis_server import RedisServer, redis_server
from tests.doubles.twitch import TwitchDouble
from tests.end_to_end.stage import FREELY, ONE_BY_ONE, EchoBrain
from tests.processes import RelayProcess
from tests.support import eventually

EVERY: Final = 0.4
"""Seconds between two lines of the crowd, each of which is answered: Twitch takes 100 posts in 30 s."""
ON_ITS_WAY: Final = 1.0
"""Seconds before a process dies in which it may have heard what it could not hand on yet."""
KINDS: Final = ("twitch", "core", "core", "post", "post", "web")
"""The processes there are: of two that are alike one stands by."""
CHAT: Final = "channel.chat.message"
NAME: Final = "several"
LEASES: Final = {"core": f"{{relay:{NAME}}}:lease", "post": f"{{relay:{NAME}:outbound/twitch*}}:lease"}
"""The keys of Redis that have which process leads."""
STREAMS: Final = (f"{{relay:{NAME}}}:ingress", f"{{relay:{NAME}:outbound/twitch*}}:posts")
"""What lies between processes."""


class Member:
    """One process of the relay, whose way to Redis can fail."""

    def __init__(self, kind: str, way: FaultyProxy, config: Path) -> None:
        self.kind = kind
        self.way = way
        self._config = config
        self._process = self._new()

    @property
    def pid(self) -> int:
        return self._process.pid

    def start(self) -> None:
        """Also anew, once it was killed."""
        self._process = self._new()
        self._process.__enter__()

    async def kill(self) -> None:
        """Returns when it is gone."""
        await asyncio.to_thread(self._process.__exit__)

    def signal(self, number: int) -> None:
        self._process.signal(number)

    def check(self) -> None:
        """Raises RuntimeError when it ended by itself."""
        if not self._process.is_running:
            raise RuntimeError(f"{self.kind} ended by itself: {self._process.said()[:600]}")

    def _new(self) -> RelayProcess:
        return RelayProcess("run", "--only", self.kind, "-c", str(self._config), cwd=self._config.parent)


class Company:
    """All that is needed, and what is known of the lines."""

    def __init__(self, redis: RedisServer, twitch: TwitchDouble, companion: CompanionServer, url: str) -> None:
        self.redis = redis
        self.twitch = twitch
        self.url = url
        """Of the pages."""
        self.members: list[Member] = []
        self.written: dict[int, float] = {}
        """When each line was written."""
        self.deaf: list[tuple[float, float]] = []
        """From when until when Twitch told nobody of what was written, or one who died of it."""
        self._companion = companion
        self._lines = itertools.count(1)

    def leader(self, kind: str) -> Member:
        """The process of this kind that does what there is to do."""
        alike = [member for member in self.members if member.kind == kind]
        if kind not in LEASES:
            return alike[0]
        with self.redis.admin as admin:
            holder = "".join(str(admin.get(key)) for key in admin.keys(LEASES[kind]))
        return next((member for member in alike if f" {member.pid} " in holder), alike[0])

    def told(self) -> Counter[str]:
        """How often each line stands in the chat."""
        return told_in(self._companion)

    def answered(self) -> set[str]:
        """The lines to which there is an answer in the chat."""
        chats = [conversation.chat for conversation in self._companion._hub.open.values()]
        said = (each.text for chat in chats for each in chat.messages if each.role is MessageRole.ASSISTANT)
        return {line for text in said for line in LINE.findall(text)}

    def posted(self) -> Counter[str]:
        """How often the answer to each line stands on Twitch.

        A copy of what was posted just before an adapter died is none: nobody can ask Twitch whether it took a post.
        """
        found: Counter[str] = Counter()
        first: dict[str, float] = {}
        for post in self.twitch.posts:
            for line in LINE.findall(post.text):
                at = first.setdefault(line, post.at)
                if post.at == at or not any(since - ON_ITS_WAY <= at <= since for since, _ in self.deaf):
                    found[line] += 1
        return found

    def owed(self) -> list[str]:
        """The lines that were written while Twitch told somebody of them."""
        return [f"line-{number}" for number, at in self.written.items() if not self._is_unheard(at)]

    def _is_unheard(self, at: float) -> bool:
        return any(since - ON_ITS_WAY <= at <= until for since, until in self.deaf)

    def left(self) -> int:
        """What lies in Redis between the processes."""
        with self.redis.admin as admin:
            return sum(int(admin.xlen(key)) for pattern in STREAMS for key in admin.keys(pattern))

    @asynccontextmanager
    async def crowd(self) -> AsyncIterator[None]:
        """Lines that are written for as long as the context lasts, which begins when all of the relay works."""
        writing = asyncio.create_task(self._write())
        try:
            await self.recovers(self.posted, 6 * RECOVERY)
            yield
        finally:
            writing.cancel()
            await asyncio.wait({writing})

    async def _write(self) -> None:
        for number in self._lines:
            self.written[number] = time.monotonic()
            await self.twitch.chat(f"{words(number)} @streamer", author=f"viewer{number}")
            await asyncio.sleep(EVERY)

    async def recovers(self, seen: Callable[[], Counter[str]], within: float = 2 * RECOVERY) -> float:
        """Seconds until a line that is written from now on is seen there; `within`, when there is none by then."""
        began, before = time.monotonic(), max(self.written, default=0)
        with suppress(TimeoutError):
            await eventually(lambda: any(int(line[5:]) > before for line in seen()), seconds=within)
        return time.monotonic() - began

    async def serves(self, within: float = 2 * RECOVERY) -> float:
        """Seconds until the pages are served; `within`, when they are not by then."""
        began = time.monotonic()
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(1.0)) as http:
            while time.monotonic() < began + within:
                with suppress(aiohttp.ClientError, TimeoutError):
                    async with http.get(self.url) as answer:
                        if answer.status == HTTPStatus.OK:
                            break
                await asyncio.sleep(0.05)
        return time.monotonic() - began

    async def hears(self, since: float) -> None:
        """Until Twitch tells somebody of what is written, as nobody heard of it since that moment."""
        known, before = {sub.id for sub in self.twitch.subscriptions}, max(self.written, default=0)

        def is_heard() -> bool:
            is_new = any(sub.type == CHAT and sub.id not in known for sub in self.twitch.subscriptions)
            return is_new or any(int(line[5:]) > before for line in self.told())

        with suppress(TimeoutError):
            await eventually(is_heard, seconds=2 * RECOVERY)
        self.deaf.append((since, time.monotonic()))

    async def settled(self, within: float) -> None:
        """Until all that is owed was told and all answers are posted, or nobody waits for it any longer."""

        def is_settled() -> bool:
            posted = self.posted()
            is_said = not set(self.owed()) - set(self.told()) and all(line in posted for line in self.answered())
            return is_said and not self.left()

        with suppress(TimeoutError):
            await eventually(is_settled, seconds=within)


@asynccontextmanager
async def company(folder: Path) -> AsyncIterator[Company]:
    """At work for as long as the context lasts; every line is answered."""
    async with AsyncExitStack() as stack:
        twitch = await stack.enter_async_context(TwitchDouble())
        server = stack.enter_context(redis_server(tcp=True))
        own = CompanionSection(port=0, pace=0)
        companion = await stack.enter_async_context(CompanionServer(own, brain=EchoBrain()))
        web = free_port()
        relay = Company(server, twitch, companion, f"http://127.0.0.1:{web}")
        for number, kind in enumerate(KINDS):
            way = await stack.enter_async_context(FaultyProxy(server.port))
            config = _settings(folder, number, way.port, companion.url, twitch, web)
            relay.members.append(member := Member(kind, way, config))
            stack.push_async_callback(member.kill)
            member.start()
        await twitch.wait_subscribed(CHAT, timeout=6 * RECOVERY)
        yield relay


def _settings(folder: Path, number: int, redis: int, voxta: str, twitch: TwitchDouble, web: int) -> Path:
    """A file of its own for each process, as each has a way of its own to Redis."""
    own = folder / str(number)
    own.mkdir()
    twitch.write_token(own / "twitch-token.json")
    given = twitch.settings()
    sections: dict[str, dict[str, Any]] = {
        "relay": {"name": NAME, "data_dir": str(own), "log_level": "warning"},
        "inbox": {"engine": "redis", "url": f"redis://127.0.0.1:{redis}/0"},
        "voxta": {"mode": "server", "url": voxta},
        "web": {"port": web},
        "budget": FREELY,
        "selection": ONE_BY_ONE | AGELESS,
        "twitch": given | {"channels": list(given["channels"])},
    }
    path = own / "relay.toml"
    path.write_text(tomlkit.dumps(sections), "utf-8")
    return path
