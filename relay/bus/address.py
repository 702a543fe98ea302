"""The address of Redis: one server, the master that Sentinels name, or a cluster.

`redis://host:port/0`, `unix:///path`, `redis+sentinel://host:port,host:port/master-name/0` and
`redis+cluster://host:port,host:port`; `rediss` in place of `redis` is over TLS. `user:password@` comes before the host.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal, Self
from urllib.parse import parse_qsl, unquote, urlsplit

from relay.errors import ConfigError

Form = Literal["server", "socket", "sentinel", "cluster"]
_PORTS: Final[Mapping[Form, int]] = {"server": 6379, "sentinel": 26379, "cluster": 6379, "socket": 0}
_SCHEMES: Final[Mapping[str, Form]] = {
    "redis": "server",
    "unix": "socket",
    "redis+sentinel": "sentinel",
    "redis+cluster": "cluster",
}
_FORM = (
    "write redis://host:port/0, rediss://… for TLS, unix://path, redis+sentinel://host:port,host:port/master-name or "
    "redis+cluster://host:port,host:port, with user:password@ before the host where there is one, "
    "and in these %23 for #, %2F for /, %3A for :, %3F for ?, %40 for @"
)


@dataclass(frozen=True)
class RedisAddress:
    form: Form
    tls: bool
    hosts: tuple[tuple[str, int], ...]
    """Of the server, of the Sentinels, or of some of the cluster."""
    path: str
    """Of the socket."""
    master: str
    """What the Sentinels call it."""
    database: int
    user: str | None
    password: str | None
    options: Mapping[str, str]
    """What stands behind the `?`: further settings of the client."""

    def __str__(self) -> str:
        """Without user and password, fit to be shown."""
        scheme = next(scheme for scheme, form in _SCHEMES.items() if form == self.form)
        scheme = scheme.replace("redis", "rediss", 1) if self.tls else scheme
        hosts = ",".join(f"[{host}]:{port}" if ":" in host else f"{host}:{port}" for host, port in self.hosts)
        path = self.path or (f"/{self.master}" if self.master else "")
        return f"{scheme}://{hosts}{path}" + (f"/{self.database}" if self.database else "")

    @classmethod
    def parse(cls, url: str) -> Self:
        """Raises ConfigError, which never shows what may be a piece of a password."""
        try:
            return cls._parse(url)
        except ValueError:
            raise ConfigError(
                f"inbox.url is no address of a Redis (not shown, as it may hold a password); {_FORM}"
            ) from None

    @classmethod
    def _parse(cls, url: str) -> Self:
        parts = urlsplit(url)
        if "@" in parts.path + parts.query + parts.fragment or parts.fragment or any(map(str.isspace, url)):
            raise ValueError("a character that has to be escaped")
        tls = parts.scheme.startswith("rediss")
        form = _SCHEMES.get(parts.scheme.replace("rediss", "redis", 1))
        if form is None:
            raise ValueError("an unknown scheme")
        login, _, hosts = parts.netloc.rpartition("@")
        user, _, password = login.partition(":")
        path, master, database = _of_path(form, parts.path)
        options = dict(parse_qsl(parts.query, keep_blank_values=True, strict_parsing=bool(parts.query)))
        if form in ("sentinel", "cluster") and options:
            raise ValueError("settings of one client, where there are several")
        return cls(
            form=form,
            tls=tls,
            hosts=_hosts(form, hosts),
            path=path,
            master=master,
            database=int(options.pop("db", database)),
            user=unquote(user) or None,
            password=unquote(password) or None,
            options=options,
        )


def _of_path(form: Form, path: str) -> tuple[str, str, int]:
    """Socket, master and number of the database; ValueError where one is missing or too much."""
    if form == "socket":
        if path in ("", "/"):
            raise ValueError("no path")
        return unquote(path), "", 0
    wanted = {
        "server": r"/?(?P<database>\d*)",
        "sentinel": r"/(?P<master>[\w.-]+)(/(?P<database>\d*))?",
        "cluster": r"/?(?P<database>0?)",
    }
    found = re.fullmatch(wanted[form], path)
    if found is None:
        raise ValueError("not such a path")
    named = found.groupdict()
    return "", named.get("master") or "", int(named.get("database") or 0)


def _hosts(form: Form, netloc: str) -> tuple[tuple[str, int], ...]:
    if form == "socket":
        if netloc:
            raise ValueError("a host before the path of a socket")
        return ()
    hosts = netloc.split(",")
    if form == "server" and len(hosts) > 1:
        raise ValueError("several hosts")
    return tuple(_host(each, _PORTS[form]) for each in hosts)


def _host(text: str, default: int) -> tuple[str, int]:
    found = re.fullmatch(r"(?:\[(?P<six>[0-9a-fA-F:.]+)\]|(?P<name>[\w.-]+))(?::(?P<port>\d{1,5}))?", text)
    if found is None:
        raise ValueError("no host")
    port = int(found["port"]) if found["port"] else default
    if not 0 < port < 65_536:
        raise ValueError("no port")
    return found["six"] or found["name"], port
