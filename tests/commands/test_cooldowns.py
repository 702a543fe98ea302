"""Rests of commands, and who was told of them."""

import pytest

from relay.commands import cooldowns
from relay.commands.cooldowns import LONGEST_ANSWER, Cooldowns, Rest
from relay.commands.definition import Command

BOTH = Command(name="dance", summary="", cooldown=10.0, viewer_cooldown=30.0)
FREE = Command(name="hug", summary="")


def test_what_keeps_longest_is_what_is_told() -> None:
    rests = Cooldowns()
    rests.used(BOTH, "ann", 100.0)

    assert rests.left(BOTH, "bob", 104.0) == Rest(6.0, "")
    assert rests.left(BOTH, "ann", 104.0) == Rest(26.0, "ann")
    assert rests.left(BOTH, "bob", 110.0) is None
    assert rests.left(BOTH, "ann", 130.0) is None


def test_a_command_without_a_cooldown_never_rests_and_its_uses_are_counted_for_a_stream() -> None:
    rests = Cooldowns()
    for _ in range(3):
        rests.used(FREE, "ann", 100.0)
    rests.used(BOTH, "ann", 100.0)

    assert rests.left(FREE, "ann", 100.0) is None
    assert (rests.uses(FREE), rests.uses(BOTH)) == (3, 1)

    rests.begin_stream()
    assert (rests.uses(FREE), rests.uses(BOTH)) == (0, 0)


def test_a_rest_that_counts_from_the_end_of_the_answer_lasts_from_the_use_on() -> None:
    spoken = Command(name="tell", summary="", cooldown=10.0, rests_from_speech=True)
    rests = Cooldowns()

    rests.used(spoken, "ann", 100.0)
    assert rests.left(spoken, "bob", 105.0) == Rest(LONGEST_ANSWER + 5.0, "")

    rests.over(spoken, "ann", 120.0)
    assert rests.left(spoken, "bob", 125.0) == Rest(5.0, "")


def test_news_are_told_once_to_each_until_they_are_old() -> None:
    told = Cooldowns()
    asked = [("dance", "ann", 0), ("dance", "ann", 9), ("dance", "bob", 9), ("hug", "ann", 9), ("dance", "ann", 10)]

    assert [told.is_news(about, whom, now, now + 10) for about, whom, now in asked] == [True, False, True, True, True]


def test_of_too_many_rests_the_oldest_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cooldowns, "MAX_ENTRIES", 2)
    own = Command(name="dance", summary="", viewer_cooldown=30.0)
    rests = Cooldowns()
    for viewer in ("ann", "bob", "ann", "cat"):
        rests.used(own, viewer, 0.0)

    assert [rests.left(own, viewer, 0.0) is not None for viewer in ("ann", "bob", "cat")] == [True, False, True]
