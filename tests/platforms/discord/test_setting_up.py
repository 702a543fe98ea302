"""Setting Discord up on the page, with the real library against a local Discord."""

from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import discord as library

from relay.config import VoiceSection
from relay.platforms.discord.info import DISCORD
from relay.platforms.discord.settings import DiscordSection
from relay.platforms.info import PlatformWishes
from tests.doubles.discord import DiscordDouble
from tests.doubles.discord.double import TOKEN
from tests.guided import Visitor
from tests.platforms.discord.conftest import section


async def set_up(
    settings: DiscordSection, folder: Path, visitor: Visitor, voice: VoiceSection | None = None
) -> dict[str, object]:
    assert DISCORD.set_up is not None
    return dict(await DISCORD.set_up(settings, folder, PlatformWishes(voice=voice or VoiceSection()), visitor))


async def test_from_a_token_to_channels_to_pick(discord: DiscordDouble, tmp_path: Path) -> None:
    new = section(discord, enabled=False, token=None, channels=())
    visitor = Visitor(
        {"token": "a-wrong-token"},
        {"token": TOKEN},
        {"channels": []},
        {"channels": [discord.channel], "voice": [discord.lounge], "follow": True},
    )

    changes = await set_up(new, tmp_path, visitor)

    assert changes == {
        "discord.enabled": True,
        "discord.token": TOKEN,
        "discord.channels": [int(discord.channel)],
        "voice.channels": [int(discord.lounge)],
        "voice.streamer": int(discord.world.owner.id),
    }
    assert ["Discord refuses it" in visitor.problems[0], "choose a channel" in visitor.problems[1]] == [True, True]
    assert "a-wrong-token" not in " ".join(visitor.problems)
    assert visitor.options("channels") == ["general", "offtopic"]
    assert visitor.options("voice") == ["lounge"]


async def test_a_bot_on_no_server_gets_an_invitation_with_what_it_needs(discord: DiscordDouble, tmp_path: Path) -> None:
    discord.world.is_invited = False

    def invited() -> dict[str, str]:
        discord.world.is_invited = True
        return {}

    visitor = Visitor({}, {}, invited, {"channels": [discord.unlisted]})

    changes = await set_up(section(discord), tmp_path, visitor)

    invitation = urlsplit(visitor.asked[1].links[0].address)
    query = parse_qs(invitation.query)
    permissions = library.Permissions(int(query["permissions"][0]))
    assert query["client_id"] == [discord.world.application_id]
    assert query["scope"] == ["bot applications.commands"]
    assert permissions >= library.Permissions(view_channel=True, send_messages=True, read_message_history=True)
    assert not permissions.administrator
    assert visitor.problems == ["the bot is on no server yet: open the invitation, choose your server, and confirm"]
    assert changes["discord.channels"] == [int(discord.unlisted)]


async def test_a_second_visit_begins_with_what_the_first_one_set(discord: DiscordDouble, tmp_path: Path) -> None:
    lounge, owner = int(discord.lounge), int(discord.world.owner.id)
    for voice in (VoiceSection(channels=(lounge,), streamer=owner), VoiceSection(streamer=7), VoiceSection()):
        changes = await set_up(section(discord), tmp_path, Visitor({}, {}), voice)

        assert changes["voice.channels"] == list(voice.channels)
        assert changes.get("voice.streamer", voice.streamer) == voice.streamer


async def test_voice_channels_and_who_is_followed_can_be_taken_away(discord: DiscordDouble, tmp_path: Path) -> None:
    voice = VoiceSection(channels=(int(discord.lounge),), streamer=int(discord.world.owner.id))

    changes = await set_up(section(discord), tmp_path, Visitor({}, {"voice": [], "follow": False}), voice)

    assert (changes["voice.channels"], changes["voice.streamer"]) == ([], None)


async def test_a_missing_intent_is_named_with_where_its_switch_is(discord: DiscordDouble, tmp_path: Path) -> None:
    discord.world.application_flags = 0

    def switched_on() -> dict[str, str]:
        discord.world.application_flags = 1 << 18
        return {}

    visitor = Visitor({}, switched_on, {"channels": [discord.channel]})

    await set_up(section(discord), tmp_path, visitor)

    [problem] = visitor.problems
    assert "tick Message Content Intent" in problem
    assert f"applications/{discord.world.application_id}/bot" in problem


async def test_channels_the_bot_cannot_see_are_not_offered(discord: DiscordDouble, tmp_path: Path) -> None:
    discord.world.hidden.add(discord.unlisted)
    visitor = Visitor({}, {"channels": [discord.channel]})

    await set_up(section(discord), tmp_path, visitor)

    assert visitor.options("channels") == ["general"]
