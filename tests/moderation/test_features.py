"""How texts are compared."""

import pytest

from relay.moderation.features import features_of
from relay.moderation.repeats import MAX_DISTANCE


def apart(one: str, other: str) -> int:
    """In how many bits they differ."""
    return (features_of(one).simhash ^ features_of(other).simhash).bit_count()


def test_the_same_words_are_the_same_text_however_they_are_written() -> None:
    assert features_of("Hello,  DEAR people").digest == features_of("hello dear people!").digest
    assert features_of("hello dear people").digest != features_of("hello dear children").digest


@pytest.mark.parametrize("of", ["digest", "simhash"])
def test_texts_without_words_differ_by_their_signs(of: str) -> None:
    assert getattr(features_of("\N{GRINNING FACE}"), of) != getattr(features_of("\N{PARTY POPPER}"), of)


def test_of_many_words_one_that_is_another_changes_little() -> None:
    words = [f"word{number}x" for number in range(60)]

    assert apart(" ".join(words), " ".join([*words[:-1], "another"])) <= MAX_DISTANCE
