"""The messages as they lie in Redis (see scripts.py): running scripts, looking keys up, reading pages."""

import asyncio
import json
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from itertools import islice
from typing import Any, NamedTuple, ParamSpec, TypeVar

from redis.exceptions import ResponseError

from relay.bus.connection import RedisConnection
from relay.bus.lease import Lease
from relay.bus.script import Script
from relay.errors import ConfigError, InboxError
from relay.inbox import ledger, scripts
from relay.model import AudienceMessage, Edit

P = ParamSpec("P")
T = TypeVar("T")
GROUP = "forwarders"
PAGES = 64
"""How many pages are read at once."""
KEYS = 1_000
"""How many keys one script or lookup gets at most: Lua's stack and the server's patience are limited."""
ACTION = "\x01"
"""Stands before an edit's text that is what somebody does, and before no other."""

Entry = tuple[bytes, dict[bytes, bytes]]
"""A page's id and its fields."""


class StoredMessage(NamedTuple):
    """One message as it is stored, and in which page."""

    page: bytes
    key: str
    fields: dict[str, Any]

    @property
    def author(self) -> str:
        """Who wrote it, as `platform:id`."""
        return f"{self.fields['platform']}:{self.fields['author']['id']}"

    def message(self) -> AudienceMessage:
        """The message as it came."""
        return AudienceMessage.model_validate(self.fields)


class StoredPage(NamedTuple):
    """What came together, as far as it is there still."""

    id: bytes
    came: int
    """When, in milliseconds since the epoch; where some of it is forgotten the id tells of a later time."""
    lines: list[StoredMessage]


class Standing(NamedTuple):
    """What the ledger has on one key."""

    page: bytes | None
    settlement: bytes | None
    edit: bytes | None
    forward_id: bytes | None

    @property
    def is_unsettled(self) -> bool:
        return self.page is not None and self.settlement is None

    @property
    def is_free(self) -> bool:
        return self.is_unsettled and self.forward_id is None

    def apply(self, message: AudienceMessage) -> AudienceMessage:
        """The message as it stands, edits applied."""
        if self.edit is None:
            return message
        line = self.edit.decode()
        return ledger.rewritten(message, line.removeprefix(ACTION), is_action=line.startswith(ACTION))


def edit_line(edit: Edit) -> str:
    """An edit as it is stored."""
    return ledger.well_formed(ACTION + edit.text if edit.is_action else edit.text.lstrip(ACTION))


async def look_at_layout(connection: RedisConnection, namespace: str) -> None:
    """Raises ConfigError when a newer relay has written the messages of this namespace."""
    key = scripts.RedisKeys.of(namespace).version
    [written] = await connection.ask(connection.client.mget, [key])  # it travels with others, as GET does not
    version = int(written or scripts.VERSION)
    if version > scripts.VERSION:
        raise ConfigError(
            f"inbox.url: what is in {connection.name} was written by a newer relay (layout {version}, this "
            f"one knows {scripts.VERSION}): run that one, or give this one another relay.name"
        )


