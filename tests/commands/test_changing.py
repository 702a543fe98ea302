"""The streamer changes their commands while they are used."""

from typing import Any

from relay.commands.definition import Command
from relay.config import ActionSection, CommandsSection
from tests.commands.room import CommandRoom

LURK = {"name": "lurk", "answer": "Enjoy the lrk!", "viewer_cooldown": 0}


def change(room: CommandRoom, *own: dict[str, Any], **settings: Any) -> None:
    room.gate.adopt(CommandsSection.model_validate({"own": own, **settings}))


async def test_what_a_command_answers_is_another_thing_from_then_on() -> None:
    room = CommandRoom(LURK)
    room.say("!lurk")
    assert await room.carry_out() == ["Enjoy the lrk!"]

    change(room, LURK | {"answer": "Enjoy the lurk!"})

    room.say("!lurk", at=1)
    assert await room.carry_out() == ["Enjoy the lurk!"]


def test_there_are_others_and_one_is_gone() -> None:
    room = CommandRoom(LURK)

    change(room, {"name": "wave", "aliases": ["hi"], "answer": "Hi!"})

    assert [room.say("!lurk"), room.say("!wave"), room.say("!hi", author="bob")] == ["no command", "", ""]


def test_one_that_stays_goes_on_to_rest_and_has_been_used_as_often() -> None:
    rare = LURK | {"per_stream": 1}
    slow = {"name": "slow", "answer": "At last.", "cooldown": 60}
    room = CommandRoom(rare, slow)
    assert [room.say("!lurk"), room.say("!slow")] == ["", ""]

    change(room, rare | {"answer": "Welcome."}, slow | {"answer": "There."}, LURK | {"name": "new"})

    assert [room.say("!lurk", at=1), room.say("!slow", at=1)] == ["used up", "cooldown, 59.0 s"]


def test_one_of_the_streamers_own_takes_the_place_of_any_other_and_gives_it_back() -> None:
    room = CommandRoom()
    room.gate.table.register(Command(name="lurk", do=ActionSection(answer="A scene.")), "scenario")
    before = offered(room)

    change(room, LURK, {"name": "ask", "answer": "Ask me in person."})
    now = offered(room)
    change(room)

    assert before["ask"].tell and not now["ask"].tell
    assert isinstance(now["lurk"].do, ActionSection) and now["lurk"].do.answer == LURK["answer"]
    assert offered(room) == before


def test_what_other_bots_answer_to_and_whether_there_are_any_counts_too() -> None:
    room = CommandRoom(LURK)

    change(room, LURK, others=["ask"])
    assert [room.say("!ask why"), room.say("!lurk")] == ["no command", ""]
    change(room, LURK, enabled=False)
    assert offered(room) == {}
    change(room, LURK)
    assert room.say("!ask why") == ""


def test_how_much_is_answered_counts_too() -> None:
    room = CommandRoom(LURK)

    change(room, {"name": "wave", "answer": "Hi!", "bits": 5}, answers_at_once=1)

    for second in range(3):
        room.say("!wave", author=f"v{second}")
    assert len(room.posted) == 1


def test_platforms_are_told_only_where_what_is_offered_is_not_the_same() -> None:
    room = CommandRoom(LURK)
    revision = room.gate.table.revision

    change(room, LURK, answers_per_minute=5)
    assert room.gate.table.revision == revision
    change(room, LURK | {"summary": "Say that you watch in silence"})
    assert room.gate.table.revision == revision + 1


def offered(room: CommandRoom) -> dict[str, Command]:
    return {command.name: command for command in room.gate.table}
