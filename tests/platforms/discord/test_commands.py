import asyncio

import pytest

from relay.errors import InboxError
from relay.model import Kind, Role
from relay.platforms.discord import interactions, mentions, slash
from relay.platforms.discord.client import DiscordPlatform
from relay.platforms.discord.interactions import ANSWER_WITHIN, FOLLOW_UP_WITHIN
from relay.platforms.discord.mentions import WITHIN as NAMED_WITHIN
from relay.platforms.discord.slash import STORED_WITHIN
from tests.doubles.discord import DiscordDouble
from tests.doubles.discord.faults import Hold
from tests.doubles.discord.interactions import REPLY_WITHIN, VALID_FOR
from tests.doubles.discord.world import MANAGE_GUILD
from tests.platforms.discord.conftest import Connect, Status, Store
from tests.support import eventually

MODERATE_MEMBERS = 1 << 40
"""Discord's permission bit."""


async def test_a_question_goes_in_and_is_acknowledged(
    discord: DiscordDouble, platform: DiscordPlatform, store: Store
) -> None:
    discord.person("mia", moderator=True)
    bob = discord.person("bob", nick="Bobby")
    response = await discord.ask(f"what are <@{bob.id}> and <@1> up to?", author="mia")
    message = await store.first()
    assert (message.kind, message.text, message.addressed) == (Kind.ASK, "what are @Bobby and @someone up to?", True)
    assert (message.channel, message.reply_to, message.author.name) == (discord.channel, None, "mia")
    assert message.author.roles == {Role.MODERATOR}
    assert response.ephemeral and response.text.startswith("Asked!")


async def test_a_name_discord_tells_with_the_question_is_not_asked_for(
    discord: DiscordDouble, platform: DiscordPlatform, store: Store
) -> None:
    bob, cleo = discord.person("bob", nick="Bobby"), discord.person("cleo", global_name="Cleo")
    resolved = discord.interactions.resolved(bob, cleo)
    await discord.ask(f"<@{bob.id}> or <@{cleo.id}> in <#{discord.unlisted}>?", resolved=resolved)
    assert (await store.first()).text == "@Bobby or @Cleo in #offtopic?"
    assert not [request for request in discord.requests if "/members/" in request]


async def test_a_name_that_cannot_be_found_out_in_time_is_someones(
    discord: DiscordDouble, platform: DiscordPlatform, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mentions, "WITHIN", 0.01)
    discord.fail(held := Hold(path="/members/"))
    await discord.ask(f"where is <@{discord.person('bob').id}>?")
    assert (await store.first()).text == "where is @someone?"
    held.released.set()


async def test_a_question_in_a_thread_of_a_chosen_channel_goes_in(
    discord: DiscordDouble, platform: DiscordPlatform, store: Store
) -> None:
    thread = await discord.open_thread()
    await discord.ask("here?", channel=thread)
    assert (await store.first()).channel == thread


async def test_a_question_elsewhere_is_sent_to_the_right_place(
    discord: DiscordDouble, platform: DiscordPlatform, store: Store
) -> None:
    response = await discord.ask("here?", channel=discord.unlisted)
    assert response.ephemeral and f"<#{discord.channel}>" in response.text
    assert store.items == []


