"""Arguments as people type them, and as they must not be."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.commands.parsing import WrongArguments, called, read
from relay.config import ParameterSection
from tests.hostile import TEXTS

NUMBER: dict[str, Any] = {"name": "n", "type": "number", "min": 1, "max": 10}
CHOICE: dict[str, Any] = {"name": "c", "type": "choice", "choices": ["red", "Blue"]}
VIEWER: dict[str, Any] = {"name": "v", "type": "viewer"}
TEXT: dict[str, Any] = {"name": "t"}


def parsed(text: str, *parameters: dict[str, Any]) -> dict[str, str]:
    return read([ParameterSection.model_validate(each) for each in parameters], text)


@pytest.mark.parametrize(
    ("parameters", "text", "found"),
    [
        ([], "whatever there is", {}),
        ([TEXT], "all of it, at last", {"t": "all of it, at last"}),
        ([TEXT | {"max_length": 5}], "fits!", {"t": "fits!"}),
        ([TEXT, NUMBER], '"two words" 7', {"t": "two words", "n": "7"}),
        ([TEXT, NUMBER], "«two words» 7", {"t": "two words", "n": "7"}),
        ([TEXT, NUMBER], "one 2,50", {"t": "one", "n": "2.5"}),
        ([NUMBER, TEXT], "3 and the rest", {"n": "3", "t": "and the rest"}),
        ([NUMBER, TEXT | {"optional": True, "default": "none"}], "10", {"n": "10", "t": "none"}),
        ([CHOICE], "BLUE", {"c": "Blue"}),
        ([VIEWER, CHOICE], "@Ann red", {"v": "Ann", "c": "red"}),
        ([VIEWER], '"Ann of Green Gables"', {"v": "Ann of Green Gables"}),
    ],
)
def test_arguments_are_read_as_their_types_want_them(
    parameters: list[dict[str, Any]], text: str, found: dict[str, str]
) -> None:
    assert parsed(text, *parameters) == found


@pytest.mark.parametrize(
    ("parameters", "text", "problem"),
    [
        ([TEXT], "", "T is missing."),
        ([NUMBER, TEXT], "3", "T is missing."),
        ([NUMBER], "three", "N has to be a number, not 'three'."),
        ([NUMBER], "1e3", "N has to be a number, not '1e3'."),
        ([NUMBER], "\u0665", "N has to be a number, not '\u0665'."),
        ([NUMBER], "11", "N has to be from 1 to 10, not 11."),
        ([NUMBER | {"max": None}], "0.5", "N has to be 1 at least, not 0.5."),
        ([NUMBER | {"min": None}], "99", "N has to be 10 at most, not 99."),
        ([CHOICE], "green", "C is one of red, Blue, not 'green'."),
        ([VIEWER], "@", "V has to be a viewer's name, not '@'."),
        ([VIEWER], "x" * 65, f"V has to be a viewer's name, not '{'x' * 19}…'."),
        ([NUMBER], "3 4 5", "'4 5' is too much."),
        ([TEXT | {"max_length": 5}], "too long", "T is too long: at most 5 characters."),
    ],
)
def test_what_does_not_fit_is_named(parameters: list[dict[str, Any]], text: str, problem: str) -> None:
    with pytest.raises(WrongArguments) as wrong:
        parsed(text, *parameters)

    assert str(wrong.value) == problem


@given(text=TEXTS)
def test_whatever_is_written_a_number_is_within_its_bounds_and_a_choice_one_of_them(text: str) -> None:
    words = called(f"!mix {text}", "!")
    assert words is not None
    try:
        found = parsed(words[1], NUMBER, CHOICE, VIEWER, TEXT)
    except WrongArguments as wrong:
        assert len(str(wrong)) < 100
    else:
        assert 1 <= float(found["n"]) <= 10
        assert found["c"] in ("red", "Blue")
        assert 1 <= len(found["v"]) <= 64


@given(number=st.floats(-1e11, 1e11, allow_nan=False).map(lambda number: round(number, 6)))
def test_a_number_means_what_was_typed(number: float) -> None:
    typed = f"{number:.6f}"

    assert float(parsed(typed, {"name": "n", "type": "number"})["n"]) == float(typed)
