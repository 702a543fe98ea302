import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.companion.scenario.flags import apply, holds


@pytest.mark.parametrize(
    ("before", "change", "after"),
    [
        ("", "a", "a"),
        ("pose.sit", "pose.stand", "pose.stand"),
        ("pose.sit", "!pose.sit", ""),
        ("pose.sit", "!pose.stand", "pose.sit"),
        ("pose.sit posed", "!pose", "posed"),
        ("a b", "!a", "b"),
        ("a", "!gone", "a"),
    ],
)
def test_a_change_leaves_these_flags(before: str, change: str, after: str) -> None:
    assert apply(frozenset(before.split()), [change]) == frozenset(after.split())


@pytest.mark.parametrize("name", ["", "a b", "a-b", "!", "1a", "a.b.c", "ä"])
def test_a_name_that_is_none_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="is no flag"):
        apply(frozenset(), [name])


@pytest.mark.parametrize(
    ("condition", "value"),
    [
        ("", True),
        ("a", True),
        ("z", False),
        ("!z", True),
        ("a && z", False),
        ("a && !z", True),
        ("z || a", True),
        ("z && z || a", True),
        ("a || a && z", True),
        ("(a || a) && z", False),
        ("!(z || pose.stand)", True),
        ("pose.sit", True),
        ("pose", True),
    ],
)
def test_a_condition_holds_or_not(condition: str, value: bool) -> None:
    assert holds(condition, frozenset({"a", "pose.sit"})) is value


@given(st.text("ab.!&|() ") | st.text())
def test_any_other_condition_is_refused_with_a_reason(condition: str) -> None:
    try:
        holds(condition, frozenset({"a"}))
    except ValueError as error:
        assert "is no condition on flags" in str(error)