class Pages:
    """The stored messages of one namespace."""

    def __init__(self, connection: RedisConnection, namespace: str, lease: Lease) -> None:
        self.keys = scripts.RedisKeys.of(namespace)
        self.connection = connection
        self.redis: Any = connection.client
        self._lease = lease

    async def run(self, script: Script, *args: object) -> Any:
        """The script's answer. It may run twice when the connection fails."""
        return await self.connection.run(script, self.keys, *args)

    async def run_as_owner(self, script: Script, *args: object) -> Any:
        """The same for a script that only the owner may run. Raises InboxTaken when that is another one now."""
        return await self.run(script, self.as_owner(), *args)

    async def run_once(self, script: Script, *args: object) -> Any:
        """The same for a call that is itself asked."""
        return await self.connection.run_once(script, self.keys, *args)

    def as_owner(self) -> str:
        """The first argument of such a script. Raises InboxError when we are not the owner."""
        if self._lease.token is None:
            raise InboxError(f"the inbox {self.connection.name} is not open, or only to look")
        return self._lease.token

    async def ask_group(self, call: Callable[P, Awaitable[T]], *args: P.args, **kwargs: P.kwargs) -> T:
        """What a call returns that needs the consumer group, which is put in place where there is none."""

        async def asked() -> T:
            try:
                return await call(*args, **kwargs)
            except ResponseError as error:
                if "NOGROUP" not in str(error):
                    raise
            await self._make_group()
            return await call(*args, **kwargs)

        return await self.connection.ask(asked)

    async def prepare(self) -> None:
        """Put in place what calls rely on. For the owner alone."""
        await self.connection.ask(self._make_group)
        await self.connection.ask(self.redis.mset, {self.keys.version: scripts.VERSION})

    async def standing(self, keys: Iterable[str]) -> list[Standing]:
        """What the ledger has on each key."""
        found: list[Standing] = []
        rest = iter(keys)
        while some := list(islice(rest, KEYS)):
            found += map(Standing, *await self.run(scripts.LOOK_UP, *some))
        return found

    async def known(self, lines: Sequence[StoredMessage]) -> list[StoredMessage]:
        """Those that count: neither what is forgotten, while others of its page wait, nor what came once more."""
        standings = await self.standing(line.key for line in lines)
        return [line for line, standing in zip(lines, standings, strict=True) if standing.page == line.page]

    async def lines(self, pages: Iterable[bytes]) -> AsyncIterator[StoredMessage]:
        """Every line of these pages."""
        rest = iter(pages)
        while some := list(islice(rest, PAGES)):
            for line in lines_of(await self.run(scripts.READ, *some)):
                yield line

    async def bodies(self, places: Sequence[tuple[str, bytes]]) -> dict[str, AudienceMessage]:
        """The messages with these keys, as they came, each looked for in its page."""
        wanted = dict(places)
        found: dict[str, AudienceMessage] = {}
        async for line in self.lines(dict.fromkeys(wanted.values())):
            if wanted.get(line.key) == line.page:
                found[line.key] = line.message()
        return found

    async def walk(self, *, newest_first: bool = False) -> AsyncIterator[StoredPage]:
        """Every page in the order its messages came, wherever it lies."""
        moved = await self.connection.ask(self.redis.hgetall, self.keys.moved)
        waiting = deque(sorted(moved, key=lambda page: _place(moved[page]), reverse=newest_first))
        async for page, fields in self._entries(newest_first):
            if page not in moved:
                while waiting and (_place(moved[waiting[0]]) < _place(page)) != newest_first:
                    yield await self._moved(waiting[0], moved[waiting.popleft()])
                yield StoredPage(page, arrived_at(page), lines_of([(page, fields)]))
        for page in waiting:
            yield await self._moved(page, moved[page])

    async def _moved(self, page: bytes, before: bytes) -> StoredPage:
        return StoredPage(page, arrived_at(before), [line async for line in self.lines([page])])

    async def _entries(self, newest_first: bool) -> AsyncIterator[Entry]:
        """Every page as it lies there."""
        read, start = (self.redis.xrevrange, b"+") if newest_first else (self.redis.xrange, b"-")
        is_full = True
        while is_full:
            entries = await self.connection.ask(read, self.keys.log, start, count=PAGES)
            for entry in entries:
                yield entry
                await asyncio.sleep(0)  # others have their turn between two pages
                start = b"(" + entry[0]
            is_full = len(entries) == PAGES

    async def _make_group(self) -> None:
        try:
            await self.redis.xgroup_create(self.keys.log, GROUP, id="0", mkstream=True)
        except ResponseError as error:
            if not str(error).startswith("BUSYGROUP"):
                raise


def lines_of(entries: Iterable[tuple[bytes, dict[bytes, bytes] | list[bytes]]]) -> list[StoredMessage]:
    """The messages of stream entries, as commands or scripts return them; a page that is gone has none."""
    return [
        StoredMessage(page, f"{message['platform']}:{message['id']}", message)
        for page, fields in entries
        if fields
        for message in json.loads(fields[b"m"] if isinstance(fields, dict) else fields[1])
    ]


def arrived_at(page: bytes) -> int:
    """When the page arrived, in milliseconds since the epoch."""
    return _place(page)[0]


def _place(page: bytes) -> tuple[int, int]:
    """What ids of pages are ordered by."""
    milliseconds, number = page.split(b"-")
    return int(milliseconds), int(number)
