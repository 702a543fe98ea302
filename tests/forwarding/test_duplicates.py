"""Texts that are the same or nearly, told by hashes that are made up."""

import pytest

from relay.forwarding.duplicates import Duplicates

SOME = 0x0123_4567_89AB_CDEF


@pytest.mark.parametrize(
    ("differing", "is_same"),
    [(0, True), (1, True), (1 | 1 << 20 | 1 << 40, True), (1 | 1 << 20 | 1 << 40 | 1 << 60, False)],
)
def test_a_text_is_nearly_the_same_with_three_bits_of_difference_wherever_they_are(
    differing: int, is_same: bool
) -> None:
    texts = Duplicates()
    texts.add("one", 1, SOME)

    assert texts.find(2, SOME ^ differing) == ("one" if is_same else None)


def test_of_two_that_are_alike_the_other_is_found_when_one_is_gone() -> None:
    texts = Duplicates()
    texts.add("one", 1, SOME)
    texts.add("two", 2, SOME)

    texts.remove("one", 1, SOME)
    assert (texts.find(1, SOME), texts.find(3, SOME)) == ("two", "two")

    texts.remove("two", 2, SOME)
    assert texts.find(2, SOME) is None
