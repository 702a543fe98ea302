"""The way to Redis or Valkey, shared by all of one process: retried with backoff, failing as the relay's own errors."""

import asyncio
import ssl
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from functools import partial
from typing import Any, Final, ParamSpec, TypeVar

from redis.exceptions import (
    AskError,
    AuthenticationError,
    ClusterError,
    NoPermissionError,
    NoScriptError,
    ReadOnlyError,
    RedisClusterException,
    RedisError,
    TryAgainError,
)
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError
from tenacity import AsyncRetrying, retry_if_exception, stop_before_delay

from relay.bus.address import RedisAddress
from relay.bus.client import connect, disconnect
from relay.bus.pipelining import Pipelining
from relay.bus.renewals import Renewals
from relay.bus.script import TAKEN, Script, taken
from relay.bus.writing import as_lost
from relay.config import InboxSection
from relay.errors import ConfigError, InboxError
from relay.system.backoff import backoff
from relay.system.cancellation import heeding_cancellation

P = ParamSpec("P")
T = TypeVar("T")
OLDEST_SERVER: Final = (6, 2)
AT_ONCE: Final = 32
"""Calls under way at the same time, some with a connection of their own; what is more waits."""
TRIES: Final = 2
"""Round trips that fit into the timeout: a connection that fell silent is one of several."""
_FAILURES: Final = (RedisError, RedisClusterException, OSError)
_TRANSIENT: Final = (
    RedisConnectionError,
    RedisTimeoutError,
    OSError,
    ClusterError,  # a slot without a master, or one that two nodes send each other
    RedisClusterException,  # no node can be reached, or none that knows all slots
    TryAgainError,  # a slot on its way to another node
    AskError,
)


class RedisConnection:
    """A pool of connections, open while anybody needs it: each who opens it closes it, and the last one ends it."""

    def __init__(self, settings: InboxSection) -> None:
        address = RedisAddress.parse(settings.url.get_secret_value())
        self.client = connect(settings, address)
        self.name = str(address)
        self._timeout = settings.timeout
        self._is_cluster = address.form == "cluster"
        self._pipelining = None if self._is_cluster else Pipelining(self.client, self._timeout / TRIES)
        self.renewals = Renewals(self.run, self.name, together=not self._is_cluster)
        """Of the leases that this process has there."""
        self._users = 0
        self._is_fit = False
        """The server was asked, and is one for us."""
        self._places = asyncio.Semaphore(AT_ONCE)
        self._retrying = AsyncRetrying(
            retry=retry_if_exception(is_transient),
            wait=backoff(0.02, 1.0),
            stop=stop_before_delay(settings.timeout),
            reraise=True,
        )

    async def open(self) -> None:
        """Reach the server. Raises ConfigError when it is too old, or refuses the password or what has to be asked."""
        self._users += 1
        if self._is_fit:
            return
        try:
            server = await self.ask(self.client.info, "server")
        except InboxError as error:
            if error.__cause__ is not None and _refusal(error.__cause__):
                raise ConfigError(f"inbox.url: {error}") from None
            raise
        version = str(server.get("redis_version", "0"))
        if tuple(int(part) for part in version.split(".")[:2]) < OLDEST_SERVER:
            raise ConfigError(f"inbox.url: {self.name} is Redis {version}; the relay needs Redis 6.2 or Valkey")
        self._is_fit = True

    async def close(self) -> None:
        self._users -= 1
        if self._users <= 0:
            self._is_fit = False
            if self._pipelining is not None:
                await self._pipelining.stop()
            await disconnect(self.client)

    async def ask(self, call: Callable[P, Awaitable[T]], *args: P.args, **kwargs: P.kwargs) -> T:
        """What the call returns, repeated while the connection fails; so the call must bear being repeated.

        Raises InboxError when that takes longer than the timeout or the server refuses, InboxTaken when a script
        finds that another relay has what it writes now.
        """
        try:
            with heeding_cancellation():
                async with asyncio.timeout(self._timeout), self._places:
                    return await self._asked(partial(call, *args, **kwargs))
        except TimeoutError:
            await self._drop_idle()
            raise InboxError(f"{self.name} did not answer within {self._timeout:g} s") from None
        except _FAILURES as error:
            if str(error).startswith(TAKEN):
                raise taken(self.name) from None
            if _is_demoted(error):  # it stays connected all the same: whoever is the master now is found by dialling
                await self._drop_idle()
            raise InboxError(f"{self.name} {_refusal(error) or f'failed: {error}'}") from error

    async def run(self, script: Script, keys: Sequence[str | bytes], *args: object) -> Any:
        """The script's answer. It may run twice when the connection fails."""
        return await self.ask(self.run_once, script, keys, *args)

    async def run_once(self, script: Script, keys: Sequence[str | bytes], *args: object) -> Any:
        """The same for a call that is itself asked: what fails is raised as it is."""
        execute = self.client.execute_command
        try:
            return await execute("EVALSHA", script.sha, len(keys), *keys, *args)
        except NoScriptError:
            return await execute("EVAL", script.text, len(keys), *keys, *args)

    async def _asked(self, call: Callable[[], Awaitable[T]]) -> T:
        try:
            return await self._once(call)  # as it nearly always goes: what tries again costs more than some calls
        except _FAILURES as error:
            if not is_transient(error):
                raise
        return await self._retrying.copy()(self._once, call)

    async def _once(self, call: Callable[[], Awaitable[T]]) -> T:
        if self._is_cluster:
            async with asyncio.timeout(self._timeout / 4):  # a node that fell silent is one of several
                await self.client.initialize()
        try:
            return await call()
        except (TypeError, AttributeError) as error:
            raise as_lost(error) from None

    async def _drop_idle(self) -> None:
        """Those at rest may be as dead as the one that did not answer, or lead where it did: each would cost a call."""
        with suppress(*_FAILURES):
            if self._is_cluster:
                await self.client.aclose()  # it asks anew who has which slots
            else:
                await self.client.connection_pool.disconnect(inuse_connections=False)


def is_transient(error: BaseException) -> bool:
    """Whether the same call may succeed on another connection, or a little later."""
    return isinstance(error, _TRANSIENT) and not _refusal(error)


def _is_demoted(error: BaseException) -> bool:
    """Whether the server was a master, and is the replica of one now; Redis 6.2 says so of scripts in their errors."""
    return isinstance(error, ReadOnlyError) or "-READONLY" in str(error)


def _refusal(error: BaseException) -> str:
    """What a person has to mend, if that is it; while connecting, the library wraps what it was told."""
    for each in (error, error.__cause__, error.__context__):
        if isinstance(each, AuthenticationError):
            return "refuses the user or password; correct them"
        if isinstance(each, NoPermissionError):
            return (
                f"does not allow this user what the relay needs ({each}); give the rights that docs/operations.md names"
            )
        if isinstance(each, ssl.SSLError) and "CERTIFICATE" in str(each):
            return f"and the relay do not trust each other ({each}); correct inbox.tls_ca, tls_certificate or the host"
    return ""
