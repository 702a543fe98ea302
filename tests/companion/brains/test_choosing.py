"""Which action the offline brain chooses, and what it makes of its arguments."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.companion.brains.base import ChosenAction
from relay.companion.brains.choosing import by_rules
from relay.companion.scenario.model import Action

ACTIONS = [
    {
        "name": "roll_dice",
        "description": "Roll dice, when somebody asks for a roll of the dice.",
        "arguments": [{"name": "sides", "type": "integer"}],
    },
    {
        "name": "turnLight",
        "description": "Switch the light of the room.",
        "arguments": [{"name": "on", "type": "boolean", "required": True}],
    },
    {
        "name": "shout_out",
        "description": "Recommend another channel.",
        "arguments": [{"name": "channel", "type": "string", "required": True}],
    },
    {"name": "wave", "description": "Wave at somebody."},
]


def chosen(text: str, *more: dict[str, Any]) -> ChosenAction | None:
    return by_rules(text, [Action.model_validate(a) for a in [*ACTIONS, *more]])


@pytest.mark.parametrize(
    ("text", "choice"),
    [
        ("Please wave!", ChosenAction("wave")),
        ("Who is waving at me?", ChosenAction("wave")),
        ("Roll the dice", ChosenAction("roll_dice")),
        ("roll a dice with 20 sides", ChosenAction("roll_dice", {"sides": 20})),
        ("Roll two dice", ChosenAction("roll_dice", {"sides": 2})),
        ("turn the light off", ChosenAction("turnLight", {"on": False})),
        ("Turn on the light", ChosenAction("turnLight", {"on": True})),
        ("turn the light", None),
        ('Give a shout out to "PixelPenny"!', ChosenAction("shout_out", {"channel": "PixelPenny"})),
        ("shout out to PixelPenny.", ChosenAction("shout_out", {"channel": "PixelPenny"})),
        ("What a nice day", None),
        ("", None),
    ],
)
def test_the_words_of_its_name_choose_an_action(text: str, choice: ChosenAction | None) -> None:
    assert chosen(text) == choice


def test_an_action_with_a_match_is_chosen_because_it_matched() -> None:
    assert chosen("good evening", {"name": "greet", "match": "evening"}) == ChosenAction("greet")


def test_several_words_of_a_description_choose_it_too() -> None:
    assert chosen("could you recommend us another channel, like 'BobPlays'?") == ChosenAction(
        "shout_out", {"channel": "BobPlays"}
    )


@pytest.mark.parametrize("text", ["Clap!", "She claps", "who clapped?", "he is clapping"])
def test_words_count_in_all_their_forms(text: str) -> None:
    assert by_rules(text, [Action(name="clap_hands"), Action(name="clap")]) == ChosenAction("clap")


@pytest.mark.parametrize(
    ("text", "channel"),
    [
        ("Let's do a shout out to Bob's corner!", "Bob's corner"),
        ("shout out to 'Bob's corner', please", "Bob's corner"),
        ("shout out to \u201cPixelPenny\u201d, she's great", "PixelPenny"),
    ],
)
def test_an_apostrophe_is_no_quotation_mark(text: str, channel: str) -> None:
    assert chosen(text) == ChosenAction("shout_out", {"channel": channel})


@pytest.mark.parametrize(("text", "given"), [("gpt4, roll dice", {}), ("roll dice, -2.5 or 7", {"sides": -2})])
def test_a_number_stands_alone(text: str, given: dict[str, int]) -> None:
    assert chosen(text) == ChosenAction("roll_dice", given)


@given(st.text(max_size=200))
def test_no_text_breaks_it(text: str) -> None:
    assert chosen(text) is None or isinstance(chosen(text), ChosenAction)
