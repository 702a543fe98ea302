"""What scenarios may do is what the settings can allow and what is documented, argument by argument."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import get_args

import pytest

from relay.acts import Act
from relay.application.composition import Relay
from relay.application.settings import load
from relay.application.statistics import Statistics
from relay.config.connections import ActName
from relay.platforms.base import Notes, Platform, PlatformControls, Receive
from relay.platforms.discord.client import DiscordPlatform
from relay.platforms.discord.info import DISCORD
from relay.platforms.twitch.client import TwitchPlatform
from relay.platforms.twitch.info import TWITCH

PAGE = Path(__file__).parents[2] / "docs" / "scenarios.md"


@pytest.fixture
async def acts(tmp_path: Path) -> dict[str, Act]:
    """Those of a relay with everything."""
    has = {"enabled": True}
    config = load(None, obs=has, vtube_studio=has, memory=has, relay={"data_dir": str(tmp_path)})

    def platforms(receive: Receive, controls: PlatformControls, notes: Notes) -> Sequence[Platform]:
        return [
            TwitchPlatform(TWITCH.settings(config), tmp_path / "token.json", receive),
            DiscordPlatform(DISCORD.settings(config), receive, controls, notes, look_back=120.0),
        ]

    return Relay(config, platforms, voxta_url="http://localhost", statistics=Statistics()).scenario.executor.acts


def documented() -> dict[str, list[str]]:
    """The acts of the page's table, with their arguments in order."""
    table = PAGE.read_text("utf-8").split("## What the relay adds")[1].split("\n## ")[0]
    rows = [line.split(" | ") for line in table.splitlines() if re.match(r"\| `[\w.]+` \|", line)]
    return {row[0].strip("| `"): re.findall(r"`(\w+)`", row[1]) for row in rows}


def test_the_settings_can_allow_every_act_and_nothing_else(acts: dict[str, Act]) -> None:
    assert set(acts) == set(get_args(ActName))


def test_every_act_is_documented_with_its_arguments_in_order(acts: dict[str, Act]) -> None:
    assert documented() == {name: list(act.arguments.model_fields) for name, act in acts.items()}
