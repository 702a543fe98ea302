"""Mistakes in the streamer's own commands are named with the field, the value and what would fit."""

from typing import Any

import pytest

from relay.application.settings import load
from relay.errors import ConfigError

OWN: dict[str, Any] = {"name": "lurk", "answer": "Enjoy!"}


@pytest.mark.parametrize(
    ("own", "told"),
    [
        ([{"name": "lurk"}], "own.0: 'lurk' does nothing: give answer, tell, script, act, count or choose"),
        ([OWN | {"script": "x", "count": "y"}], "own.0: script and count are too much: give one of them"),
        ([OWN | {"script": "x"}], "own.0: answer and script are too much"),
        ([OWN | {"act": {"name": "fly"}}], "own.0.act.name: write 'post', 'sound'"),
        ([OWN, OWN | {"name": "afk", "aliases": ["lurk"]}], "own: two commands are called 'lurk'"),
        ([OWN | {"name": "relay"}], "own.0.name: 'relay' is the moderators' word"),
        ([OWN | {"name": "Lurk"}], "own.0.name: 'Lurk' has capital letters; write 'lurk'"),
        ([OWN | {"answer": "Hi {who}"}], "own.0: 'Hi {who}' uses who; known fields are a"),
        ([OWN | {"answer": "Hi {"}], "own.0.answer: 'Hi {' is no template"),
        ([OWN | {"answer": "!lurk"}], "own.0.answer: '!lurk' must not be empty nor begin with /, ! or ."),
        ([OWN | {"answer": "{choice}"}], "own.0: '{choice}' uses choice;"),
        ([OWN | {"parameters": [{"name": "n", "type": "choice"}]}], "own.0.parameters.0: choices belong to"),
        ([OWN | {"parameters": [{"name": "n", "min": 1}]}], "own.0.parameters.0: min and max belong to"),
        ([OWN | {"parameters": [{"name": "text"}]}], "own.0.parameters.0: name is 'text', which templates use"),
        (
            [OWN | {"parameters": [{"name": "n", "type": "number", "min": 2, "max": 1}]}],
            "own.0.parameters.0: min is 2 and max is 1: no number fits 'n'",
        ),
        ([OWN | {"parameters": [{"name": "n"}, {"name": "n"}]}], "own.0: parameters: ['n'] are there twice"),
        (
            [OWN | {"parameters": [{"name": "a", "optional": True}, {"name": "b"}]}],
            "own.0: parameters: one that is needed comes after one that is optional",
        ),
        ([OWN | {"cooldown": -1}], "own.0.cooldown: write a number of 0 or more (got -1)"),
        ([OWN | {"cooldown_from": "speech"}], 'own.0: cooldown_from is "speech", and only what is told'),
        ([OWN | {"least_role": "bot"}], "own.0: least_role is 'bot', and bots use no commands"),
    ],
)
def test_what_is_wrong_is_said(own: list[dict[str, Any]], told: str) -> None:
    with pytest.raises(ConfigError) as error:
        load(None, commands={"own": own})

    assert f"commands.{told}" in str(error.value)


def test_a_name_left_to_other_bots_is_not_taken_as_well() -> None:
    with pytest.raises(ConfigError, match=r"own: 'lurk' is left to other bots by others"):
        load(None, commands={"own": [OWN], "others": ["lurk"]})


def test_templates_may_use_the_commands_own_arguments() -> None:
    who = [{"name": "who", "type": "viewer"}]

    [own] = load(None, commands={"own": [OWN | {"answer": "Hi {who}", "parameters": who}]}).commands.own

    assert own.answer == "Hi {who}"
