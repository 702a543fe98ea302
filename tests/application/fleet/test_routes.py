"""Which companion a message belongs to."""

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from relay.application.fleet.routes import Routes
from relay.application.settings import load
from relay.application.settings.fleet import fleet_in
from relay.config.loading import Config
from relay.platforms.twitch.settings import TwitchSection

SHARED = "twitch = { enabled = true, client_id = 'a' }\ndiscord = { enabled = true, token = 'b' }\n"
ALONE = load()
CHANNELS = [f"channel{number}" for number in range(12)]


def routes(text: str) -> Routes:
    return Routes.of(fleet_in(SHARED + text, Path("relay.toml"), {}).companions)


def test_each_message_is_its_channels_companions() -> None:
    found = routes("companions.ann.twitch.channels = ['x', '7']\ncompanions.ben.discord.channels = [7]")

    assert found.companion_of("twitch", "x") == "ann"
    assert found.companion_of("twitch", "7") == "ann"
    assert found.companion_of("discord", "7") == "ben"
    assert found.companion_of("discord", "x") is None


def test_the_closest_name_of_a_place_counts() -> None:
    found = routes("companions.ann.discord.channels = [1]\ncompanions.ben.discord.channels = [2]")

    assert found.companion_of("discord", "9", "2") == "ben"
    assert found.companion_of("discord", "1", "2") == "ann"


def test_a_voice_channel_is_its_companions_too() -> None:
    assert routes("companions.ann.voice.channels = [5]").companion_of("discord", "5") == "ann"


def test_a_platform_that_is_off_brings_nobody_anything() -> None:
    assert routes("companions.ann.twitch = { enabled = false, channels = ['x'] }").companion_of("twitch", "x") is None


@given(owners=st.lists(st.sampled_from(["ann", "ben", "cleo", None]), min_size=12, max_size=12))
def test_every_channel_leads_to_who_claims_it_and_to_nobody_else(owners: list[str | None]) -> None:
    claimed = {name: [c for c, owner in zip(CHANNELS, owners, strict=True) if owner == name] for name in set(owners)}

    found = Routes.of({name: listening_to(channels) for name, channels in claimed.items() if name})

    assert [found.companion_of("twitch", channel) for channel in CHANNELS] == owners
    assert not any(found.companion_of("discord", channel) for channel in CHANNELS)


def listening_to(channels: list[str]) -> Config:
    section = TwitchSection(enabled=True, client_id="a", channels=tuple(channels))
    return ALONE.model_copy(update={"twitch": section})
