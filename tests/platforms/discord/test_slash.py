"""The viewers' commands as slash commands, with the real table of commands."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from relay.application.processes.remote_commands import RemoteCommands
from relay.commands.builtin import ask, register
from relay.commands.definition import Command, Use
from relay.commands.gate import CommandGate
from relay.commands.table import CommandTable
from relay.config import ActionSection, CommandsSection, KindRule, ParameterSection
from relay.config.loading import Config
from relay.errors import PostRejected
from relay.model import AudienceMessage, Kind, Outcome, Post, SendAs, Settlement
from relay.platforms.discord import commands, interactions, mentions, offers, slash, uses
from relay.platforms.discord.client import DiscordPlatform
from relay.platforms.discord.offers import CREATED_A_DAY, DAY, Creations
from tests.commands.room import no_commands
from tests.doubles.discord import DiscordDouble
from tests.doubles.discord.faults import Hold
from tests.doubles.discord.interactions import CREATES_A_DAY, MAX_COMMANDS, NUMBER, STRING, USER, Response
from tests.doubles.discord.world import Json
from tests.platforms.discord.conftest import Connect, Store
from tests.support import PATIENCE

HUG = Command(
    name="hug",
    summary="Hug somebody",
    tell=KindRule(send_as=SendAs.EVENT, template="{author} hugs {text}."),
    parameters=(
        ParameterSection(name="whom", type="viewer"),
        ParameterSection(name="size", type="choice", choices=("small", "large"), optional=True),
        ParameterSection(name="times", type="number", min=1, max=5, optional=True),
        ParameterSection(name="use", max_length=40, optional=True),
    ),
)
DEATHS = Command(name="deaths", do=ActionSection(answer="42 deaths so far."))

ECHO = Command(name="echo", do=ActionSection(answer="{said}"), parameters=(ParameterSection(name="said"),))


async def _why(_: Use) -> str:
    return ""


WHY = Command(name="why", summary="What became of my last message", do=_why)


@pytest.fixture
def table() -> CommandTable:
    made = CommandTable(CommandsSection())
    for command in (HUG, DEATHS, WHY, ask(Config().forwarding.kinds[Kind.ASK])):
        made.register(command, "settings")
    return made


@pytest.fixture
async def platform(connect: Connect, table: CommandTable) -> AsyncIterator[DiscordPlatform]:
    async with connect(viewers=table) as connected:
        yield connected


def registered(discord: DiscordDouble) -> dict[str, Json]:
    return {command["name"]: command for command in discord.interactions.commands}


async def use(discord: DiscordDouble, store: Store, words: str, **options: Any) -> tuple[AudienceMessage, Any]:
    """Somebody uses a command: what is stored of it, and the task that ends with what they see."""
    before = len(store.items)
    using = asyncio.create_task(discord.command(words, **options))
    message = (await store.wait_for(before + 1))[-1]
    assert isinstance(message, AudienceMessage)
    return message, using


def settle(platform: DiscordPlatform, message: AudienceMessage, outcome: Outcome, reason: str = "x") -> None:
    platform.settled([Settlement(key=message.key, outcome=outcome, reason=reason, at=0.0)])


def rejected(reason: str) -> Settlement:
    return Settlement(key="discord:1", outcome=Outcome.REJECTED, reason=reason, at=0.0)


async def answer(platform: DiscordPlatform, message: AudienceMessage, text: str) -> None:
    await platform.post(Post(channel=message.channel, text=text, use=message.id, nonce="n"))


async def test_options_are_typed_bounded_and_offered_for_choice(
    discord: DiscordDouble, platform: DiscordPlatform
) -> None:
    whom, size, times, use = registered(discord)["hug"]["options"]
    assert (whom["type"], whom["required"]) == (USER, True)
    assert [choice["value"] for choice in size["choices"]] == ["small", "large"]
    assert (times["type"], times["min_value"], times["max_value"], times["required"]) == (NUMBER, 1, 5, False)
    assert (use["type"], use["name"], use["max_length"]) == (STRING, "use", 40)
    assert registered(discord).keys() == {"ask", "relay", "hug", "deaths", "why"}


async def test_a_use_is_a_message_as_if_it_were_written_in_chat(
    discord: DiscordDouble, platform: DiscordPlatform, store: Store, table: CommandTable
) -> None:
    bob = discord.person("bob", nick='Bob "the" Great')
    message, using = await use(discord, store, "hug", author="ann", whom=bob.id, times=2.5, use="so nice")
    settle(platform, message, Outcome.FORWARDED)
    response: Response = await using
    assert message.text == '!hug "Bob \'the\' Great" "" "2.5" so nice'
    assert (message.kind, message.author.name, message.is_unseen) == (Kind.CHAT, "ann", True)
    call = table.call(message)
    assert call is not None and call.command.name == "hug"
    assert (response.text, response.ephemeral) == ("Asked! The answer comes here.", True)


async def test_the_help_has_the_name_everybody_tries_and_completes_those_of_commands(
    discord: DiscordDouble, connect: Connect, store: Store
) -> None:
    settings = CommandsSection.model_validate({"own": [{"name": "hush", "aliases": ["h"], "answer": "Hush."}]})
    gate = CommandGate(settings, no_commands().answers)
    register(gate, Config().forwarding.kinds[Kind.ASK])
    async with connect(viewers=gate.table) as platform:
        names = registered(discord).keys()
        completed = await discord.type_into("help", "name", "H")
        message, using = await use(discord, store, "help", name="hush")
        settle(platform, message, Outcome.ANSWERED)
        await using

    assert names == {"ask", "relay", "hush", "commands", "help"}  # an alias of the streamer's own works in chat
    assert completed == [("hush", "hush"), ("help", "help")]
    assert message.text == "!help hush"


async def test_where_nobody_is_to_ask_nobody_is_offered_it(
    discord: DiscordDouble, connect: Connect, table: CommandTable
) -> None:
    table.forget("settings", "ask")
    async with connect(viewers=table):
        assert "ask" not in registered(discord)


async def test_a_question_of_the_streamers_own_is_theirs_as_a_slash_command_too(
    discord: DiscordDouble, connect: Connect, store: Store, table: CommandTable
) -> None:
    topic = ParameterSection(name="topic", type="choice", choices=("cats", "dogs"))
    own = Command(name="ask", tell=KindRule(send_as=SendAs.USER, template="{author} asks{quote}"), parameters=(topic,))
    table.register(own, "settings")
    async with connect(viewers=table) as platform:
        [option] = registered(discord)["ask"]["options"]
        message, using = await use(discord, store, "ask", topic="cats")
        settle(platform, message, Outcome.REJECTED, "cooldown, 3.0 s")
        await using

    assert option["name"] == "topic"
    assert (message.kind, message.text) == (Kind.CHAT, '!ask "cats"')
    call = table.call(message)
    assert call is not None and call.command is table.named("ask")


async def test_the_relays_answer_is_shown_to_all_or_to_who_asked(
    discord: DiscordDouble, platform: DiscordPlatform, store: Store
) -> None:
    message, using = await use(discord, store, "deaths")
    await answer(platform, message, "42 deaths so far.")
    settle(platform, message, Outcome.ANSWERED)
    response: Response = await using
    assert (response.text, response.ephemeral, discord.posts) == ("42 deaths so far.", False, [])

    message, using = await use(discord, store, "why")
    settle(platform, message, Outcome.ANSWERED)
    await answer(platform, message, "It was told.")
    await answer(platform, message, "All of it.")
    response = await using
    assert (response.ephemeral, response.text.splitlines()[0]) == (True, "It was told.")


async def test_an_answer_that_takes_long_is_put_off(
    discord: DiscordDouble, platform: DiscordPlatform, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(interactions, "ANSWER_WITHIN", 0.01)
    message, using = await use(discord, store, "deaths")
    await discord.interactions.put_off(1)
    await answer(platform, message, "42 deaths so far.")
    settle(platform, message, Outcome.ANSWERED)
    response: Response = await using
    assert (response.was_deferred, response.ephemeral, response.text) == (True, False, "42 deaths so far.")


async def test_the_time_that_names_take_is_part_of_that_in_which_an_answer_is_put_off(
    discord: DiscordDouble,
    connect: Connect,
    store: Store,
    table: CommandTable,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(mentions, "WITHIN", 0.2)
    monkeypatch.setattr(interactions, "ANSWER_WITHIN", 0.2)
    table.register(ECHO, "settings")
    discord.fail(held := Hold(path="/members/"))
    async with connect(viewers=table) as platform:
        message, using = await use(discord, store, "echo", said=f"hi <@{discord.person('bob').id}>")
        await answer(platform, message, "hi")
        settle(platform, message, Outcome.ANSWERED)
        response: Response = await using
        assert (response.was_deferred, response.text) == (True, "hi")
        held.released.set()


async def test_who_is_refused_is_told_why_in_words_for_them_and_nobody_else(
    discord: DiscordDouble,
    platform: DiscordPlatform,
    store: Store,
    table: CommandTable,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(uses, "OTHER_HALF", 0.01)
    message, using = await use(discord, store, "deaths")
    settle(platform, message, Outcome.REJECTED, "muted by mod")
    response: Response = await using
    assert (
        response.ephemeral
        and response.text == table.explained(rejected("muted by mod"))
        and "mod" not in response.text.split()
    )

    message, using = await use(discord, store, "deaths")
    await answer(platform, message, "!deaths is ready again in 3 s.")
    settle(platform, message, Outcome.REJECTED, "cooldown: 3.0 s")
    response = await using
    assert (response.text, response.ephemeral) == ("!deaths is ready again in 3 s.", True)


async def test_who_is_refused_after_waiting_is_told_then(
    discord: DiscordDouble, platform: DiscordPlatform, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uses, "OTHER_HALF", 0.01)
    monkeypatch.setattr(slash, "TOLD_WITHIN", 0.01)
    message, using = await use(discord, store, "hug", whom=discord.person("bob").id)
    response: Response = await using
    assert response.text.startswith("Asked!")
    settle(platform, message, Outcome.EXPIRED, "waited too long")
    await discord.signal.wait_until(lambda: "waited too long" in response.text, "the outcome")


async def test_what_the_companion_answers_is_posted_for_all_and_who_asked_hears_so_at_once(
    discord: DiscordDouble, platform: DiscordPlatform, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(slash, "TOLD_WITHIN", 10 * PATIENCE)
    monkeypatch.setattr(uses, "OTHER_HALF", 10 * PATIENCE)
    message, using = await use(discord, store, "hug", whom=discord.person("bob").id)
    await platform.post(Post(channel=message.channel, text="Aww!", use=message.id, message_id="m", nonce="n"))
    settle(platform, message, Outcome.FORWARDED)
    assert (await using).text.startswith("Asked!")
    assert [post.text for post in discord.posts] == ["Aww!"]


async def test_an_answer_nobody_waits_for_is_not_shown_to_everybody(
    discord: DiscordDouble, platform: DiscordPlatform
) -> None:
    with pytest.raises(PostRejected, match="does not wait"):
        await platform.post(Post(channel=discord.channel, text="private", use="1", nonce="n"))
    assert discord.posts == []


class TestCommandsThatComeAndGo:
    @pytest.fixture(autouse=True)
    def _at_once(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(commands, "SETTLES_IN", 0.05)

    async def test_a_scenarios_commands_are_registered_together_and_taken_back(
        self, discord: DiscordDouble, platform: DiscordPlatform, table: CommandTable
    ) -> None:
        for name in ("dance", "sing", "ask", "relay"):
            table.register(Command(name=name, do=ActionSection(answer="yes")), "scenario")
            await asyncio.sleep(0)
        await discord.signal.wait_until(lambda: "sing" in registered(discord), "the commands")
        assert registered(discord).keys() == {"ask", "relay", "hug", "deaths", "why", "dance", "sing"}
        assert discord.interactions.syncs == 2
        table.forget("scenario")
        await discord.signal.wait_until(lambda: "sing" not in registered(discord), "their end")
        table.register(HUG, "settings")
        table.register(Command(name="wave", do=ActionSection(answer="yes")), "scenario")
        await discord.signal.wait_until(lambda: "wave" in registered(discord), "another one")
        assert discord.interactions.syncs == 4

    async def test_what_discord_knows_stays_while_nobody_has_told_what_there_is(
        self, discord: DiscordDouble, connect: Connect, store: Store, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(commands, "SETTLES_IN", 10 * PATIENCE)
        before, viewers = RemoteCommands("!"), RemoteCommands("!")
        before.offer([HUG.info])
        async with connect(viewers=before):
            known = list(registered(discord))
        async with connect(viewers=viewers):
            too_early = await discord.command("hug", whom=discord.person("bob").id)
            kept, syncs = list(registered(discord)), discord.interactions.syncs
            viewers.offer([HUG.info])
            message, using = await use(discord, store, "hug", whom=discord.person("bob").id)
            await using

        assert (kept, syncs) == (known, 1)
        assert too_early.text == "That is not to be had at the moment."
        assert message.text == '!hug "bob"'

    async def test_a_registration_that_is_refused_is_tried_again(
        self, discord: DiscordDouble, platform: DiscordPlatform, table: CommandTable, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(commands, "AGAIN_IN", (0.01, 0.02))
        discord.fail_next("/commands", 403)
        table.register(Command(name="dance", do=ActionSection(answer="yes")), "scenario")
        await discord.signal.wait_until(lambda: "dance" in registered(discord), "the command")

    async def test_more_new_ones_than_a_day_allows_wait_for_the_next(
        self, discord: DiscordDouble, platform: DiscordPlatform, table: CommandTable, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(commands, "AGAIN_IN", (0.01, 0.02))
        monkeypatch.setattr(offers, "CREATED_A_DAY", 6)
        for name in ("dance", "sing"):
            table.register(Command(name=name, do=ActionSection(answer="yes")), "scenario")
        asked = discord.requests.count
        path = f"GET /api/v10/applications/{discord.world.application_id}/commands"
        before = asked(path)
        await discord.signal.wait_until(lambda: asked(path) > before + 1, "another try")
        assert "sing" not in registered(discord)
        monkeypatch.setattr(offers, "CREATED_A_DAY", 7)
        await discord.signal.wait_until(lambda: "sing" in registered(discord), "the next day")

    async def test_more_than_discord_takes_stay_in_chat(
        self, discord: DiscordDouble, connect: Connect, table: CommandTable
    ) -> None:
        for number in range(120):
            table.register(Command(name=f"c{number}", do=ActionSection(answer="yes")), "settings")
        choices = tuple(f"{'x' * 40}{number}" for number in range(25))
        parameters = tuple(ParameterSection(name=f"p{n}", type="choice", choices=choices) for n in range(10))
        table.forget("settings", "hug")
        table.register(Command(name="huge", do=ActionSection(answer="yes"), parameters=parameters), "settings")
        async with connect(viewers=table):
            assert len(registered(discord)) == MAX_COMMANDS and "huge" not in registered(discord)


def test_what_is_offered_before_anybody_has_told_is_what_the_relay_offers(table: CommandTable) -> None:
    question = table.named("ask")
    assert question is not None and (question.info,) == slash.UNTOLD


def test_fewer_commands_are_created_in_a_day_than_discord_takes() -> None:
    now = 0.0
    creations = Creations(lambda: now)
    assert creations.take(100) and creations.take(0)
    now = 10.0
    assert creations.take(CREATED_A_DAY - 100) and not creations.take(1) and CREATED_A_DAY < CREATES_A_DAY
    now = DAY
    assert creations.take(100) and not creations.take(1)
