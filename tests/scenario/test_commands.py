"""Commands that a scenario offers: what they may be, and how long they last."""

import asyncio
import contextlib
from typing import Any

import pytest

from relay.acts import ActRefused
from relay.commands.definition import Command
from relay.commands.table import CommandTable
from relay.config import CommandsSection
from relay.scenario.commands import MAX_COMMANDS, NOTE, ScenarioCommands
from relay.wire import server
from tests.support import eventually


class JoinedPlace:
    """The chat that is joined, and the store."""

    def __init__(self, notes: dict[str, str] | None = None) -> None:
        self.chat_id: str | None = "home"
        self.notes = notes if notes is not None else {}
        self.table = CommandTable(CommandsSection())
        self.commands = ScenarioCommands(self.table, self, lambda: self.chat_id)

    async def get_note(self, name: str) -> str | None:
        return self.notes.get(name)

    async def set_note(self, name: str, value: str) -> None:
        self.notes[name] = value

    async def offer(self, *arguments: Any) -> None:
        await self.commands.act(arguments)

    @property
    def names(self) -> list[str]:
        return [command.name for command in self.table]

    def join(self, chat_id: str | None) -> None:
        self.chat_id = chat_id
        self.commands.chat_changed()

    async def save(self) -> None:
        running = asyncio.create_task(self.commands.run())
        await eventually(lambda: NOTE in self.notes)
        running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await running


async def test_arguments_are_described_in_words() -> None:
    place = JoinedPlace()
    await place.offer("hug", "whom:viewer how:choice(tight|soft) times:number(1..5)? why:text?", "Hug somebody", 10)

    [command] = place.table
    assert command.form == "WHOM tight|soft [TIMES] [WHY]"
    assert (command.summary, command.cooldown) == ("Hug somebody", 10.0)
    assert [(each.type, each.min, each.max) for each in command.parameters][2] == ("number", 1.0, 5.0)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["Hug"], "name: Value error, 'Hug' has capital letters"),
        (["relay"], "name: Value error, 'relay' is the moderators' word"),
        (["hug", "whom"], "arguments: 'whom' is none"),
        (["hug", "whom:person"], "arguments: 'whom:person' is none"),
        (["hug", "n:number(5)"], "arguments: 'n:number(5)' has limits that are none"),
        (["hug", "n:number(5..1)"], "arguments: 'n:number(5..1)': min is 5 and max is 1"),
        (["hug", "c:choice"], "arguments: 'c:choice': write one word"),
        (["hug", "author:viewer"], "'author', which templates use for something else"),
        (["hug", "", "", -1], "cooldown: Input should be greater than or equal to 0"),
        (["taken"], "name: 'taken' is taken or left to other bots"),
    ],
)
async def test_what_cannot_be_offered_is_refused_with_the_argument(arguments: list[Any], told: str) -> None:
    place = JoinedPlace()
    place.table.register(Command(name="taken"), "settings")

    with pytest.raises(ActRefused) as refused:
        await place.offer(*arguments)

    assert told in str(refused.value)
    assert place.names == ["taken"]


async def test_one_that_is_offered_again_is_changed() -> None:
    place = JoinedPlace()
    await place.offer("hug", "whom:viewer")
    await place.offer("hug", "how:text")

    assert [command.form for command in place.table] == ["HOW"]


async def test_there_are_not_too_many_of_them() -> None:
    place = JoinedPlace()
    for number in range(MAX_COMMANDS):
        await place.offer(f"c{number}")

    with pytest.raises(ActRefused, match="there are 50 already"):
        await place.offer("one-more")
    await place.offer("c0", "off")
    await place.offer("one-more")
    assert len(place.names) == MAX_COMMANDS


class TestTheyLast:
    async def test_while_the_connection_is_lost_and_found_again(self) -> None:
        place = JoinedPlace()
        await place.offer("hug")
        place.join(None)
        place.join("home")

        assert place.names == ["hug"]

    async def test_until_another_chat_is_joined(self) -> None:
        place = JoinedPlace()
        await place.offer("hug")
        place.join("elsewhere")

        assert place.names == []

    async def test_until_their_chat_is_closed(self) -> None:
        place = JoinedPlace()
        await place.offer("hug")
        place.commands.on_message(server.ChatClosed(chat_id="elsewhere"))
        assert place.names == ["hug"]
        place.commands.on_message(server.ChatClosed(chat_id="home"))

        assert place.names == []

    async def test_when_they_were_offered_before_the_chat_was_joined(self) -> None:
        place = JoinedPlace()
        place.chat_id = None
        await place.offer("hug")
        place.join("home")
        assert place.names == ["hug"]
        place.join("elsewhere")

        assert place.names == []

    @pytest.mark.parametrize(("chat", "names"), [("home", ["hug"]), ("elsewhere", [])])
    async def test_over_a_restart_of_the_relay_in_the_same_chat_alone(self, chat: str, names: list[str]) -> None:
        before = JoinedPlace()
        await before.offer("hug", "whom:viewer")
        await before.save()

        after = JoinedPlace(before.notes)
        after.chat_id = None
        await after.commands.restore()
        assert after.names == []
        after.join(chat)

        assert after.names == names
