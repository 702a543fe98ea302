"""The round trip with the real TwitchIO and discord.py, over either inbox, also when things go wrong on the way."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from relay.application.composition import Relay
from relay.application.describing import condition_of, description_of
from relay.companion.serving.server import CompanionServer
from relay.model import Outcome
from relay.platforms.base import Notes, Platform, PlatformControls, Receive
from relay.platforms.discord import client
from relay.platforms.discord.client import DiscordPlatform
from relay.platforms.twitch.client import TwitchPlatform
from relay.platforms.twitch.settings import TwitchSection
from tests.doubles.discord import DiscordDouble
from tests.doubles.redis_server import RedisServer
from tests.doubles.twitch import TwitchDouble
from tests.end_to_end.stage import heard, relaying, settings
from tests.platforms.discord.conftest import section
from tests.support import PATIENCE, eventually


@pytest.fixture(params=["sqlite", "redis"])
def inbox(request: pytest.FixtureRequest) -> dict[str, Any]:
    """The settings of each inbox engine."""
    if request.param == "sqlite":
        return {"engine": "sqlite"}
    server: RedisServer = request.getfixturevalue("redis_server")
    return {"engine": "redis", "url": server.url}


@pytest.fixture
async def twitch() -> AsyncIterator[TwitchDouble]:
    async with TwitchDouble() as double:
        yield double


@pytest.fixture
async def discord() -> AsyncIterator[DiscordDouble]:
    async with DiscordDouble() as double:
        yield double


MANAGE_GUILD = 1 << 5
"""Discord's permission bit."""


class OnTwitch:
    def __init__(self, double: TwitchDouble, folder: Path, **over: Any) -> None:
        self._double = double
        self._over = over
        self.token_file = double.write_token(folder / "token.json")

    def __call__(self, receive: Receive, *_: object) -> Sequence[Platform]:
        settings = TwitchSection.model_validate(self._double.settings(reconcile_every=0.2, **self._over))
        return [TwitchPlatform(settings, self.token_file, receive)]


class OnDiscord:
    def __init__(self, double: DiscordDouble) -> None:
        self._double = double

    def __call__(self, receive: Receive, controls: PlatformControls, notes: Notes) -> Sequence[Platform]:
        return [DiscordPlatform(section(self._double), receive, controls, notes, look_back=120.0)]


async def test_a_twitch_chatter_is_answered_in_reply(
    tmp_path: Path, inbox: dict[str, Any], companion: CompanionServer, twitch: TwitchDouble
) -> None:
    config = settings(tmp_path, inbox=inbox)
    async with relaying(config, companion.url, OnTwitch(twitch, tmp_path)) as (relay, statistics):
        await twitch.wait_subscribed()
        asked = await twitch.chat("hello @streamer", author="ann")
        [post] = await twitch.wait_for_posts(1)
        await twitch.raid("bob", viewers=42)
        await twitch.follow("cleo")
        await eventually(lambda: len(statistics.outcomes) == 1 and statistics.outcomes[Outcome.FORWARDED] == 3)
        told = list(heard(relay))

    assert post.reply_to == asked
    assert post.text == 'You said: Ann (Twitch): "hello @streamer"'
    assert sorted(told[1:]) == ["Bob is raiding the stream with 42 viewers.", "Cleo just followed on Twitch."]


async def test_on_twitch_a_dropped_socket_a_duplicate_a_429_and_an_expired_token_lose_and_double_nothing(
    tmp_path: Path, inbox: dict[str, Any], companion: CompanionServer, twitch: TwitchDouble
) -> None:
    config = settings(tmp_path, inbox=inbox)
    async with relaying(config, companion.url, OnTwitch(twitch, tmp_path)) as (relay, statistics):
        await twitch.wait_subscribed()
        await twitch.chat("one", author="ann", repeat_as="same")
        await twitch.chat("one", author="ann", id="chat-again", repeat_as="same")
        await twitch.wait_for_posts(1)

        twitch.fail_next("chat/messages", 429)
        await twitch.chat("two", author="bob")
        await twitch.wait_for_posts(2)

        twitch.expire_token()
        await twitch.chat("three", author="cleo")
        await twitch.wait_for_posts(3)

        await twitch.drop_socket()
        await twitch.wait_subscribed()
        await twitch.chat("four", author="dan")
        await twitch.wait_for_posts(4)
        await relay.quiet(empty=True)

    assert [post.text.split('"')[1] for post in twitch.posts] == ["one", "two", "three", "four"]
    assert statistics.outcomes == {Outcome.FORWARDED: 4}


async def test_a_discord_member_is_answered_in_reply(
    tmp_path: Path, inbox: dict[str, Any], companion: CompanionServer, discord: DiscordDouble
) -> None:
    async with relaying(settings(tmp_path, inbox=inbox), companion.url, OnDiscord(discord)) as (relay, _):
        await discord.wait_ready()
        asked = await discord.say("hello", author="ann")
        await discord.wait_for_posts(1)
        await discord.ask("what is this?", author="bob")
        await discord.wait_for_posts(2)
        status = await discord.command("relay status", author="owner", permissions=MANAGE_GUILD)
        told = list(heard(relay))

    assert discord.rest.typing == [discord.channel] * 2
    first, second = discord.posts
    assert (first.reference, first.text) == (asked, 'You said: ann (Discord): "hello"')
    assert second.text == '> **bob**: what is this?\nYou said: bob (Discord) asks: "what is this?"'
    assert told == ['ann (Discord): "hello"', 'bob (Discord) asks: "what is this?"']
    assert "Voxta: in a chat with Vox" in status.text


