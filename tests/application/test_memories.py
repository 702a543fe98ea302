"""What the streamer sees, moves and deletes of what is remembered."""

import json
from pathlib import Path

import pytest

from relay.application import memories
from relay.config.loading import Config
from relay.errors import ConfigError
from relay.memory.build import build_store
from relay.memory.records import Acquaintance, linked
from tests.contracts.remembering import known, put
from tests.doubles.redis_server import RedisServer
from tests.end_to_end.stage import settings

ANN = known("twitch:1", "likes chess", name="Ann")
ANNIE = known("discord:2", "has a cat", name="Annie", last_seen=2_000.0)
BOB = known("twitch:3", name="Bob")


async def remember(config: Config, *people: Acquaintance) -> None:
    store = build_store(config)
    await store.open()
    await put(store, *people)
    await store.close()


@pytest.fixture
async def config(tmp_path: Path) -> Config:
    made = settings(tmp_path)
    await remember(made, *linked([ANN, ANNIE]).values(), BOB)
    return made


@pytest.mark.parametrize("viewer", ["ann", "@Ann", "twitch:1", "discord:2"])
async def test_people_are_found_by_name_and_by_any_account(config: Config, viewer: str) -> None:
    shown = await memories.show(config, viewer)

    assert "(discord:2, twitch:1)" in shown
    assert "Noted: likes chess.\nNoted: has a cat." in shown


async def test_deleting_takes_all_accounts_and_nobody_else(config: Config) -> None:
    assert await memories.delete(config, "annie") == "forgotten: discord:2, twitch:1"

    with pytest.raises(ConfigError, match="nobody called Ann"):
        await memories.show(config, "Ann")
    assert "(twitch:3)" in await memories.show(config, "Bob")
    assert b"chess" not in config.memory_path.read_bytes()


async def test_of_two_with_one_name_neither_is_deleted(config: Config) -> None:
    await remember(config, known("discord:9", name="BOB"))

    with pytest.raises(ConfigError, match=r"name one: .*discord:9"):
        await memories.delete(config, "bob")
    assert (await memories.show(config, "bob")).count("\n\n") == 1


async def test_what_is_exported_from_a_file_comes_back_in_redis(
    config: Config, tmp_path: Path, redis_server: RedisServer
) -> None:
    file = tmp_path / "people.json"
    other = settings(tmp_path, inbox={"engine": "redis", "url": redis_server.url})

    assert await memories.export(config, file) == f"3 accounts are in {file}"
    assert file.stat().st_mode & 0o077 == 0
    read = json.loads(file.read_text("utf-8"))
    assert read.keys() == {"version", "relay", "at", "people"}
    assert {person["viewer"] for person in read["people"]} == {"twitch:1", "discord:2", "twitch:3"}

    await memories.take_in(other, file)
    assert await memories.show(other, "Ann") == await memories.show(config, "Ann")
    await memories.export(other, file)
    assert sorted(map(str, json.loads(file.read_text("utf-8"))["people"])) == sorted(map(str, read["people"]))


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("no json", "is no export"),
        ("[]", "is no export"),
        ('{"version": 9, "people": []}', "another version"),
        ('{"version": 1, "people": [{"viewer": 1}]}', "is no export"),
    ],
)
async def test_a_file_that_is_no_export_is_named_and_changes_nothing(
    config: Config, tmp_path: Path, text: str, problem: str
) -> None:
    (tmp_path / "people.json").write_text(text)

    with pytest.raises(ConfigError, match=rf"people\.json: .*{problem}"):
        await memories.take_in(config, tmp_path / "people.json")


async def test_looking_makes_no_file_where_nothing_was_remembered(tmp_path: Path) -> None:
    config = settings(tmp_path)

    with pytest.raises(ConfigError, match="nothing is remembered"):
        await memories.show(config, "Ann")
    assert not config.memory_path.exists()


def test_settings_that_would_remember_nothing_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"scenario\.allow has \['remember'\].*memory\.enabled = true"):
        settings(tmp_path, scenario={"allow": ["remember"]})
    with pytest.raises(ConfigError, match=r"memory\.summaries needs a model"):
        settings(tmp_path, memory={"enabled": True, "summaries": True})
