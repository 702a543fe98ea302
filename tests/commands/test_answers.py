"""What the relay answers is short enough for any chat."""

import pytest

from relay.model import Origin
from relay.moderation.wording import ANSWER_LIMIT
from tests.commands.room import CommandRoom, written


@pytest.mark.parametrize(
    ("text", "posted"),
    [
        ("x" * ANSWER_LIMIT, "x" * ANSWER_LIMIT),
        ("x" * (ANSWER_LIMIT + 1), "x" * (ANSWER_LIMIT - 1) + "…"),
    ],
)
def test_an_answer_that_is_too_long_is_cut_to_the_limit(text: str, posted: str) -> None:
    room = CommandRoom()

    assert room.answers.say(Origin.of(written("!commands")), text)

    assert room.posted == [posted]
