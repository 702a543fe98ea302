"""Who said the same before, with the digests and SimHashes of texts made up."""

import pytest

from relay.moderation import repeats
from relay.moderation.repeats import MAX_COMPARED, MAX_DISTANCE, Repeats

WITHIN = 30.0


def remembered(*, paste_viewers: int = 2) -> Repeats:
    return Repeats(within=WITHIN, paste_viewers=paste_viewers)


def test_a_viewer_repeats_themselves_until_they_have_not_said_it_for_long_enough() -> None:
    said = remembered()

    times = {"a": 0.0, "b": 29.0, "c": 58.0, "d": 88.0}
    assert [said.is_repeated("ann", key, 1, now) for key, now in times.items()] == [False, True, True, False]


def test_others_and_other_texts_and_the_message_itself_are_no_repetition() -> None:
    said = remembered()
    said.is_repeated("ann", "a", 1, 0.0)

    assert not said.is_repeated("bob", "b", 1, 1.0)
    assert not said.is_repeated("ann", "c", 2, 1.0)
    assert not said.is_repeated("ann", "a", 1, 1.0)


def test_what_was_not_said_for_longest_is_forgotten_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(repeats, "MAX_REMEMBERED", 2)
    said = remembered()
    for key, digest in (("a", 1), ("b", 2), ("c", 1), ("d", 3)):
        said.is_repeated("ann", key, digest, 1.0)

    assert said.is_repeated("ann", "e", 1, 2.0)
    assert not said.is_repeated("ann", "f", 2, 2.0)


def test_the_paste_that_was_not_passed_on_for_longest_is_forgotten_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(repeats, "MAX_REMEMBERED", 2)
    said = remembered(paste_viewers=1)
    for digest in (1, 2, 3):
        said.is_paste("ann", digest, 0xFFFF << (16 * digest), 0.0)

    assert not said.is_paste("bob", 1, 0xFFFF << 16, 0.0)
    assert said.is_paste("bob", 3, 0xFFFF << 48, 0.0)


def test_a_long_text_is_a_paste_from_the_viewer_on_who_is_one_too_many() -> None:
    said = remembered(paste_viewers=2)

    viewers = ["ann", "bob", "bob", "cat", "ann"]
    assert [said.is_paste(viewer, 1, 0, 0.0) for viewer in viewers] == [False, False, False, True, True]


@pytest.mark.parametrize(("bits", "is_the_same"), [(MAX_DISTANCE, True), (MAX_DISTANCE + 1, False)])
def test_a_paste_may_differ_in_a_few_words(bits: int, is_the_same: bool) -> None:
    said = remembered(paste_viewers=1)
    said.is_paste("ann", 1, 0, 0.0)

    assert said.is_paste("bob", 2, 2**bits - 1, 0.0) is is_the_same


@pytest.mark.parametrize(("later", "is_paste"), [(WITHIN, True), (WITHIN + 0.1, False)])
def test_a_paste_that_began_too_long_ago_begins_anew(later: float, is_paste: bool) -> None:
    said = remembered(paste_viewers=1)
    said.is_paste("ann", 1, 0, 0.0)

    assert said.is_paste("bob", 1, 0, later) is is_paste


def test_the_paste_not_seen_for_longest_is_forgotten_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(repeats, "MAX_REMEMBERED", 2)
    said = remembered(paste_viewers=1)
    for digest in (1, 2, 1, 3):
        said.is_paste("ann", digest, 0xFFFFF << 20 * digest, 0.0)

    assert said.is_paste("bob", 1, 0, 0.0)


def test_a_long_text_is_compared_with_the_newest_others_alone() -> None:
    said = remembered(paste_viewers=1)
    said.is_paste("ann", 0, 0, 0.0)
    for number in range(MAX_COMPARED):
        said.is_paste("ann", number + 1, 2**40 - 1, 0.0)

    assert not said.is_paste("bob", 99, 1, 0.0)
    assert said.is_paste("bob", 98, 2**40 - 2, 0.0)
