"""`!commands` and `!help`."""

import pytest

from relay.model import Role
from relay.moderation.wording import ANSWER_LIMIT
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


async def test_who_asks_is_told_only_what_they_may_use() -> None:
    room = CommandRoom(LURK | {"least_role": "subscriber"})
    room.say("!commands")
    room.say("!commands", author="bob", role=Role.SUBSCRIBER)

    assert await room.carry_out() == ["Commands: !ask !commands", "Commands: !lurk !ask !commands"]


async def test_more_than_has_room_in_one_answer_is_told_page_by_page() -> None:
    names = [f"a-long-name-{number}" for number in range(50)]
    room = CommandRoom(*({"name": name, "answer": "yes"} for name in names))
    for at, page in enumerate(("", " 2", " 3", " 9")):
        room.say(f"!commands{page}", at=10 * at)
    answers = await room.carry_out()

    assert all(len(answer) <= ANSWER_LIMIT for answer in answers)
    assert answers[0].endswith("(1 of 3: !commands 2 shows more)")
    assert answers[1].endswith("(2 of 3: !commands 3 shows more)")
    assert answers[2].endswith("!ask !commands (3 of 3)")
    assert answers[3] == answers[2]
    assert [word for answer in answers[:3] for word in answer.split() if "!a-long" in word] == [f"!{n}" for n in names]
