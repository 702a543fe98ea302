"""`relay fleet forget`: deletes what Redis and this machine keep of a companion that the settings have no more."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from relay.application.backup import paths_in
from relay.application.settings import Fleet, load_fleet
from relay.bus.connection import RedisConnection
from relay.bus.lease import Lease
from relay.bus.namespace import key_in, namespace_of
from relay.config.companions import TABLE, variable_of
from relay.errors import ConfigError

AT_ONCE: Final = 500
"""Keys that one command deletes: Redis does nothing else meanwhile."""
_FIT: Final = re.compile(r"[A-Za-z0-9_-]{1,40}")


@dataclass(frozen=True)
class KeptOfCompanion:
    """What there is to delete of one."""

    keys: int
    """In Redis."""
    files: tuple[Path, ...]
    """On this machine, in the folder for data, with their whole paths; all of them bear its name."""


async def forget(path: Path, companion: str, confirm: Callable[[KeptOfCompanion], bool]) -> KeptOfCompanion | None:
    """Delete all that is kept of it once that is confirmed, and answer what it was; None where it is not.

    Raises ConfigError for who is in the settings or of whom nothing is kept, and for a file that cannot be deleted,
    InboxTaken for who is led at the moment, and InboxError.
    """
    fleet = load_fleet(path)
    alike = {variable_of(name): name for name in fleet.companions}
    if (name := alike.get(variable_of(companion))) is not None:
        raise ConfigError(f"{name} is in {path}: take [{TABLE}.{name}] out first, and save that")
    if variable_of(companion) == variable_of(fleet.process.relay.name) or not _FIT.fullmatch(companion):
        raise ConfigError(f"{companion} is no companion's name")
    if fleet.process.inbox.engine != "redis":
        raise ConfigError(f"inbox.engine: {fleet.process.inbox.engine}; what Redis has of companions is forgotten here")
    connection = RedisConnection(fleet.process.inbox)
    await connection.open()
    lease = Lease(connection, namespace_of(companion), fleet.process.inbox.lease)
    try:
        keys = await _keys(connection, companion)
        kept = KeptOfCompanion(len(keys), tuple(_files(fleet, companion)))
        if not (kept.keys or kept.files):
            raise ConfigError(f"nothing is kept of a companion {companion}, neither in Redis nor on this machine")
        await lease.acquire()
        if not confirm(kept):
            return None
        await lease.make_sure()
        for start in range(0, len(keys), AT_ONCE):
            await connection.ask(connection.client.unlink, *keys[start : start + AT_ONCE])
        await lease.release()
        await connection.ask(connection.client.unlink, lease.owner_key)
        for file in kept.files:
            _delete(file)
        return kept
    finally:
        await lease.release()
        await connection.close()


def _files(fleet: Fleet, companion: str) -> Iterator[Path]:
    """Those that bear its name, but for what the settings of others name.

    A database is none of them: a fleet has Redis, so one of that name belongs to a relay without, which may be running.
    """
    relay = fleet.process.relay.model_copy(update={"name": companion})
    own = fleet.process.model_copy(update={"relay": relay})
    known = [own.audit_file, own.control_file, own.links_file, own.heartbeat_file]
    older = sorted(own.audit_file.parent.glob(f"{own.audit_file.name}.[0-9]*"))
    configs = (fleet.process, *fleet.companions.values())
    of_others = {place.absolute() for config in configs for _, place in paths_in(config)}
    found = (file.absolute() for file in (*known, *older) if file.is_file())
    yield from (file for file in found if file not in of_others)


def _delete(file: Path) -> None:
    try:
        file.unlink(missing_ok=True)
    except OSError as error:
        raise ConfigError(f"{file} cannot be deleted ({error.strerror}): delete it yourself") from None


async def _keys(connection: RedisConnection, companion: str) -> list[bytes]:
    async def ask() -> list[bytes]:
        found = connection.client.scan_iter(match=key_in(namespace_of(companion), "*"), count=10 * AT_ONCE)
        return [key async for key in found]

    return await connection.ask(ask)
