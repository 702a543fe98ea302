"""A relay in several processes of the operating system, each with a way of its own to Redis, and a crowd before it."""

import asyncio
import itertools
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final

import aiohttp
import tomlkit

from relay.companion.serving.server import CompanionServer
from relay.companion.state.chat import MessageRole
from tests.chaos.kills import AGELESS
from tests.chaos.member import Member
from tests.chaos.squares import Square
from tests.chaos.stage import LINE, told_in, voxta, words
from tests.chaos.table import RECOVERY, Row
from tests.doubles.faults import FaultyProxy
from tests.doubles.ports import free_port
from tests.doubles.redis_server import RedisServer, redis_server
from tests.end_to_end.stage import FREELY, ONE_BY_ONE
from tests.support import eventually

ON_ITS_WAY: Final = 1.0
"""Seconds before a process dies in which it may have heard what it could not hand on yet."""
NAME: Final = "several"
ALONE: Final = "relay"
"""The kind that is all in one process, over SQLite."""
START: Final = 12 * RECOVERY
"""Seconds that a start may take where nothing is judged."""
LEASES: Final = {
    "core": "{{relay:{first}}}:lease",
    "post": "{{relay:" + NAME + ":outbound/*}}:lease",
    "twitch": "{{relay:" + NAME + ":adapter/twitch/*}}:lease",
    "discord": "{{relay:" + NAME + ":adapter/discord/*}}:lease",
}
"""The keys of Redis that have which process leads: the core of the first companion, who posts, and who hears."""
STREAMS: Final = ("{relay:*}:ingress", "{relay:*:outbound/*}:posts")
"""What lies between processes."""


