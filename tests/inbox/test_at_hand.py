"""What a process knows of its messages without asking the store, and when it has to ask."""

import pytest

from relay.inbox import at_hand
from relay.inbox.at_hand import AtHand
from tests.contracts.samples import message, messages


@pytest.fixture
def known() -> AtHand:
    """All that waits came through this process."""
    known = AtHand()
    known.has_read([], known.begin())
    return known


def test_of_more_than_is_kept_the_store_alone_knows(known: AtHand, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(at_hand, "CAPACITY", 2)
    keys = [each.key for each in messages(1, 2, 3)]
    known.stored(messages(1, 2))
    assert list(known.fresh(keys)) == keys[:2]

    known.stored(messages(3))
    assert known.take(9) is None
    assert known.fresh(keys) == {}

    known.has_read([], known.begin())
    assert known.take(9) == []


def test_what_has_its_outcome_is_held_no_more(known: AtHand) -> None:
    known.stored(messages(1, 2))
    assert known.take(9) == messages(1, 2)

    known.over([message(1).key])
    assert known.held([message(1).key]) is None
    assert known.held([message(2).key]) == {message(2).key: message(2)}
    assert known.take(9) == []


def test_what_got_its_outcome_before_anybody_claimed_it_leaves_the_rest_to_the_store(known: AtHand) -> None:
    known.stored(messages(1, 2))

    known.over([message(1).key])
    assert known.take(9) is None
