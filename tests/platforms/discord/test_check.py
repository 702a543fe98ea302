import re
import time

import pytest
from pydantic import SecretStr

from relay.errors import AuthError, ConfigError, PlatformUnavailable
from relay.platforms.discord.check import check
from tests.doubles.discord import DiscordDouble
from tests.doubles.discord.world import VOICE
from tests.platforms.discord.conftest import section


async def test_a_bot_that_is_ready_is_described_in_one_line(
    discord: DiscordDouble, monkeypatch: pytest.MonkeyPatch
) -> None:
    # an answer that comes late tells an old time
    monkeypatch.setattr("relay.platforms.clock.NOTABLE", 15.0)
    assert await check(section(discord)) == "logged in as relay-bot, intents ok, 1 channel"
    both = (int(discord.channel), int(discord.unlisted))
    assert await check(section(discord, channels=both)) == "logged in as relay-bot, intents ok, 2 channels"


async def test_a_refused_token_is_named_without_being_shown(discord: DiscordDouble) -> None:
    with pytest.raises(AuthError, match=r"discord\.token: .* reset the token") as caught:
        await check(section(discord, token=SecretStr("a-wrong-token")))
    assert "a-wrong-token" not in str(caught.value)


async def test_a_missing_intent_is_named_with_what_to_tick(discord: DiscordDouble) -> None:
    discord.world.application_flags = 0
    with pytest.raises(AuthError, match="tick Message Content Intent"):
        await check(section(discord))


async def test_a_channel_that_does_not_exist_is_named(discord: DiscordDouble) -> None:
    with pytest.raises(ConfigError, match=r"discord\.channels: 404 does not exist"):
        await check(section(discord, channels=(404,)))


async def test_a_channel_the_bot_cannot_see_is_named(discord: DiscordDouble) -> None:
    discord.world.hidden.add(discord.channel)
    with pytest.raises(ConfigError, match=rf"discord\.channels: {discord.channel} is not visible"):
        await check(section(discord))


async def test_a_category_is_no_channel_to_listen_to(discord: DiscordDouble) -> None:
    category = discord.world.add_channel("Text channels", type=4)
    with pytest.raises(ConfigError, match="is no text channel"):
        await check(section(discord, channels=(int(category.id),)))


async def test_the_chat_of_a_voice_channel_will_do(discord: DiscordDouble) -> None:
    voice = discord.world.add_channel("Lounge", type=VOICE)
    assert await check(section(discord, channels=(int(voice.id),)))


@pytest.mark.parametrize("path", ["/users/@me", "/channels/"])
async def test_a_discord_that_fails_is_unavailable(discord: DiscordDouble, path: str) -> None:
    discord.fail_next(path, 503)
    with pytest.raises(PlatformUnavailable, match="503"):
        await check(section(discord))


async def test_a_discord_that_cannot_be_reached_is_unavailable(discord: DiscordDouble) -> None:
    with pytest.raises(PlatformUnavailable):
        await check(section(discord, connect_to="127.0.0.1:1"))


@pytest.mark.parametrize(("offset", "words"), [(-70.0, "ahead of"), (130.0, "behind")])
async def test_a_clock_that_differs_is_told_with_how_much(discord: DiscordDouble, offset: float, words: str) -> None:
    discord.clock.offset = offset
    began = time.monotonic()
    line = await check(section(discord))
    took = time.monotonic() - began
    told = re.search(rf"this computer's clock is (\d+) s {words} Discord's: let the system set it", line)
    assert told is not None and int(told[1]) == pytest.approx(abs(offset), abs=2 + took)
