"""What moderators do to single messages that wait: tell one first, drop one, let one through in other words."""

from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.forwarding.lanes import PooledMessage
from relay.forwarding.rendering import Pick
from relay.model import Kind, Outcome, Role
from relay.moderation.switches import Switches
from relay.moderation.switching import WordsRefused
from tests.forwarding.surroundings import config
from tests.forwarding.test_selection import LOUD, QUIET, ids, offer, selector
from tests.forwarding.test_selection import message as waiting_message
from tests.forwarding.test_waiting import LINK, NOW, ended, message, room, told


def texts(waiting: Iterable[PooledMessage | Pick]) -> list[str]:
    return [each.message.text for each in waiting]


def test_what_a_moderator_wants_first_goes_before_all_else() -> None:
    waiting = room()
    waiting.admit([message(1, "one"), message(2, kind=Kind.FOLLOW), message(3, "three")], NOW)
    waiting.admit([message(4, "staff", role=Role.MODERATOR)], NOW)

    assert waiting.put_first("twitch:3")

    assert texts(waiting.in_order(NOW))[0] == "three"
    assert told(waiting)[0] == "three"


def test_what_goes_first_still_waits_for_the_floor_while_others_need_none() -> None:
    waiting = room()
    waiting.admit([message(1, "one"), message(2, kind=Kind.FOLLOW)], NOW)
    waiting.put_first("twitch:1")

    assert told(waiting, floor_is_free=False) == ["what about number 2"]


def test_what_is_dropped_ends_and_is_never_told() -> None:
    waiting = room()
    waiting.admit([message(1, "one"), message(2, kind=Kind.FOLLOW), message(3, "three")], NOW)

    dropped = [waiting.drop(key, Outcome.DROPPED, "no") for key in ("twitch:1", "twitch:2", "twitch:9")]

    assert dropped == [True, True, False]
    assert sorted(ended(waiting)) == [("1", Outcome.DROPPED, "no"), ("2", Outcome.DROPPED, "no")]
    assert told(waiting) == ["three"]


@pytest.mark.parametrize("who", ["twitch:v1", "v1"])
def test_who_is_muted_does_not_wait_any_more(who: str) -> None:
    waiting = room()
    waiting.admit([message(1, "one"), message(2, "two")], NOW)

    waiting.apply(Switches(muted=frozenset({who})))

    assert ended(waiting) == [("1", Outcome.REJECTED, "muted by a moderator")]
    assert told(waiting) == ["two"]


def test_what_is_held_is_let_through_in_other_words_and_stays_so_when_it_is_sent_again() -> None:
    waiting = room()
    waiting.admit([message(1, LINK)], NOW)

    [held] = waiting.held()
    assert waiting.approve(held.id, NOW, "look at my page")

    batch = waiting.next(NOW, floor_is_free=True)
    assert batch is not None
    pick = batch.picks[0]
    assert (pick.text, pick.message.text) == ("look at my page", LINK)
    assert waiting.judging.again(pick.message, NOW).text == "look at my page"


def test_other_words_that_the_filters_refuse_leave_it_held() -> None:
    waiting = room(config(filters={"blocked_terms": ["spoiler"], "links": "hold"}))
    waiting.admit([message(1, LINK)], NOW)

    [held] = waiting.held()
    with pytest.raises(WordsRefused, match="blocked term"):
        waiting.approve(held.id, NOW, "a spoiler")

    assert list(waiting.held()) == [held]


@pytest.mark.parametrize(
    ("text", "offending"),
    [
        (LINK, ["evil.example"]),
        ("see  evil.example or b.a.d words", ["evil.example", "b.a.d"]),
        ("\u200bsee evil.example", ["evil.example"]),
    ],
)
def test_the_part_that_it_is_held_for_is_marked(text: str, offending: list[str]) -> None:
    waiting = room(config(filters={"blocked_terms": ["bad"], "blocked_terms_are": "hold", "links": "hold"}))
    waiting.admit([message(1, text)], NOW)

    held = waiting.held()[0]
    assert [text[start:end] for start, end in held.spans] == offending
    assert (held.key, held.viewer) == ("twitch:1", "twitch:v1")


ANYTHING = st.fixed_dictionaries(
    {
        "kind": st.sampled_from([Kind.CHAT, Kind.CHAT, Kind.RAID, Kind.CHEER]),
        "addressed": st.booleans(),
        "roles": st.sampled_from([frozenset(), frozenset({Role.MODERATOR})]),
        "at": st.floats(0, 10),
    }
)


@given(st.lists(ANYTHING, max_size=14), st.sampled_from([LOUD, QUIET]), st.sampled_from([1, 3]))
def test_the_order_that_is_shown_is_the_order_in_which_they_are_heard(
    drawn: list[dict[str, Any]], pace: dict[str, float], picks: int
) -> None:
    waiting = selector(**pace, picks=picks, events_in_a_row=2)
    offer(waiting, *(waiting_message(number, **each) for number, each in enumerate(drawn)), now=10.0)

    shown = [each.message.id for each in waiting.in_order(10.0)]

    heard: list[str] = []
    while some := ids(waiting, 10.0):
        heard += some
    assert sorted(shown) == sorted(heard) or len(heard) < len(shown)
    if pace is QUIET:
        assert shown == heard
