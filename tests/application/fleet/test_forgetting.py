"""What is left in Redis of companions that were taken out of the settings."""

import uuid
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from relay.application.fleet.forgetting import forget
from relay.errors import ConfigError, InboxTaken
from relay.inbox.redis import RedisInbox
from tests.contracts.samples import message
from tests.doubles.redis_server import RedisServer, connection_to
from tests.support import PATIENCE


@pytest.fixture
def name() -> str:
    return f"old-{uuid.uuid4().hex[:8]}"


@pytest.fixture
def path(tmp_path: Path, redis_server: RedisServer) -> Path:
    file = tmp_path / "relay.toml"
    file.write_text(
        f'[relay]\nname = "agency"\n[inbox]\nengine = "redis"\nurl = "{redis_server.url}"\n'
        '[twitch]\nclient_id = "abc"\n[companions.ann.twitch]\nenabled = true\nchannels = ["ann"]\n',
        "utf-8",
    )
    return file


@pytest.fixture
async def inbox(redis_server: RedisServer, name: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[RedisInbox]:
    """The companion's, with a message that waits."""
    monkeypatch.setattr("relay.bus.renewals.RENEWALS", 300)  # who wants it waits for a sign of life
    inbox = inbox_of(redis_server, name)
    await inbox.open()
    await inbox.append([message(1)])
    yield inbox
    await inbox.close()


def inbox_of(server: RedisServer, name: str) -> RedisInbox:
    return RedisInbox(connection_to(server.url, PATIENCE), namespace=f"relay:{name}", max_count=1_000, lease=60.0)


async def waiting(server: RedisServer, name: str) -> int:
    inbox = inbox_of(server, name)
    await inbox.open(to_look=True)
    try:
        return await inbox.waiting()
    finally:
        await inbox.close()


async def test_all_of_it_is_deleted_and_nothing_of_another(
    path: Path, inbox: RedisInbox, name: str, redis_server: RedisServer
) -> None:
    await inbox.close()
    other = inbox_of(redis_server, f"{name}-2")
    await other.open()
    await other.append([message(1)])
    await other.close()

    kept = await forget(path, name, lambda _: True)

    assert kept is not None and kept.keys > 1
    assert (await waiting(redis_server, name), await waiting(redis_server, f"{name}-2")) == (0, 1)
    with pytest.raises(ConfigError, match="nothing is kept of"):
        await forget(path, name, lambda _: True)


async def test_nothing_is_deleted_unless_it_is_confirmed(
    path: Path, inbox: RedisInbox, name: str, redis_server: RedisServer
) -> None:
    await inbox.close()

    assert await forget(path, name, lambda _: False) is None

    assert await waiting(redis_server, name) == 1


async def test_its_files_go_as_well_and_those_of_others_stay(
    path: Path, name: str, redis_server: RedisServer, tmp_path: Path
) -> None:
    theirs = [f"{name}{end}" for end in (".alive", ".audit.jsonl", ".audit.jsonl.1", ".control", ".links.json")]
    databases = [f"{name}{end}" for end in (".db", ".db-wal", ".memory.db", ".memory.db-wal")]
    others = [f"{name}-2.alive", f"{name}.notes", "twitch-token.json", *databases]
    for file in (*theirs, *others):
        (tmp_path / file).touch()
    shared = f'data_dir = "{tmp_path}"\n'
    path.write_text(path.read_text("utf-8").replace("[relay]\n", f"[relay]\n{shared}"), "utf-8")

    assert await forget(path, name, lambda _: False) is None
    assert all((tmp_path / file).exists() for file in theirs)
    kept = await forget(path, name, lambda _: True)

    assert kept is not None and set(kept.files) == {tmp_path / file for file in theirs}
    assert {file.name for file in tmp_path.iterdir()} == {*others, path.name}
    with redis_server.admin as admin:
        assert admin.keys(f"{{relay:{name}}}:*") == []


@pytest.mark.usefixtures("inbox")
async def test_one_that_is_led_is_left_alone(path: Path, name: str) -> None:
    with pytest.raises(InboxTaken, match="in use by another relay"):
        await forget(path, name, lambda _: True)


@pytest.mark.parametrize(
    ("companion", "why"),
    [
        ("ann", r"take \[companions.ann\] out first"),
        ("Ann", r"take \[companions.ann\] out first"),
        ("agency", "no companion"),
        ("Agency", "no companion"),
        ("*", "no companion"),
    ],
)
async def test_what_is_no_removed_companion_is_refused(path: Path, companion: str, why: str) -> None:
    with pytest.raises(ConfigError, match=why):
        await forget(path, companion, lambda _: True)
