"""`relay check` where one file has many companions."""

import os
from pathlib import Path

import pytest

from relay.application.check import Finding
from relay.application.fleet.accounts import accounts, shared_account
from relay.application.fleet.check import check_fleet
from relay.application.settings import Fleet, load_fleet
from relay.errors import ConfigError
from relay.model import Kind
from relay.platforms.discord.info import DISCORD
from relay.platforms.discord.settings import DiscordSection
from relay.platforms.twitch.info import TWITCH
from relay.platforms.twitch.settings import TwitchSection
from tests.application.test_check import models
from tests.processes import relay
from tests.support import PATIENCE

ALL = """
relay.data_dir = "{folder}"
web.port = 0
twitch = {{ enabled = true, client_id = "abc" }}
discord = {{ enabled = true, token = "bot" }}
companions.ann.twitch.channels = ["a", "b"]
companions.ben.twitch.channels = ["c"]
companions.ben.forwarding.kinds.follow.enabled = false
companions.cleo.twitch = {{ channels = ["d"], client_id = "cleo's" }}
companions.cleo.discord.channels = [7]
"""


@pytest.fixture(autouse=True)
def no_hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """How fast the machine is decides no verdict."""
    monkeypatch.setattr("relay.application.check.LIMIT", 10 * PATIENCE)


async def findings(folder: Path, text: str) -> dict[str, Finding]:
    path = folder / "relay.toml"
    path.write_text(f"relay.data_dir = '{folder}'\nweb.port = 0\n{text}", "utf-8")
    return {finding.name: finding async for finding in check_fleet(load_fleet(path))}


def test_companions_with_the_same_login_are_one_account_with_all_their_channels(tmp_path: Path) -> None:
    path = tmp_path / "relay.toml"
    path.write_text(ALL.format(folder=tmp_path), "utf-8")

    found = accounts(load_fleet(path).companions)

    assert [(each.info.name, each.companions, each.section.listened_to()) for each in found] == [
        ("twitch", ("ann", "ben"), ("a", "b", "c")),
        ("twitch", ("cleo",), ("d",)),
        ("discord", ("cleo",), ("7",)),
    ]
    assert isinstance(found[1].section, TwitchSection) and found[1].section.client_id == "cleo's"
    assert isinstance(found[2].section, DiscordSection)
    assert Kind.FOLLOW in found[0].wishes.kinds


def test_who_logs_in_without_a_name_means_the_account_that_all_have(tmp_path: Path) -> None:
    path = tmp_path / "relay.toml"
    path.write_text(ALL.format(folder=tmp_path), "utf-8")
    fleet = load_fleet(path)

    section, _ = shared_account(fleet, DISCORD)
    assert section.listened_to() == ("7",)
    with pytest.raises(ConfigError, match="several accounts of Twitch: name one with --companion, such as ann, cleo"):
        shared_account(fleet, TWITCH)
    with pytest.raises(ConfigError, match="no companion listens to Discord"):
        shared_account(Fleet(fleet.process, {"ann": fleet.companions["ann"]}), DISCORD)


async def test_what_companions_share_is_tried_once_and_what_fails_bears_a_name(tmp_path: Path) -> None:
    async with models(["llama"]) as url:
        found = await findings(
            tmp_path,
            f"companion = {{ brain = 'openai', base_url = '{url}', model = 'llama' }}\n"
            "voice.channels = []\ncompanions.ann = {}\ncompanions.ben = {}\n"
            "companions.cleo.companion.model = 'gpt'\n",
        )

    assert "ann: brain" not in found and "ben: brain" not in found
    assert "gpt" in found["cleo: brain"].line and not found["cleo: brain"].ok
    assert not found["ann: platforms"].ok
    assert "give it channels in [companions.ann.…]" in found["ann: platforms"].line


async def test_a_platform_that_nobody_listens_to_is_told(tmp_path: Path) -> None:
    found = await findings(tmp_path, "discord = { enabled = true, token = 'x' }\ncompanions.ann = {}\n")

    assert "no companion listens there: give one its channels in [companions.NAME.discord]" in found["discord"].line


async def test_a_variable_for_a_companion_that_there_is_not_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RELAY_COMPANIONS__ANN_B__SPEECH__VOLUME", "1")
    assert "environment" not in await findings(tmp_path, "companions.ann-b = {}")

    found = await findings(tmp_path, "companions.ann = {}")
    assert "RELAY_COMPANIONS__ANN_B__SPEECH__VOLUME sets nothing" in found["environment"].line


def test_companions_that_cannot_be_led_together_are_told_so_before_they_are(tmp_path: Path) -> None:
    path = tmp_path / "relay.toml"
    path.write_text('processes.listen = "10.0.0.5:8090"\ncompanions.ann = {}\ncompanions.ben = {}\n', "utf-8")

    assert "port 8090 can be only one companion's" in relay("check", "--config", os.fspath(path)).stderr


def test_commands_take_the_companions_name(tmp_path: Path) -> None:
    path = tmp_path / "relay.toml"
    path.write_text(ALL.format(folder=tmp_path), "utf-8")
    (tmp_path / "ben.audit.jsonl").write_text('{"what": "paused"}\n', "utf-8")
    config = ("--config", os.fspath(path))

    assert "companions: ann, ben, cleo" in relay("where", *config).stdout
    assert "paused" in relay("audit", *config, "--companion", "ben").stdout
    assert "has no companion 'bne'; there are: ann, ben" in relay("ctl", "status", *config, "--companion", "bne").stderr
