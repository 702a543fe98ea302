"""`relay rewards`: what viewers can spend points on, asked of Twitch through the real TwitchIO."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from relay.application import check as checks
from relay.application import offers
from relay.application.settings import load
from relay.config.loading import Config
from relay.errors import ConfigError
from relay.model import Kind
from relay.platforms.info import PlatformWishes
from tests.doubles.twitch import SCOPES, TwitchDouble
from tests.doubles.twitch.state import Reward

MANAGE = "channel:manage:redemptions"
TELL = {"send_as": "user", "template": "{author} asks{quote}"}
OFFER = {"cost": 300, "prompt": "What?"}


@pytest.fixture
async def twitch() -> AsyncIterator[TwitchDouble]:
    async with TwitchDouble(scopes=(*SCOPES, MANAGE)) as double:
        yield double


def settings(twitch: TwitchDouble, folder: Path, *rewards: dict[str, Any]) -> Config:
    token = twitch.write_token(folder / "token.json")
    return load(None, twitch=twitch.settings(token_file=token), rewards=rewards, relay={"data_dir": str(folder)})


async def test_rewards_are_listed_with_what_the_settings_say_of_each(twitch: TwitchDouble, tmp_path: Path) -> None:
    hydrate = twitch.state.rewards["Hydrate"] = Reward("Hydrate", is_ours=False)
    ask = twitch.state.rewards["Ask"] = Reward("Ask", is_ours=True, cost=300, is_paused=True)
    sing = twitch.state.rewards["Sing"] = Reward("Sing", is_ours=True, is_enabled=False)
    config = settings(
        twitch,
        tmp_path,
        {"reward": "ask", "tell": TELL},
        {"reward": sing.id},
        {"reward": "Honk", "answer": "Honk!", "create": OFFER},
        {"reward": "Hydrat", "answer": "Drink!"},
    )

    assert [line async for line in offers.overview(config)] == [
        "Twitch:",
        f"  Hydrate (100, id {hydrate.id}): not made by the relay, so it can neither fulfil nor refund nor pause it; "
        "told as all redemptions are",
        f"  Ask (300, id {ask.id}): made by the relay; paused; the settings say tell",
        f"  Sing (100, id {sing.id}): made by the relay; turned off; the settings say to do nothing",
        "  Honk: in the settings only; `relay rewards create` makes it",
        "  Hydrat: in the settings only; check the title, or give it create = {…}",
    ]


async def test_what_the_settings_offer_is_created_once(twitch: TwitchDouble, tmp_path: Path) -> None:
    twitch.state.rewards["Hydrate"] = Reward("Hydrate", is_ours=False)
    entries = [{"reward": title, "tell": TELL, "create": OFFER} for title in ("Ask", "Hydrate", "x" * 46)]
    config = settings(twitch, tmp_path, *entries, {"reward": "Sing"})

    first = [line async for line in offers.create(config)]
    second = [line async for line in offers.create(config)]

    assert first == [
        "created Ask for 300 points",
        "Hydrate is there already, but not made by the relay, so it can neither fulfil nor refund nor pause it: "
        "delete it on the platform, and run this again",
        f"{'x' * 46} was not created: the reward '{'x' * 46}' has 46 characters: Twitch takes 45 at most",
    ]
    assert second[0] == "Ask is there already"
    assert [title for title, reward in twitch.state.rewards.items() if reward.is_ours] == ["Ask"]


async def test_viewers_are_asked_to_write_where_the_settings_use_it_and_nowhere_else(
    twitch: TwitchDouble, tmp_path: Path
) -> None:
    price = {"cost": 300}
    entries: list[dict[str, Any]] = [
        {"reward": "Ask", "tell": TELL, "create": price},
        {"reward": "Say this", "act": {"name": "speak", "arguments": {"text": "{text}"}}, "create": price},
        {"reward": "Count", "count": "honks", "answer": "{author} honks", "create": OFFER},
        {"reward": "Confetti", "script": "confetti", "create": price},
        {"reward": "Wish", "script": "wish", "create": OFFER},
        {"reward": "By hand", "create": OFFER},
    ]
    _ = [line async for line in offers.create(settings(twitch, tmp_path, *entries))]

    assert [reward.title for reward in twitch.state.rewards.values() if reward.needs_text] == [
        "Ask",
        "Say this",
        "Wish",
        "By hand",
    ]


async def test_nothing_to_offer_is_said(twitch: TwitchDouble, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"add create = \{ cost = 300 \} to one"):
        _ = [line async for line in offers.create(settings(twitch, tmp_path, {"reward": "Ask"}))]


async def test_without_a_platform_that_has_rewards_it_says_which_have(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="enable twitch"):
        _ = [line async for line in offers.overview(load(None, relay={"data_dir": str(tmp_path)}))]


async def findings(config: Config) -> dict[str, tuple[bool, str]]:
    return {finding.name: (finding.ok, finding.line) async for finding in checks.check(config)}


async def test_the_check_counts_rewards_and_names_what_is_missing(twitch: TwitchDouble, tmp_path: Path) -> None:
    twitch.state.rewards["Ask"] = Reward("Ask", is_ours=True)
    config = settings(twitch, tmp_path, {"reward": "Ask", "tell": TELL}, {"reward": "Honk", "create": OFFER})

    assert (await findings(config))["twitch rewards"] == (
        True,
        "1 rewards, 1 made by the relay; Honk: in the settings only; `relay rewards create` makes it",
    )


async def test_the_check_says_when_the_login_may_not_settle_rewards(twitch: TwitchDouble, tmp_path: Path) -> None:
    twitch.state.grant.scopes = SCOPES
    found = await findings(settings(twitch, tmp_path, {"reward": "Ask", "tell": TELL}))

    assert found["twitch rewards"] == (
        False,
        f"the Twitch login of streamer lacks {MANAGE}: run `relay auth twitch`",
    )
    assert "twitch rewards" not in await findings(settings(twitch, tmp_path))


def test_a_login_is_asked_only_for_what_the_settings_use() -> None:
    assert (PlatformWishes.of(load()).acts, PlatformWishes.of(load()).rewards) == ((), False)
    clip = {"reward": "Clip it", "act": {"name": "clip"}}
    quiet = {"kinds": {"redemption": {"enabled": False}}}
    wishes = PlatformWishes.of(load(None, rewards=[clip], scenario={"allow": ["poll"]}, forwarding=quiet))

    assert (wishes.acts, wishes.rewards) == (("poll", "clip"), True)
    assert Kind.REDEMPTION in wishes.kinds, "a reward with an entry is heard of, even where others are not told"