async def test_on_discord_a_dropped_socket_a_429_and_a_lost_answer_lose_and_double_nothing(
    tmp_path: Path, inbox: dict[str, Any], companion: CompanionServer, discord: DiscordDouble
) -> None:
    async with relaying(settings(tmp_path, inbox=inbox), companion.url, OnDiscord(discord)) as (relay, statistics):
        await discord.wait_ready()
        await discord.say("one", author="ann")
        await discord.wait_for_posts(1)

        discord.fail_next(f"{discord.channel}/messages", 429)
        await discord.say("two", author="bob")
        await discord.wait_for_posts(2)

        await discord.drop_socket()
        await discord.say("three", author="cleo")
        await discord.wait_for_posts(3)

        discord.fail_next(f"{discord.channel}/messages", 503)
        await discord.say("four", author="dan")
        await discord.wait_for_posts(4)
        await relay.quiet(empty=True)

    assert [post.text.split('"')[1] for post in discord.posts] == ["one", "two", "three", "four"]
    assert statistics.outcomes == {Outcome.FORWARDED: 4}


async def noted(relay: Relay, id: str) -> None:
    """Until it is remembered that nothing up to this message was missed."""
    async with asyncio.timeout(PATIENCE):
        while int(await relay.inbox.get_note(client.NOTE_KNOWN) or 0) < int(id):  # noqa: ASYNC110 - a store has no events
            await asyncio.sleep(0.01)


@pytest.mark.parametrize("ahead", [70.0, 130.0, -130.0])
async def test_a_clock_that_differs_from_discords_lets_nothing_expire(
    tmp_path: Path, companion: CompanionServer, discord: DiscordDouble, ahead: float
) -> None:
    discord.clock.offset = -ahead
    async with relaying(settings(tmp_path), companion.url, OnDiscord(discord)) as (relay, statistics):
        await discord.wait_ready()
        await discord.say("are you there?", mention_bot=True)
        await discord.say("just chatting", author="bob")
        await discord.wait_for_posts(2)
        await relay.quiet(empty=True)

    assert statistics.outcomes == {Outcome.FORWARDED: 2}


async def test_what_was_written_on_discord_while_the_relay_was_away_is_answered_while_it_is_worth_it(
    tmp_path: Path,
    inbox: dict[str, Any],
    companion: CompanionServer,
    discord: DiscordDouble,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(client, "NOTE_EVERY", 0.01)
    discord.gateway.starts.per = 0.0
    config = settings(tmp_path, inbox=inbox)
    async with relaying(config, companion.url, OnDiscord(discord)) as (relay, _):
        await discord.wait_ready()
        await discord.say("one")
        last = await discord.say("two", author="bob")
        await discord.wait_for_posts(2)
        await relay.quiet(empty=True)
        await noted(relay, last)
    await discord.say("too late to be answered", mention_bot=True, author="cleo")
    discord.clock.advance(70)
    await discord.say("still fresh", mention_bot=True, author="dan")
    discord.clock.advance(30)
    async with relaying(config, companion.url, OnDiscord(discord)) as (relay, statistics):
        await discord.wait_for_posts(3)
        await relay.quiet(empty=True)

    assert [post.text.split('"')[1] for post in discord.posts] == ["one", "two", "@relay-bot still fresh"]
    assert statistics.outcomes == {Outcome.FORWARDED: 1, Outcome.EXPIRED: 1}


async def test_a_twitch_login_that_is_revoked_costs_twitch_alone_until_somebody_logs_in_again(
    tmp_path: Path, companion: CompanionServer, twitch: TwitchDouble, discord: DiscordDouble
) -> None:
    on_twitch, on_discord = OnTwitch(twitch, tmp_path), OnDiscord(discord)
    config = settings(tmp_path, inbox={"engine": "sqlite"})

    def both(receive: Receive, controls: PlatformControls, notes: Notes) -> Sequence[Platform]:
        return [*on_twitch(receive), *on_discord(receive, controls, notes)]

    async with relaying(config, companion.url, both) as (relay, _):
        await twitch.wait_subscribed()
        await discord.wait_ready()
        twitch.withdraw_login()
        await eventually(lambda: not relay.supervisor.is_well)
        status, health = await description_of(relay), condition_of(relay)
        await discord.say("still there?", author="ann")
        posts = [post.text for post in await discord.wait_for_posts(2)]

        twitch.log_in_again()
        twitch.write_token(on_twitch.token_file)
        await twitch.wait_subscribed()
        await twitch.chat("and me?", author="bob")
        await twitch.wait_for_posts(1)
        await discord.wait_for_posts(3)

    assert "Twitch: stopped: Twitch no longer accepts the saved login: run `relay auth twitch`" in status
    assert "Discord: connected" in status
    assert health.startswith("Twitch: stopped: ")
    assert posts == [
        "Twitch has stopped and needs the streamer. Moderators: ask for the status.",
        'You said: ann (Discord): "still there?"',
    ]
    assert [post.text for post in twitch.posts] == ['You said: Bob (Twitch): "and me?"']
    assert discord.posts[-1].text == "Twitch is back."