class Company:
    """All that is needed, and what is known of the lines."""

    def __init__(self, folder: Path, stack: AsyncExitStack, redis: RedisServer, square: Square) -> None:
        """What joins stays until the stack ends."""
        self.redis = redis
        self.square = square
        self.voxtas: dict[str, FaultyProxy] = {}
        """The way to the Voxta of each companion, by the companion's name."""
        self.members: list[Member] = []
        self.written: dict[int, float] = {}
        """When each line was written."""
        self.deaf: list[tuple[float, float]] = []
        """From when until when the platform told nobody of what was written, or one who died of it."""
        self._folder = folder
        self._stack = stack
        self._companions: list[CompanionServer] = []
        self._lines = itertools.count(1)
        self._web = free_port()
        self._joined = itertools.count()

    async def found(self, *names: str) -> None:
        """Have these companions, each with a Voxta of its own."""
        for name in names:
            companion, self.voxtas[name] = await self._stack.enter_async_context(voxta())
            self._companions.append(companion)

    async def join(self, kind: str, sources: Path | None = None) -> Member:
        """One more process, of these sources; it has yet to be started."""
        own = self._folder / str(next(self._joined))
        own.mkdir()
        way = await self._stack.enter_async_context(FaultyProxy(self.redis.port))
        port = free_port()
        path = own / "relay.toml"
        sections = self._settings(own, way.port, port)
        if kind == ALONE:
            sections |= self._store_of_one()
        path.write_text(tomlkit.dumps(sections), "utf-8")
        only = () if kind == ALONE else ("--only", kind)
        command = ("run" if len(self.voxtas) == 1 else "fleet", *only, "-c", str(path))
        member = Member(kind, way, command, own, f"http://127.0.0.1:{port}")
        member.sources = sources
        self.members.append(member)
        self._stack.push_async_callback(member.kill)
        return member

    def _settings(self, own: Path, redis: int, probes: int) -> dict[str, Any]:
        """Of one process, as each has a way of its own to Redis."""
        place, channels = self.square.platform, self.square.channels()
        sections: dict[str, Any] = {
            "relay": {"name": NAME, "data_dir": str(own), "log_level": "warning"},
            "inbox": {"engine": "redis", "url": f"redis://127.0.0.1:{redis}/0"},
            "operations": {"enabled": True, "port": probes},
            "web": {"port": self._web},
            "budget": FREELY,
            "selection": ONE_BY_ONE | AGELESS,
            place: self.square.settings(own),
        }
        if len(self.voxtas) == 1:
            [way] = self.voxtas.values()
            sections[place] |= {"channels": channels}
            return sections | {"voxta": {"mode": "server", "url": way.url}}
        return sections | {
            "companions": {
                name: {"voxta": {"mode": "server", "url": way.url}, place: {"channels": [channel]}}
                for (name, way), channel in zip(self.voxtas.items(), channels, strict=True)
            }
        }

    def _store_of_one(self) -> dict[str, Any]:
        """What a relay in one process has of its own, and the next one finds."""
        data = self._folder / "data"
        data.mkdir(exist_ok=True)
        return {"relay": {"name": NAME, "data_dir": str(data), "log_level": "warning"}, "inbox": {"engine": "sqlite"}}

    def leader(self, kind: str) -> Member:
        """The process of this kind that does what there is to do."""
        alike = [member for member in self.members if member.kind == kind]
        if kind not in LEASES:
            return alike[0]
        with self.redis.admin as admin:
            pattern = LEASES[kind].format(first=next(iter(self.voxtas)))
            holder = "".join(str(admin.get(key)) for key in admin.keys(pattern))
        return next((member for member in alike if f" {member.pid} " in holder), alike[0])

    def told(self, place: int | None = None) -> Counter[str]:
        """How often each line stands in the chats, or in that of the companion at this place."""
        wanted = self._companions if place is None else [self._companions[place]]
        return sum((told_in(each) for each in wanted), Counter())

    def answered(self) -> set[str]:
        """The lines to which there is an answer in the chats."""
        chats = [each.chat for companion in self._companions for each in companion._hub.open.values()]
        said = (each.text for chat in chats for each in chat.messages if each.role is MessageRole.ASSISTANT)
        return {line for text in said for line in LINE.findall(text)}

    def posted(self) -> Counter[str]:
        """How often the answer to each line stands on the platform.

        A copy of what was posted just before an adapter died is none: nobody can ask Twitch whether it took a post.
        """
        found: Counter[str] = Counter()
        first: dict[str, float] = {}
        for text, posted_at in self.square.posts():
            for line in LINE.findall(text):
                at = first.setdefault(line, posted_at)
                if posted_at == at or not any(since - ON_ITS_WAY <= at <= since for since, _ in self.deaf):
                    found[line] += 1
        return found

    def owed(self) -> list[str]:
        """The lines that were written while the platform told somebody of them."""
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
            await self.recovers(self.posted, START)
            yield
        finally:
            writing.cancel()
            await asyncio.wait({writing})

    async def _write(self) -> None:
        for number in self._lines:
            self.written[number] = time.monotonic()
            await self.square.write(f"{words(number)} @streamer", f"viewer{number}", number)
            await asyncio.sleep(self.square.every)

    async def recovers(self, seen: Callable[[], Iterable[str]], within: float = 2 * RECOVERY) -> float:
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
                    async with http.get(f"http://127.0.0.1:{self._web}") as answer:
                        if answer.status == HTTPStatus.OK:
                            break
                await asyncio.sleep(0.05)
        return time.monotonic() - began

    async def hears(self, since: float) -> None:
        """Until the platform tells somebody of what is written, as nobody heard of it since that moment."""
        is_heard_anew, before = self.square.heard_anew(), max(self.written, default=0)
        with suppress(TimeoutError):
            await eventually(
                lambda: is_heard_anew() or any(int(line[5:]) > before for line in self.told()), seconds=START
            )
        self.deaf.append((since, time.monotonic()))

    async def settled(self, patience: float) -> None:
        """Until all that is owed was told and all answers are posted, or nothing has come of it for so long."""

        def is_settled() -> bool:
            posted = self.posted()
            is_said = not set(self.owed()) - set(self.told()) and all(line in posted for line in self.answered())
            return is_said and not self.left()

        def progress() -> tuple[int, int]:
            return len(self.told()), len(self.posted())

        before: tuple[int, int] | None = None
        while before != (before := progress()):
            with suppress(TimeoutError):
                await eventually(is_settled, seconds=patience)

    def account(self, row: Row, first: int) -> None:
        """Say in the row what became of the lines from this number on."""

        def is_of_it(line: str) -> bool:
            return int(line.partition("-")[2]) >= first

        told, posted = self.told(), self.posted()
        owed = {line for line in self.owed() if is_of_it(line)}
        written = {f"line-{number}" for number in self.written if number >= first}
        unposted = [line for line in self.answered() if is_of_it(line) and line not in posted]
        row.unheard = len(written - owed - set(told))
        row.messages = len(written) - row.unheard
        row.lost = len(owed - set(told)) + len(unposted)
        row.doubled = sum(count > 1 and is_of_it(line) for seen in (told, posted) for line, count in seen.items())
        row.stuck = self.left()


@asynccontextmanager
async def company(
    folder: Path,
    square: Square,
    kinds: Sequence[str],
    companions: Sequence[str] = (NAME,),
    sources: Path | None = None,
) -> AsyncIterator[Company]:
    """At work for as long as the context lasts: these kinds of processes, of these sources; every line is answered."""
    async with AsyncExitStack() as stack:
        relay = Company(folder, stack, stack.enter_context(redis_server(tcp=True)), square)
        await relay.found(*companions)
        for kind in kinds:
            (await relay.join(kind, sources)).start()
        try:
            await square.is_joined(START)
        except AssertionError:
            for member in relay.members:
                member.check()
            raise
        yield relay
