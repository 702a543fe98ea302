"""The library's client for each form of address. It tries once: whoever uses it decides what a failure means."""

import ssl
from typing import Any, Final

from redis.asyncio import Redis, RedisCluster, Sentinel
from redis.asyncio.cluster import ClusterNode
from redis.asyncio.connection import ConnectionPool
from redis.asyncio.retry import Retry
from redis.asyncio.sentinel import SentinelConnectionPool
from redis.backoff import NoBackoff
from redis.driver_info import DriverInfo

from relay.bus.address import RedisAddress
from relay.config import InboxSection
from relay.errors import ConfigError

SENTINEL_TIMEOUT: Final = 1.0
"""Seconds for one Sentinel to answer: there are others."""
DRIVER: Final = DriverInfo()
"""Library and version, for the server to list. Left to itself it reads them from the disk for each connection."""


def connect(settings: InboxSection, address: RedisAddress) -> Any:
    """A redis.asyncio client, not yet connected. Any, as the library has no type for what its clients share."""
    options = _options(settings, address)
    try:
        match address.form:
            case "server" | "socket":
                return Redis.from_pool(ConnectionPool.from_url(_url(address), **options))
            case "cluster":
                nodes = [ClusterNode(host, port) for host, port in address.hosts]
                return RedisCluster(startup_nodes=nodes, ssl=address.tls, **options)
            case "sentinel":
                return _master(settings, address, options)
    except (TypeError, ValueError) as error:
        raise ConfigError(f"inbox.url: {address}: {error}") from None


async def disconnect(client: Any) -> None:
    """Close all its connections; that to the Sentinels is not among those the client knows as its own."""
    await client.aclose()
    pool = getattr(client, "connection_pool", None)
    if isinstance(pool, SentinelConnectionPool):
        await pool.sentinel_manager.aclose()


def _url(address: RedisAddress) -> str:
    """For the library to read the options of; login and TLS go by themselves."""
    query = "&".join(f"{name}={value}" for name, value in address.options.items())
    if address.form == "socket":
        return f"unix://{address.path}?{query}"
    [(host, port)] = address.hosts
    host = f"[{host}]" if ":" in host else host
    return f"redi{'ss' if address.tls else 's'}://{host}:{port}?{query}"


def _options(settings: InboxSection, address: RedisAddress) -> dict[str, Any]:
    options: dict[str, Any] = {
        "username": address.user,
        "password": address.password,
        "protocol": 2,
        "socket_timeout": None,  # the library would wait through wait_for, which loses cancellations on Python 3.11
        "socket_connect_timeout": settings.timeout,
        "retry": Retry(NoBackoff(), 0),
        "driver_info": DRIVER,
    }
    if address.form != "cluster":
        options["db"] = address.database
    if address.tls:
        options |= _tls(settings)
    return options


def _tls(settings: InboxSection) -> dict[str, Any]:
    files = {
        "ssl_ca_certs": settings.tls_ca,
        "ssl_certfile": settings.tls_certificate,
        "ssl_keyfile": settings.tls_key,
    }
    try:
        context = ssl.create_default_context(cafile=settings.tls_ca)
    except (OSError, ssl.SSLError) as error:
        raise ConfigError(f"inbox.tls_ca: {settings.tls_ca} is no file of certificates ({error})") from None
    if settings.tls_certificate is not None:
        try:
            context.load_cert_chain(settings.tls_certificate, settings.tls_key)
        except (OSError, ssl.SSLError) as error:
            raise ConfigError(
                f"inbox.tls_certificate: {settings.tls_certificate} with inbox.tls_key cannot be used ({error}); "
                "both have to be PEM files that belong together, without a password"
            ) from None
    return {
        "ssl_check_hostname": settings.tls_check_host,
        **{name: str(path) for name, path in files.items() if path is not None},
    }


def _master(settings: InboxSection, address: RedisAddress, options: dict[str, Any]) -> Any:
    password = settings.sentinel_password
    theirs = options | {
        "username": settings.sentinel_user,
        "password": password.get_secret_value() if password is not None else None,
        "socket_timeout": SENTINEL_TIMEOUT,
        "socket_connect_timeout": min(SENTINEL_TIMEOUT, settings.timeout),
    }
    del theirs["db"]
    sentinels: Any = Sentinel  # which has no types
    options["ssl"] = theirs["ssl"] = address.tls
    return sentinels(address.hosts, sentinel_kwargs=theirs, **options).master_for(address.master)
