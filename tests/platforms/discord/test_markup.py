from datetime import UTC, datetime

import pytest

from relay.platforms.discord.client import DiscordPlatform
from relay.platforms.discord.markup import Names, readable
from tests.doubles.discord import DiscordDouble
from tests.platforms.discord.conftest import Store

NOW = datetime(2021, 4, 20, 16, 20, 30, tzinfo=UTC)
"""1618935630 as a Unix time."""


def shown(text: str) -> str:
    return readable(text, Names(None, NOW))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("<@1> <@!1>", "@someone @someone"),
        ("<@&2> <#3>", "@role #channel"),
        ("<:kappa:123> <a:dance:456>", ":kappa: :dance:"),
        ("</ask:789> </relay status:789>", "/ask /relay status"),
        ("<id:customize> <id:guide> <id:linked-roles:5>", "Channels & Roles Server Guide Linked Roles"),
        ("@everyone <b> <@x> <@> 1 <2", "@everyone <b> <@x> <@> 1 <2"),
        ("he is ||her\nbrother|| || really", "he is (spoiler: her\nbrother) || really"),
    ],
)
def test_markup_is_shown_as_people_see_it(text: str, expected: str) -> None:
    assert shown(text) == expected


@pytest.mark.parametrize(
    ("style", "expected"),
    [
        ("", "20 April 2021 16:20 UTC"),
        (":t", "16:20 UTC"),
        (":T", "16:20:30 UTC"),
        (":d", "2021-04-20"),
        (":D", "20 April 2021"),
        (":f", "20 April 2021 16:20 UTC"),
        (":F", "Tuesday, 20 April 2021 16:20 UTC"),
        (":s", "2021-04-20 16:20 UTC"),
        (":S", "2021-04-20 16:20:30 UTC"),
        (":x", "20 April 2021 16:20 UTC"),
    ],
)
def test_times_are_shown_in_their_styles(style: str, expected: str) -> None:
    assert shown(f"<t:1618935630{style}>") == expected


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (7_200, "in 2 hours"),
        (60, "in 1 minute"),
        (5, "in 5 seconds"),
        (-1, "1 second ago"),
        (-86_400 * 3, "3 days ago"),
        (-31_536_000 * 4, "4 years ago"),
    ],
)
def test_a_relative_time_counts_from_when_it_was_written(seconds: int, expected: str) -> None:
    assert shown(f"<t:{1618935630 + seconds}:R>") == expected


@pytest.mark.parametrize("time", ["99999999999999999", "-99999999999999999"])
def test_a_time_beyond_all_calendars_stays_a_number(time: str) -> None:
    assert shown(f"<t:{time}>") == time


async def test_people_channels_and_roles_have_their_names_in_the_server(
    discord: DiscordDouble, platform: DiscordPlatform, store: Store
) -> None:
    bob = discord.person("bob", nick="Bobby")
    thread = await discord.open_thread("plans")
    await discord.say(f"<@{bob.id}> see <#{discord.unlisted}>, <#{thread}> or ask <@&{discord.world.moderators}>")
    assert (await store.first()).text == "@Bobby see #offtopic, #plans or ask @Moderators"
