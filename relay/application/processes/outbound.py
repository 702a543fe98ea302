"""Posts on their way from the core to the process that posts them: durable, and what came of them on its way back."""

import asyncio
from collections.abc import Sequence
from typing import Final

from pydantic import BaseModel

from relay.bus.bus import Bus
from relay.bus.lease import Lease
from relay.bus.stream import RedisStream
from relay.inbox.retry import with_retries
from relay.model import Post
from relay.replies.outlet import Posted
from relay.replies.posting import GIVE_UP_AFTER
from relay.system.cancellation import checkpoint

WAIT: Final = 5.0
"""Seconds one read waits for something new."""
REPORTS: Final = 64
"""Of what was posted, read at once."""


def outbound_space(account: str) -> str:
    """Where posts with an account of a platform are, and the lease of who posts them."""
    return f"outbound/{account}"


def outbound(bus: Bus, account: str, lease: Lease | None = None) -> RedisStream:
    """What is to be posted, with the companion it comes from; read by the owner of the lease."""
    return bus.stream(outbound_space(account), "posts", lease)


def reports(bus: Bus, companion: str, platform: str, lease: Lease | None = None) -> RedisStream:
    """What came of it, for the core of the companion."""
    return bus.companion_stream(companion, f"posted/{platform}", lease)


class Ordered(BaseModel):
    """What lies there: a post, and the companion that is told what came of it."""

    companion: str
    post: Post


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
        self._waiting: asyncio.Queue[tuple[float, Sequence[Post]]] = asyncio.Queue()
        """With the time of the loop until when they are worth posting."""

    def put(self, posts: Sequence[Post]) -> None:
        self._waiting.put_nowait((asyncio.get_running_loop().time() + GIVE_UP_AFTER, posts))

    async def run(self) -> None:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._hand_over())
            tasks.create_task(self._hear())

    async def drain(self) -> None:
        await self._waiting.join()

    async def _hand_over(self) -> None:
        while True:
            checkpoint()
            until, posts = await self._waiting.get()
            try:
                async with asyncio.timeout_at(until):
                    await with_retries(self._outbound.append_once, {post.nonce: self._ordered(post) for post in posts})
            except TimeoutError:
                for post in posts:
                    self._posted(self._platform, post, "given up: the process that posts could not be told")
            self._waiting.task_done()

    def _ordered(self, post: Post) -> bytes:
        return Ordered(companion=self._companion, post=post).model_dump_json().encode()

    async def _hear(self) -> None:
        while True:
            checkpoint()
            entries = await with_retries(self._reports.read, REPORTS, WAIT)
            for entry in entries:
                try:
                    report = Report.model_validate_json(entry.item)
                except ValueError as problem:
                    await with_retries(self._reports.set_aside, entry, problem)
                else:
                    self._posted(self._platform, report.post, report.error)
            await with_retries(self._reports.acknowledge, [entry.id for entry in entries])