async def test_a_question_is_answered_in_time_although_the_inbox_is_away(
    discord: DiscordDouble, platform: DiscordPlatform, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert NAMED_WITHIN + STORED_WITHIN + 0.5 < REPLY_WITHIN
    monkeypatch.setattr(slash, "STORED_WITHIN", 0.05)
    store.pause()
    response = await discord.ask("still there?")
    assert response.ephemeral and response.text.startswith("Got it.")
    store.go_on()
    assert (await store.first()).text == "still there?"


async def test_the_status_is_for_those_who_manage_the_server(
    discord: DiscordDouble, platform: DiscordPlatform, controls: Status
) -> None:
    controls.text = "twitch: connected"
    allowed = await discord.command("relay status", permissions=MANAGE_GUILD)
    refused = await discord.command("relay status", permissions=0)
    assert (allowed.text, allowed.ephemeral) == ("twitch: connected", True)
    assert refused.ephemeral and "Only moderators" in refused.text


@pytest.mark.parametrize(("text", "shown"), [("x" * 3000, "x" * 2000), ("", "There is nothing to tell.")])
async def test_a_status_of_any_length_is_shown(
    discord: DiscordDouble, platform: DiscordPlatform, controls: Status, text: str, shown: str
) -> None:
    controls.text = text
    assert (await discord.command("relay status", permissions=MANAGE_GUILD)).text == shown


async def test_a_control_that_takes_long_is_put_off_and_answered_later(
    discord: DiscordDouble, platform: DiscordPlatform, controls: Status, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(interactions, "ANSWER_WITHIN", 0.01)
    controls.hold_back()
    asking = asyncio.create_task(discord.command("relay status", permissions=MANAGE_GUILD))
    await discord.interactions.put_off(1)
    controls.go_on()
    response = await asking
    assert (response.was_deferred, response.ephemeral, response.text) == (True, True, "all is well")


async def test_a_control_that_never_ends_is_answered_before_discord_gives_up(
    discord: DiscordDouble, platform: DiscordPlatform, controls: Status, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert ANSWER_WITHIN < REPLY_WITHIN
    assert ANSWER_WITHIN + FOLLOW_UP_WITHIN < VALID_FOR
    monkeypatch.setattr(interactions, "ANSWER_WITHIN", 0.01)
    monkeypatch.setattr(interactions, "FOLLOW_UP_WITHIN", 0.01)
    controls.hold_back()
    assert "did not answer in time" in (await discord.command("relay status", permissions=MANAGE_GUILD)).text


async def test_a_control_is_carried_out_although_it_cannot_be_put_off(
    discord: DiscordDouble, platform: DiscordPlatform, controls: Status, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(interactions, "ANSWER_WITHIN", 0.01)
    discord.fail_next("/callback", 404)
    controls.hold_back()
    asking = asyncio.create_task(discord.command("relay status", permissions=MANAGE_GUILD))
    await discord.signal.wait_until(lambda: any("/callback" in each for each in discord.requests), "an answer")
    controls.go_on()
    await eventually(lambda: len(controls.done) == 1)
    asking.cancel()


async def test_a_button_that_takes_long_changes_its_message_later(
    discord: DiscordDouble, platform: DiscordPlatform, controls: Status, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(interactions, "ANSWER_WITHIN", 0.01)
    controls.hold_back()
    pressing = asyncio.create_task(discord.press("relay:approve:h1", permissions=MANAGE_GUILD))
    await discord.interactions.put_off(1)
    controls.go_on()
    pressed = await pressing
    assert pressed.was_deferred and not pressed.ephemeral
    assert pressed.buttons == ["relay:approve:h2", "relay:reject:h2"]


async def test_a_control_that_fails_after_it_was_put_off_says_so(
    discord: DiscordDouble, platform: DiscordPlatform, controls: Status, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken() -> str:
        raise InboxError("no answer")

    monkeypatch.setattr(interactions, "ANSWER_WITHIN", 0.01)
    monkeypatch.setattr(controls, "status", broken)
    controls.hold_back()
    asking = asyncio.create_task(discord.command("relay status", permissions=MANAGE_GUILD))
    await discord.interactions.put_off(1)
    controls.go_on()
    assert "did not work" in (await asking).text


async def test_a_status_that_fails_says_so(
    discord: DiscordDouble, platform: DiscordPlatform, controls: Status, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken() -> str:
        raise InboxError("no answer")

    monkeypatch.setattr(controls, "status", broken)
    response = await discord.command("relay status", permissions=MANAGE_GUILD)
    assert response.ephemeral and "did not work" in response.text


async def test_commands_are_for_servers_and_the_status_hidden_from_viewers(
    discord: DiscordDouble, platform: DiscordPlatform
) -> None:
    ask, relay = sorted(discord.interactions.commands, key=lambda command: str(command["name"]))
    assert (ask["contexts"], ask["integration_types"], ask["default_member_permissions"]) == ([0], [0], None)
    assert (relay["contexts"], relay["default_member_permissions"]) == ([0], str(MANAGE_GUILD))


async def test_commands_are_registered_only_where_they_changed(discord: DiscordDouble, connect: Connect) -> None:
    discord.gateway.starts.per = 0.0
    for _ in range(2):
        async with connect():
            pass
    assert discord.interactions.syncs == 1
    discord.interactions.commands[0]["description"] = "an older text"
    discord.interactions.commands[1]["default_member_permissions"] = None
    async with connect():
        pass
    assert discord.interactions.syncs == 2
    assert "an older text" not in [command["description"] for command in discord.interactions.commands]


async def test_a_refused_registration_does_not_keep_the_relay_from_listening(
    discord: DiscordDouble, connect: Connect, store: Store
) -> None:
    discord.fail_next("/commands", 403)
    async with connect():
        await discord.say("hello")
        await store.wait_for(1)


async def test_an_answer_discord_does_not_take_any_more_is_let_go(
    discord: DiscordDouble, platform: DiscordPlatform, store: Store
) -> None:
    discord.fail_next("/callback", 404)
    asking = asyncio.create_task(discord.ask("too late?"))
    assert (await store.first()).text == "too late?"
    await discord.say("and on it goes")
    await store.wait_for(2)
    asking.cancel()


async def test_a_control_with_an_argument_says_who_asks(
    discord: DiscordDouble, platform: DiscordPlatform, controls: Status
) -> None:
    await discord.command("relay mute", author="mod", permissions=MODERATE_MEMBERS, viewer="Anton Meyer")
    await discord.command("relay mute", author="owner", viewer="Bob")

    (first, mod), (second, owner) = controls.asked
    assert (first, mod.source, mod.roles) == ("mute Anton Meyer", "discord", frozenset({Role.MODERATOR}))
    assert (mod.name, mod.id, mod.in_private) == ("mod", discord.person("mod").id, True)
    assert (second, owner.roles) == ("mute Bob", frozenset({Role.STREAMER}))


async def test_an_argument_that_may_be_left_out_can_be_left_out(
    discord: DiscordDouble, platform: DiscordPlatform, controls: Status
) -> None:
    await discord.command("relay help", permissions=MANAGE_GUILD)
    await discord.command("relay help", permissions=MANAGE_GUILD, name="mute")

    assert [words for words, _ in controls.asked] == ["help", "help mute"]
    relay = next(command for command in discord.interactions.commands if command["name"] == "relay")
    options = {control["name"]: control["options"] for control in relay["options"]}
    [viewer], [name] = options["mute"], options["help"]
    assert (viewer["required"], viewer["description"], name["required"]) == (True, "VIEWER", False)


async def test_arguments_are_completed_by_name_and_given_by_id_to_those_who_may(
    discord: DiscordDouble, platform: DiscordPlatform
) -> None:
    offered = await discord.type_into("relay mute", "viewer", "An", permissions=MANAGE_GUILD)
    refused = await discord.type_into("relay mute", "viewer", "An", permissions=0)

    assert (offered, refused) == ([("Ann", "twitch:1"), ("Anton", "discord:2")], [])


async def test_held_messages_are_decided_on_by_buttons(
    discord: DiscordDouble, platform: DiscordPlatform, controls: Status
) -> None:
    listed = await discord.command("relay held", permissions=MANAGE_GUILD)
    assert listed.ephemeral
    assert listed.buttons == ["relay:approve:h1", "relay:reject:h1", "relay:approve:h2", "relay:reject:h2"]

    pressed = await discord.press("relay:approve:h1", permissions=MANAGE_GUILD)
    assert controls.waiting == ["h2"]
    assert pressed.buttons == ["relay:approve:h2", "relay:reject:h2"]

    await discord.press("relay:reject:h2", author="bob", permissions=0)
    assert controls.waiting == ["h2"]


async def test_a_button_still_works_after_a_restart(discord: DiscordDouble, connect: Connect, controls: Status) -> None:
    discord.gateway.starts.per = 0.0
    async with connect():
        await discord.command("relay held", permissions=MANAGE_GUILD)
    async with connect():
        await discord.press("relay:reject:h1", permissions=MANAGE_GUILD)

    assert controls.waiting == ["h2"]
