"""Posts on their way from the core to the process that posts them: durable, and what came of them on its way back."""

import asyncio
import uuid
from collections.abc import Sequence
from typing import Final

from pydantic import BaseModel

from relay.bus.bus import Bus
from relay.bus.lease import Lease
from relay.bus.stream import RedisStream
from relay.inbox.retry import with_retries
from relay.model import Post, Retraction
from relay.replies.outlet import Posted
from relay.replies.posting import GIVE_UP_AFTER
from relay.system.cancellation import checkpoint

WAIT: Final = 30.0
"""Seconds one read waits for something new."""
REPORTS: Final = 64
"""Of what was posted, read at once."""
AT_ONCE: Final = 256
"""Replies and retractions handed over at once, when so many wait: a moderator may ban many people in a moment."""

MOST: Final = 10_000
"""Posts of an account that wait, and reports for a companion: while nobody reads them they become too old anyway."""


def outbound_space(account: str) -> str:
    """Where posts with an account of a platform are, and the lease of who posts them."""
    return f"outbound/{account}"


def outbound(bus: Bus, account: str, lease: Lease | None = None) -> RedisStream:
    """What is to be posted, with the companion it comes from; read by the owner of the lease."""
    return bus.stream(outbound_space(account), "posts", lease, most=MOST)


def reports(bus: Bus, companion: str, platform: str, lease: Lease | None = None) -> RedisStream:
    """What came of it, for the core of the companion."""
    return bus.companion_stream(companion, f"posted/{platform}", lease, most=MOST)


class Ordered(BaseModel):
    """What lies there: a post, and the companion that is told what came of it."""

    companion: str
    post: Post


class TakenBack(BaseModel):
    """Or what answers this is not to be posted, of what lies there before it."""

    companion: str
    retraction: Retraction


class Report(BaseModel):
    """What came of a post."""

    post: Post
    error: str | None


class StreamOutbox:
    """The core's end; see Outbox."""

    def __init__(self, platform: str, account: str, companion: str, bus: Bus, lease: Lease, posted: Posted) -> None:
        """`lease` is the core's."""
        self._platform = platform
        self._companion = companion
        self._outbound = outbound(bus, account)
        self._reports = reports(bus, companion, platform, lease)
        self._posted = posted
        self._waiting: asyncio.Queue[tuple[float, Sequence[Post | Retraction]]] = asyncio.Queue()
        """With the time of the loop until when they are worth posting."""

    def put(self, posts: Sequence[Post]) -> None:
        self._waiting.put_nowait((asyncio.get_running_loop().time() + GIVE_UP_AFTER, posts))

    def retract(self, retraction: Retraction) -> None:
        """Also of what the core before this one put."""
        self._waiting.put_nowait((asyncio.get_running_loop().time() + GIVE_UP_AFTER, [retraction]))

    async def run(self) -> None:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._hand_over())
            tasks.create_task(self._hear())

    async def drain(self) -> None:
        await self._waiting.join()

    async def _hand_over(self) -> None:
        taken: list[tuple[float, Sequence[Post | Retraction]]] = []
        while True:
            checkpoint()
            if not taken:
                taken.append(await self._waiting.get())
            while len(taken) < AT_ONCE and not self._waiting.empty():
                taken.append(self._waiting.get_nowait())
            first_until, _ = taken[0]
            over = len(taken)
            try:
                async with asyncio.timeout_at(first_until):
                    asked = _each_retraction_once([each for _, several in taken for each in several])
                    await with_retries(self._outbound.append_once, dict(map(self._ordered, asked)))
            except TimeoutError:  # of the first; what came later may still be in time
                over = 1
                for post in (each for each in taken[0][1] if isinstance(each, Post)):
                    self._posted(self._platform, post, "given up: the process that posts could not be told")
            del taken[:over]
            for _ in range(over):
                self._waiting.task_done()

    def _ordered(self, asked: Post | Retraction) -> tuple[str, bytes]:
        """By a name under which it lies there once."""
        if isinstance(asked, Post):
            return asked.nonce, Ordered(companion=self._companion, post=asked).model_dump_json().encode()
        return uuid.uuid4().hex, TakenBack(companion=self._companion, retraction=asked).model_dump_json().encode()

    async def _hear(self) -> None:
        done: list[bytes] = []
        with self._reports.followed():
            while True:
                checkpoint()
                entries = await with_retries(self._reports.read, REPORTS, WAIT, done)
                done = [entry.id for entry in entries]
                for entry in entries:
                    try:
                        report = Report.model_validate_json(entry.item)
                    except ValueError as problem:
                        await with_retries(self._reports.set_aside, entry, problem)
                    else:
                        self._posted(self._platform, report.post, report.error)


def _each_retraction_once(asked: Sequence[Post | Retraction]) -> list[Post | Retraction]:
    """Of equal ones the last: it concerns all that lies before it."""
    last = {each: place for place, each in enumerate(asked) if isinstance(each, Retraction)}
    return [each for place, each in enumerate(asked) if isinstance(each, Post) or last[each] == place]
