"""What a newer version has written: every kind of process refuses it, says what to do, and leaves it as it is."""

import asyncio
import sqlite3
import uuid
from contextlib import closing
from pathlib import Path

import pytest

from relay.application.fleet.run import run_fleet
from relay.application.processes.core import run_core
from relay.application.processes.kinds import kinds
from relay.application.processes.run import run_only
from relay.application.settings import load_fleet
from relay.application.statistics import Statistics
from relay.application.watching import Watch
from relay.bus.bus import Bus
from relay.config import InboxSection
from relay.errors import ConfigError
from relay.inbox import scripts
from relay.inbox.build import build
from relay.inbox.tables import LAYOUT
from tests.contracts.samples import message
from tests.doubles.redis_server import RedisServer

WHAT_TO_DO = r"written by a newer .*\(layout {newer}, this one knows {known}\): run that one, or give "
NEWER = pytest.mark.parametrize("by", [1, 2])


class NewerStore:
    """What a relay of another version keeps in Redis of one companion."""

    def __init__(self, server: RedisServer, by: int) -> None:
        self.name = f"ann-{uuid.uuid4().hex[:16]}"
        self.refusal = WHAT_TO_DO.format(newer=scripts.VERSION + by, known=scripts.VERSION)
        self.settings = InboxSection.model_validate({"engine": "redis", "url": server.url})
        self._by = by
        self._server = server

    async def write(self) -> None:
        inbox = build(self.settings, self.name, Path())
        await inbox.open()
        await inbox.append([message(1)])
        await inbox.close()
        with self._server.admin as admin:
            admin.set(f"{{relay:{self.name}}}:version", scripts.VERSION + self._by)

    def all(self) -> dict[str, tuple[str, object]]:
        """Everything there, and also what a process would tell of itself."""
        read = {"hash": "hgetall", "zset": "zrange", "string": "get", "list": "lrange", "stream": "xrange"}
        whole = {"zset": (0, -1), "list": (0, -1)}
        with self._server.admin as admin:
            found = {key: admin.type(key) for key in admin.keys(f"*{self.name}*")}
            return {key: (type, getattr(admin, read[type])(key, *whole.get(type, ()))) for key, type in found.items()}


def fleet_of(store: NewerStore, folder: Path) -> Path:
    """Settings of this companion and another one."""
    path = folder / "relay.toml"
    path.write_text(
        f"relay = {{ name = 'fleet-of-{store.name}', data_dir = '{folder.as_posix()}' }}\n"
        f"inbox = {{ engine = 'redis', url = '{store.settings.url.get_secret_value()}' }}\n"
        "voxta = { mode = 'server', url = 'http://127.0.0.1:9' }\n"
        "twitch = { enabled = true, client_id = 'a' }\n"
        "discord = { enabled = true, token = 'a', connect_to = '127.0.0.1:9' }\n"
        f"companions.{store.name} = {{ twitch.channels = ['ann'], discord.channels = [1] }}\n"
        f"companions.other-{store.name[4:]} = {{ twitch.channels = ['ben'], discord.channels = [2] }}\n",
        "utf-8",
    )
    return path


@NEWER
@pytest.mark.parametrize("kind", kinds())
async def test_one_of_several_processes(redis_server: RedisServer, tmp_path: Path, kind: str, by: int) -> None:
    store = NewerStore(redis_server, by)
    await store.write()
    before, fleet = store.all(), fleet_of(store, tmp_path)

    with pytest.raises(ConfigError, match=store.refusal):
        await run_only(load_fleet(fleet).companions[store.name], [kind])
    assert before and store.all() == before


@NEWER
@pytest.mark.parametrize("kind", kinds())
async def test_a_process_of_a_fleet(redis_server: RedisServer, tmp_path: Path, kind: str, by: int) -> None:
    store = NewerStore(redis_server, by)
    await store.write()
    before, fleet = store.all(), fleet_of(store, tmp_path)

    with pytest.raises(ConfigError, match=store.refusal):
        await run_fleet(fleet, [kind])
    assert before and store.all() == before


@NEWER
async def test_a_core_that_stood_by_while_a_newer_one_led(redis_server: RedisServer, tmp_path: Path, by: int) -> None:
    store = NewerStore(redis_server, by)
    await store.write()
    before, config = store.all(), load_fleet(fleet_of(store, tmp_path)).companions[store.name]

    async with Bus(store.settings, store.name).running() as bus:
        with pytest.raises(ConfigError, match=store.refusal):
            await run_core(config, Statistics(), bus, Watch(1.0, asyncio.Event()))
    assert before and store.all() == before


@NEWER
async def test_one_process_over_redis(redis_server: RedisServer, by: int) -> None:
    store = NewerStore(redis_server, by)
    await store.write()
    before = store.all()

    inbox = build(store.settings, store.name, Path())
    with pytest.raises(ConfigError, match=store.refusal):
        await inbox.open()

    assert before and store.all() == before


@NEWER
async def test_one_process_over_sqlite(tmp_path: Path, by: int) -> None:
    path, settings = tmp_path / "inbox.db", InboxSection()
    inbox = build(settings, "ann", path)
    await inbox.open()
    await inbox.append([message(1)])
    await inbox.close()
    with closing(sqlite3.connect(path)) as file:
        file.execute(f"PRAGMA user_version = {len(LAYOUT.steps) + by}")
    before = {each.name: each.read_bytes() for each in tmp_path.iterdir()}

    refusal = WHAT_TO_DO.format(newer=len(LAYOUT.steps) + by, known=len(LAYOUT.steps))
    with pytest.raises(ConfigError, match=refusal):
        await build(settings, "ann", path).open()

    assert {each.name: each.read_bytes() for each in tmp_path.iterdir()} == before
