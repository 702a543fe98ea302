"""Parts of texts: where they stand, and what covers them."""

import pytest

from relay.text.masking import masked, placed
from relay.text.obfuscation import Span


@pytest.mark.parametrize(
    ("spans", "shown"),
    [
        ([], "one two three"),
        ([(4, 7)], "one * three"),
        ([(8, 13), (0, 3)], "* two *"),
        ([(0, 7), (4, 13)], "*"),
        ([(0, 13), (4, 7)], "*"),
        ([(4, 7), (4, 7)], "one * three"),
        ([(0, 4), (4, 7)], "** three"),
        ([(0, 7), (4, 6), (8, 13)], "* *"),
    ],
)
def test_what_is_found_is_covered_once(spans: list[Span], shown: str) -> None:
    assert masked("one two three", spans, "*") == shown


def test_parts_of_the_very_text_stand_where_they_were_found() -> None:
    assert placed([(4, 7), (0, 3)], "two two", "two two") == [(0, 3), (4, 7)]


def test_parts_of_a_line_are_found_again_in_the_text_it_was_made_of_one_after_the_other() -> None:
    assert placed([(4, 7), (0, 3)], "two two", "  two\n\ntwo") == [(2, 5), (7, 10)]


def test_what_the_text_does_not_have_is_left_out() -> None:
    assert placed([(0, 1), (2, 5)], "\u03bc two", "\u00b5\ntwo") == [(2, 5)]
