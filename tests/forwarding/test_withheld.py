"""What a platform keeps from its chat waits for a moderator, here or there, and is decided once."""

from typing import Any

import pytest

from relay.model import AudienceMessage, Outcome, PlatformDecision, Withheld
from tests.forwarding.surroundings import config
from tests.forwarding.test_waiting import LINK, NOW, ended, message, room, told

HELD = Withheld(reason="AutoMod: swearing, level 2", is_decided_here=True)


def withheld(number: int, text: str = "you fool", **over: Any) -> AudienceMessage:
    return message(number, text, **over).model_copy(update={"withheld": HELD})


def decision(number: int, is_approved: bool | None, reason: str = "denied on twitch by Mod") -> PlatformDecision:
    return PlatformDecision(platform="twitch", id=str(number), is_approved=is_approved, reason=reason)


def test_what_is_withheld_is_held_with_the_platforms_reason() -> None:
    waiting = room()
    waiting.admit([withheld(1)], NOW)

    [held] = waiting.held()
    assert (held.text, held.reason) == ("you fool", "AutoMod: swearing, level 2")
    assert waiting.held_message(held.id) == withheld(1)
    assert told(waiting) == []


def test_what_the_filters_refuse_is_not_held() -> None:
    waiting = room(config(filters={"links": "reject"}))
    waiting.admit([withheld(1, LINK)], NOW)

    assert waiting.held() == []
    assert ended(waiting) == [("1", Outcome.REJECTED, "link")]


@pytest.mark.parametrize(
    ("is_approved", "outcome"),
    [(True, None), (False, Outcome.REJECTED), (None, Outcome.HELD)],
)
@pytest.mark.parametrize("comes_first", [False, True])
def test_a_decision_of_the_platforms_counts_whichever_comes_first(
    is_approved: bool | None, outcome: Outcome | None, comes_first: bool
) -> None:
    waiting = room()
    if comes_first:
        waiting.decide(decision(1, is_approved), NOW)
    waiting.admit([withheld(1)], NOW)
    if not comes_first:
        waiting.decide(decision(1, is_approved), NOW)

    assert waiting.held() == []
    assert ended(waiting) == ([] if outcome is None else [("1", outcome, "denied on twitch by Mod")])
    assert told(waiting) == (["you fool"] if is_approved else [])


def test_a_second_decision_changes_nothing() -> None:
    waiting = room()
    waiting.admit([withheld(1)], NOW)
    [held] = waiting.held()
    assert waiting.approve(held.id, NOW)
    waiting.decide(decision(1, False), NOW)
    waiting.decide(decision(1, True), NOW)

    assert told(waiting) == ["you fool"]
    assert ended(waiting) == []
