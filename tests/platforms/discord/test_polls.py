"""How polls end, as Discord tells it in a message of its own below them."""

from typing import Any

import pytest

from relay.config.loading import Config
from relay.forwarding.policy import Policy
from relay.forwarding.rendering import Pick, Place, Renderer
from relay.model import AudienceMessage, Kind
from tests.doubles.discord import DiscordDouble
from tests.doubles.discord.contents import POLL_RESULT, poll, poll_result
from tests.doubles.discord.world import Json
from tests.platforms.discord.conftest import Connect, Store

PIZZA = {"id": 1, "text": "Pizza"}
ROCKET = {"id": 2, "text": "Fast food", "emoji_name": "🚀"}
KAPPA = {"id": 3, "text": "Kappa's", "emoji_id": "81", "emoji_name": "kappa"}


async def ended(discord: DiscordDouble, connect: Connect, store: Store, result: Json, **over: Any) -> AudienceMessage:
    async with connect(wanted=(Kind.POLL,)):
        asked = await discord.say("", poll=poll("Lunch?", "Pizza", "Soup"))
        reference = {"type": 0, "channel_id": discord.channel, "message_id": asked}
        await discord.say("", message_reference=reference, **(result | over))
        told = (await store.wait_for(2))[1]
    assert isinstance(told, AudienceMessage)
    return told


@pytest.mark.parametrize(
    ("result", "words"),
    [
        (poll_result("Lunch?", 3, 5, PIZZA), 'has ended: Pizza won with 60% of the votes.'),
        (poll_result("Lunch?", 1, 1, ROCKET), 'has ended: 🚀 Fast food won with 100% of the votes.'),
        (poll_result("Lunch?", 1, 1, KAPPA), 'has ended: :kappa: Kappa\'s won with 100% of the votes.'),
        (poll_result("Lunch?", 2, 4), 'has ended in a tie: several answers have 50% of the votes each.'),
        (poll_result("Lunch?", 0, 0), 'has ended, and nobody voted.'),
    ],
)  # fmt: skip
async def test_is_told_with_who_won(
    discord: DiscordDouble, connect: Connect, store: Store, result: Json, words: str
) -> None:
    told = await ended(discord, connect, store, result)

    assert (told.kind, told.author.name, told.channel, told.reply_to) == (Kind.POLL, "ann", discord.channel, told.id)
    renderer = Renderer(Policy(Config().forwarding), 600)
    assert renderer.render([Pick(told, told.text)], Place("c", 0))[0].text == f'/event The poll "Lunch?" {words}'


@pytest.mark.parametrize(
    ("result", "over"),
    [
        (poll_result("Lunch?", 3, 5, PIZZA), {"channel": "unlisted"}),
        (poll_result("Lunch?", 3, 5, PIZZA), {"author": "robot"}),
        ({"type": POLL_RESULT, "embeds": []}, {}),
        (poll_result("Lunch?", 3, 5, PIZZA), {"wanted": ()}),
    ],
)
async def test_is_not_told_elsewhere_nor_of_a_bot_nor_without_words_nor_where_it_is_off(
    discord: DiscordDouble, connect: Connect, store: Store, result: Json, over: dict[str, Any]
) -> None:
    discord.person("robot", bot=True)
    channel = discord.unlisted if over.get("channel") else discord.channel
    async with connect(wanted=over.get("wanted", (Kind.POLL,))):
        await discord.say("", author=over.get("author", "ann"), channel=channel, **result)
        await discord.say("hello")
        await store.wait_for(1)

    assert store.texts == ["hello"]
