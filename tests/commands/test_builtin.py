"""`!commands` and `!help`."""

import pytest

from tests.commands.room import CommandRoom

LURK = {
    "name": "lurk",
    "answer": "Enjoy the lurk!",
    "summary": "Watch quietly",
    "parameters": [{"name": "times", "type": "number"}],
}


@pytest.mark.parametrize(
    ("said", "answer"),
    [
        ("!commands", "Commands: !lurk !ask !commands"),
        ("!help lurk", "Use: !lurk TIMES (Watch quietly)"),
        ("!help !LURK", "Use: !lurk TIMES (Watch quietly)"),
        ("!help dance", "There is no such command. All of them: !commands"),
    ],
)
async def test_what_there_is_and_how_it_is_used_is_told(said: str, answer: str) -> None:
    room = CommandRoom(LURK)
    room.say(said)

    assert await room.carry_out() == [answer]


async def test_a_command_without_a_summary_is_told_by_its_form_alone() -> None:
    room = CommandRoom({"name": "hug", "answer": "Aww."})
    room.say("!help hug")

    assert await room.carry_out() == ["Use: !hug"]


def test_each_viewer_is_told_them_once_in_five_seconds() -> None:
    room = CommandRoom()

    assert [room.say("!commands", at=at) for at in (0, 4, 5)] == ["", "cooldown, 1.0 s", ""]
    assert room.say("!commands", author="bob", at=5) == ""
