"""Viewers' commands in a running relay, from the chat of the real TwitchIO to the posted answer."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from relay.application.adopting import adopt
from relay.companion.serving.server import CompanionServer
from relay.model import Outcome
from relay.platforms.discord import commands as slash_commands
from relay.system import clock
from tests.doubles.discord import DiscordDouble
from tests.doubles.twitch import TwitchDouble
from tests.end_to_end.stage import EchoBrain, heard, relaying, settings
from tests.end_to_end.test_platforms import OnDiscord, OnTwitch
from tests.support import eventually

OWN: list[dict[str, Any]] = [
    {"name": "lurk", "answer": "Enjoy the lurk, {author}!", "summary": "Say that you are here"},
    {"name": "deaths", "count": "deaths", "answer": "{count} deaths so far."},
    {
        "name": "hug",
        "parameters": [{"name": "whom", "type": "viewer"}],
        "tell": {"send_as": "event", "template": "{author} hugs {whom}."},
    },
]


@pytest.fixture
async def twitch() -> AsyncIterator[TwitchDouble]:
    async with TwitchDouble() as double:
        yield double


@pytest.fixture
async def discord() -> AsyncIterator[DiscordDouble]:
    async with DiscordDouble() as double:
        yield double


async def test_a_viewer_asks_and_the_relay_answers_what_it_can_itself(
    tmp_path: Path, companion: CompanionServer, twitch: TwitchDouble
) -> None:
    config = settings(tmp_path, commands={"own": OWN})
    async with relaying(config, companion.url, OnTwitch(twitch, tmp_path)) as (relay, statistics):
        await twitch.wait_subscribed()
        await twitch.chat("!ask what is up?", author="ann")
        await twitch.wait_for_posts(1)
        lurking = await twitch.chat("!lurk", author="bob")
        await twitch.wait_for_posts(2)
        await twitch.chat("!help lurk", author="bob")
        await twitch.wait_for_posts(3)
        await twitch.chat("!commands", author="cleo")
        await twitch.wait_for_posts(4)
        await twitch.chat("!hug", author="cleo")
        await twitch.wait_for_posts(5)
        await twitch.chat("!hug @ann", author="cleo")
        await twitch.wait_for_posts(6)
        await twitch.chat("!uptime", author="cleo")
        await eventually(lambda: statistics.outcomes.total() == 7)
        told = list(heard(relay))

    assert told == ['Ann (Twitch) asks: "what is up?"', "Cleo hugs ann."]
    assert [post.text for post in twitch.posts] == [
        'You said: Ann (Twitch) asks: "what is up?"',
        "Enjoy the lurk, Bob!",
        "Use: !lurk (Say that you are here)",
        "Commands: !lurk !deaths !hug !ask !commands !queue !why !quiet !listen !forget !companion",
        "WHOM is missing. Use: !hug WHOM",
        "You said: Cleo hugs ann.",
    ]
    assert twitch.posts[1].reply_to == lurking
    assert statistics.outcomes == {Outcome.FORWARDED: 2, Outcome.ANSWERED: 3, Outcome.REJECTED: 2}
    assert statistics.reasons[Outcome.REJECTED, "a command for a bot"] == 1


async def test_bits_buy_a_command_and_a_cheer_that_pays_too_little_is_still_a_cheer(
    tmp_path: Path, companion: CompanionServer, twitch: TwitchDouble
) -> None:
    sound = {"name": "sound", "bits": 100, "answer": "Played for {author}."}
    config = settings(tmp_path, commands={"own": [sound]})
    async with relaying(config, companion.url, OnTwitch(twitch, tmp_path)) as (relay, statistics):
        await twitch.wait_subscribed()
        await twitch.cheer("ann", bits=100, text="!sound")
        await twitch.wait_for_posts(1)
        await twitch.cheer("bob", bits=50, text="!sound")
        await eventually(lambda: statistics.outcomes.total() == 2)
        await twitch.wait_for_posts(3)
        told = list(heard(relay))

    assert told == ['Bob cheered 50 bits: "!sound"']
    assert {post.text for post in twitch.posts} >= {"Played for Ann.", "Cheer 100 bits with it: !sound costs so many."}


async def test_what_a_muted_viewer_or_a_filter_keeps_out_is_not_carried_out(
    tmp_path: Path, companion: CompanionServer, twitch: TwitchDouble
) -> None:
    echo = {"name": "echo", "answer": "{text}"}
    config = settings(tmp_path, commands={"own": [echo]}, filters={"blocked_viewers": ["Bob"]})
    async with relaying(config, companion.url, OnTwitch(twitch, tmp_path)) as (relay, statistics):
        await twitch.wait_subscribed()
        await twitch.chat("!echo hello", author="bob")
        await twitch.chat("!echo visit evil.example/now", author="cleo")
        await twitch.chat("!echo hello", author="ann")
        await twitch.wait_for_posts(1)
        await relay.quiet(empty=True)

    assert [post.text for post in twitch.posts] == ["hello"]
    assert statistics.outcomes == {Outcome.ANSWERED: 1, Outcome.REJECTED: 2}


async def test_a_counter_goes_on_after_a_restart(
    tmp_path: Path, companion: CompanionServer, twitch: TwitchDouble
) -> None:
    config = settings(tmp_path, commands={"own": OWN})
    for author in ("ann", "bob"):
        async with relaying(config, companion.url, OnTwitch(twitch, tmp_path)):
            before = len(twitch.posts)
            await twitch.wait_subscribed()
            await twitch.chat("!deaths", author=author)
            await twitch.wait_for_posts(before + 1)

    assert [post.text for post in twitch.posts] == ["1 deaths so far.", "2 deaths so far."]


async def test_discord_offers_the_same_commands_in_chat_and_as_slash_commands(
    tmp_path: Path, companion: CompanionServer, discord: DiscordDouble
) -> None:
    config = settings(tmp_path, commands={"own": [*OWN, {"name": "once", "answer": "Once.", "viewer_cooldown": 60.0}]})
    async with relaying(config, companion.url, OnDiscord(discord)) as (relay, statistics):
        await discord.wait_ready()
        written = await discord.say("!deaths", author="ann")
        await discord.wait_for_posts(1)
        counted = await discord.command("deaths", author="bob")
        first, again = [await discord.command("once", author="bob") for _ in range(2)]
        hugged = await discord.command("hug", author="bob", whom=discord.person("ann", nick="Annie").id)
        await discord.wait_for_posts(2)
        listed = await discord.command("commands", author="bob", name="deaths")
        await relay.quiet(empty=True)
        told = list(heard(relay))

    reply, answer = discord.posts
    assert (reply.text, reply.reference) == ("1 deaths so far.", written)
    assert (counted.text, counted.ephemeral) == ("2 deaths so far.", False)
    assert (first.text, again.ephemeral) == ("Once.", True) and "once" in again.text
    assert told == ["bob hugs Annie."] and hugged.text.startswith("Asked!")
    assert answer.text == '> **bob**: !hug "Annie"\nYou said: bob hugs Annie.'
    assert listed.ephemeral and listed.text.startswith("Use: !deaths")
    assert statistics.outcomes == {Outcome.FORWARDED: 1, Outcome.ANSWERED: 4, Outcome.REJECTED: 1}


async def test_a_command_that_is_changed_counts_at_once_in_chat_and_on_discord(
    tmp_path: Path, companion: CompanionServer, discord: DiscordDouble, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(slash_commands, "SETTLES_IN", 0.0)
    rare = {"name": "rare", "answer": "Rare.", "per_stream": 1, "viewer_cooldown": 0}
    config = settings(tmp_path, commands={"own": [rare, {"name": "gone", "answer": "Bye."}]})
    async with relaying(config, companion.url, OnDiscord(discord)) as (relay, _):
        await discord.wait_ready()
        await discord.command("rare", author="ann")

        own = [rare | {"answer": "Rarer."}, {"name": "wave", "answer": "Hi, {author}!"}]
        await adopt(relay, settings(tmp_path, commands={"own": own}))

        await discord.signal.wait_until(lambda: "gone" not in _offered(discord), "commands that are not changed")
        waved, again = [await discord.command(name, author="bob") for name in ("wave", "rare")]

    assert "wave" in _offered(discord)
    assert waved.text == "Hi, bob!"
    assert again.text == "Used as often as one stream allows: !rare."


def _offered(discord: DiscordDouble) -> set[str]:
    return {each["name"] for each in discord.interactions.commands}


async def test_a_cooldown_counts_from_the_end_of_the_answer_if_it_is_to(
    tmp_path: Path, companion: CompanionServer, twitch: TwitchDouble, brain: EchoBrain
) -> None:
    roast = {"name": "roast", "cooldown": 600, "cooldown_from": "speech"}
    roast |= {"tell": {"send_as": "event", "template": "Roast {author}."}}
    config = settings(tmp_path, commands={"own": [roast]})
    async with relaying(config, companion.url, OnTwitch(twitch, tmp_path)) as (relay, _):
        await twitch.wait_subscribed()
        brain.may_answer.clear()
        await twitch.chat("!roast", author="ann")
        await eventually(lambda: bool(brain.asked))
        await twitch.chat("!roast", author="bob")
        await twitch.wait_for_posts(1)
        brain.may_answer.set()
        await twitch.wait_for_posts(2)
        await relay.quiet(empty=True)
        left = relay.commands.gate._cooldowns._rests["roast", ""] - clock.now()

    assert [post.text for post in twitch.posts] == ["Ready again in 25 min: !roast.", "You said: Roast Ann."]
    assert 590 < left <= 600
