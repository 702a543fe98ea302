"""Small messages to whoever listens in this moment, over one subscription of the process."""

import asyncio
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, Final

from redis.exceptions import RedisError
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type

from relay.bus.connection import RedisConnection
from relay.bus.writing import as_lost
from relay.errors import InboxError
from relay.system.backoff import backoff
from relay.system.cancellation import checkpoint, heeding_cancellation

log = logging.getLogger(__name__)

PING_EVERY: Final = 2.5
"""Seconds without a word from the server, after which it is asked for one; as many again, and it is dialled anew."""
RETRY_AT_MOST: Final = 2.0
"""The longest wait between two tries to subscribe, in seconds."""

Listener = Callable[[bytes | None], None]
"""Hears each message of a channel at once, and None whenever some may have been missed: it has to look itself."""
_FAILURES = (RedisError, OSError, TimeoutError)


class PubSub:
    """`run` hears until cancelled. What is told while nobody listens, or the line is cut, is told to nobody."""

    def __init__(self, connection: RedisConnection) -> None:
        self._connection = connection
        self._listeners: dict[str, list[Listener]] = {}
        self._wanted = asyncio.Event()
        """Set whenever something else is listened to."""
        self._some = asyncio.Event()
        """Set while the server was asked for something."""

    async def tell(self, channel: str, message: bytes) -> None:
        """Raises InboxError."""
        await self._connection.ask(self._connection.client.publish, channel, message)

    @contextmanager
    def heard_by(self, channel: str, listener: Listener) -> Iterator[None]:
        """For as long as the context lasts; None tells the listener from when on."""
        self._listeners.setdefault(channel, []).append(listener)
        self._wanted.set()
        try:
            yield
        finally:
            self._listeners[channel].remove(listener)
            if not self._listeners[channel]:
                del self._listeners[channel]
            self._wanted.set()

    async def run(self) -> None:
        retrying = AsyncRetrying(
            retry=retry_if_exception_type((*_FAILURES, InboxError)),
            wait=backoff(0.05, RETRY_AT_MOST),
            before_sleep=_note,
        )
        while True:
            checkpoint()
            async for attempt in retrying:
                with attempt:
                    await self._subscribed()

    async def _subscribed(self) -> None:
        subscription = self._connection.client.pubsub()
        self._some.clear()
        self._wanted.set()
        try:
            async with asyncio.TaskGroup() as tasks:
                following = tasks.create_task(self._follow(subscription))
                try:
                    await self._hear(subscription)
                finally:
                    following.cancel()
        except ExceptionGroup as group:
            raise as_lost(group.exceptions[0]) from None
        finally:
            with suppress(*_FAILURES):
                await subscription.aclose()

    async def _follow(self, subscription: Any) -> None:
        """Subscribe to what is listened to, and to nothing else."""
        channels: set[str] = set()
        while True:
            checkpoint()
            self._wanted.clear()
            wanted = set(self._listeners)
            with heeding_cancellation():
                if new := wanted - channels:
                    await subscription.subscribe(*new)
                if old := channels - wanted:
                    await subscription.unsubscribe(*old)
            channels = wanted
            (self._some.set if wanted else self._some.clear)()
            await self._wanted.wait()

    async def _hear(self, subscription: Any) -> None:
        is_asked = False
        while True:
            checkpoint()
            await self._some.wait()
            with heeding_cancellation():
                message = await subscription.get_message(timeout=PING_EVERY)
            if message is None:
                if is_asked:
                    raise RedisError("the server says nothing any more")
                is_asked = True
                await subscription.ping()
                continue
            is_asked = False
            match message["type"]:
                case "subscribe":
                    self._tell(message["channel"], None)
                case "message":
                    self._tell(message["channel"], message["data"])

    def _tell(self, channel: bytes, message: bytes | None) -> None:
        for listener in list(self._listeners.get(channel.decode(), ())):
            try:
                listener(message)
            except Exception:  # such as what a newer relay tells: the others have to be heard all the same
                log.exception("what was told on %s is not understood", channel.decode())


def _note(state: RetryCallState) -> None:
    log.debug("not subscribed, trying again: %s", state.outcome and state.outcome.exception())
