"""The connection to a Redis or Valkey server: retried with backoff, failing as the relay's own errors."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial
from typing import Any, ParamSpec, TypeVar
from urllib.parse import urlsplit

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import AuthenticationError, NoScriptError, RedisError, ResponseError
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError
from tenacity import AsyncRetrying, retry_if_exception, stop_before_delay, wait_random_exponential

from relay.errors import ConfigError, InboxError, InboxTaken
from relay.system.cancellation import heeding_cancellation

P = ParamSpec("P")
T = TypeVar("T")
OLDEST_SERVER = (6, 2)
TAKEN = "TAKEN"
"""The error of a script whose caller is not the owner (any more) of what it writes."""
_FORM = (
    "write redis://host:port/0, rediss://… or unix://path, with user:password@ before the host where there is one, "
    "and in these %23 for #, %2F for /, %3A for :, %3F for ?, %40 for @"
)


class RedisConnection:
    """A pool of connections to one server. `prepare` puts in place what calls rely on, again after a restart."""

    def __init__(self, url: str, *, timeout: float, prepare: Callable[[], Awaitable[None]]) -> None:
        self.client = connect(url, timeout)
        self.name = without_credentials(url)
        self._timeout = timeout
        self._prepare = prepare
        self._retrying = AsyncRetrying(
            retry=retry_if_exception(is_transient),
            wait=wait_random_exponential(multiplier=0.02, max=1.0),
            stop=stop_before_delay(timeout),
            reraise=True,
        )

    async def open(self) -> None:
        """Reach the server and prepare it. Raises ConfigError when it is too old or refuses the password."""
        try:
            server = await self.ask(self.client.info, "server")
        except InboxError as error:
            if error.__cause__ is not None and _is_refusal(error.__cause__):
                raise ConfigError(f"inbox.url: {error}; correct them") from None
            raise
        version = str(server.get("redis_version", "0"))
        if tuple(int(part) for part in version.split(".")[:2]) < OLDEST_SERVER:
            raise ConfigError(f"inbox.url: {self.name} is Redis {version}; the relay needs Redis 6.2 or Valkey")
        await self.ask(self._prepare)

    async def close(self) -> None:
        await self.client.aclose()

    async def ask(self, call: Callable[P, Awaitable[T]], *args: P.args, **kwargs: P.kwargs) -> T:
        """What the call returns, repeated while the connection fails; so the call must bear being repeated.

        Raises InboxError when that takes longer than the timeout or the server refuses, InboxTaken when a script
        finds that another relay has the inbox now.
        """
        try:
            with heeding_cancellation():
                async with asyncio.timeout(self._timeout):
                    return await self._retrying.copy()(self._prepared, partial(call, *args, **kwargs))
        except TimeoutError:
            await self._drop_idle()
            raise InboxError(f"{self.name} did not answer within {self._timeout:g} s") from None
        except (RedisError, OSError) as error:
            if str(error).startswith(TAKEN):
                raise InboxTaken(f"{self.name}: another relay of this name took over while this one slept") from None
            trouble = "refuses the user or password" if _is_refusal(error) else f"failed: {error}"
            raise InboxError(f"{self.name} {trouble}") from error

    async def _drop_idle(self) -> None:
        """Connections at rest may be as dead as the one that did not answer: each would cost a timeout of its own."""
        with suppress(RedisError, OSError):
            await self.client.connection_pool.disconnect(inuse_connections=False)

    async def _prepared(self, call: Callable[[], Awaitable[T]]) -> T:
        try:
            return await call()
        except ResponseError as error:
            if not (isinstance(error, NoScriptError) or "NOGROUP" in str(error)):
                raise
        await self._prepare()
        return await call()


def connect(url: str, timeout: float) -> Any:
    """A redis.asyncio.Redis that tries once: whoever uses it decides what a failure means.

    Any, because the library's types allow for every setting of the client at the same time.
    """
    if not _is_well_formed(url):
        raise ConfigError(f"inbox.url is no address of a Redis (not shown, as it may hold a password); {_FORM}")
    try:
        return Redis.from_url(
            url,
            protocol=2,
            socket_timeout=None,  # the library would wait through wait_for, which loses cancellations on Python 3.11
            socket_connect_timeout=timeout,
            retry=Retry(NoBackoff(), 0),
        )
    except ValueError as error:
        raise ConfigError(f"inbox.url: {without_credentials(url)}: {error}; {_FORM}") from None


def is_transient(error: BaseException) -> bool:
    """Whether the same call may succeed on another connection, or a little later."""
    return isinstance(error, RedisConnectionError | RedisTimeoutError | OSError) and not _is_refusal(error)


def _is_refusal(error: BaseException) -> bool:
    """Whether the server refused the credentials; while connecting, the library wraps what it said."""
    return isinstance(error, AuthenticationError) or isinstance(error.__cause__, AuthenticationError)


def _is_well_formed(url: str) -> bool:
    """Whether every part is where it belongs, so that no piece of a password is taken for a host or a path."""
    try:
        parts = urlsplit(url)
        has_host = bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
    if "@" in parts.path + parts.query + parts.fragment or parts.fragment or any(map(str.isspace, url)):
        return False
    if parts.scheme == "unix":
        return parts.path not in ("", "/") and not parts.hostname
    return parts.scheme in ("redis", "rediss") and has_host and re.fullmatch(r"/?\d*", parts.path) is not None


def without_credentials(url: str) -> str:
    """A well-formed address alone, fit to be shown."""
    parts = urlsplit(url)
    port = f":{parts.port}" if parts.port else ""
    return f"{parts.scheme}://{parts.hostname or ''}{port}{parts.path}"
