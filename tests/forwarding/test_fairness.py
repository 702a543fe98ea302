import math
import random

import pytest

from relay.forwarding.fairness import MAX_VIEWERS, Fairness


def test_who_waits_does_so_from_their_first_message_until_they_are_heard() -> None:
    fairness = Fairness(half_life=60.0)
    fairness.spoke("ann", 10.0)
    fairness.spoke("ann", 20.0)
    assert fairness.waited("ann", 40.0) == 30.0

    fairness.was_heard("ann", "twitch", 40.0)
    assert fairness.waited("ann", 50.0) == 0.0

    fairness.spoke("ann", 60.0)
    assert fairness.waited("ann", 65.0) == 5.0


def test_nobody_waits_who_never_wrote() -> None:
    assert Fairness(half_life=60.0).waited("ann", 50.0) == 0.0


def test_being_heard_counts_half_after_its_half_life_and_adds_up() -> None:
    fairness = Fairness(half_life=60.0)
    assert fairness.heard_lately("ann", 0.0) == 0.0

    fairness.was_heard("ann", "twitch", 0.0)
    assert fairness.heard_lately("ann", 0.0) == 1.0
    assert fairness.heard_lately("ann", 60.0) == pytest.approx(0.5)

    fairness.was_heard("ann", "twitch", 60.0)
    assert fairness.heard_lately("ann", 60.0) == pytest.approx(1.5)


def test_a_pace_is_about_the_messages_of_the_last_minute() -> None:
    fairness = Fairness(half_life=60.0)
    for second in range(0, 600, 10):
        fairness.spoke("ann", float(second))

    assert fairness.pace("ann", 590.0) == pytest.approx(6.0, abs=0.5)
    assert fairness.pace("ann", 630.0) == pytest.approx(3.0, abs=0.3)
    assert fairness.pace("bob", 590.0) == 0.0


def test_a_draw_holds_for_its_time_and_is_each_viewers_own() -> None:
    fairness, dice = Fairness(half_life=60.0), random.Random(1)
    first = fairness.luck("ann", 0.0, 25.0, dice)

    assert fairness.luck("ann", 24.9, 25.0, dice) == first
    assert fairness.luck("bob", 24.9, 25.0, dice) != first
    assert fairness.luck("ann", 25.0, 25.0, dice) != first


@pytest.mark.parametrize("drawn", [0.0, 0.5, 1.0 - 2**-53])
def test_whatever_is_drawn_is_luck(drawn: float) -> None:
    class Dice(random.Random):
        def random(self) -> float:
            return drawn

    luck = Fairness(half_life=60.0).luck("ann", 0.0, 25.0, Dice())

    assert math.isfinite(luck)
    assert drawn != 0.5 or luck == pytest.approx(math.log(math.log(2.0)))


def test_a_platform_waits_from_when_anybody_on_it_was_heard() -> None:
    fairness = Fairness(half_life=60.0)
    fairness.was_heard("ann", "twitch", 10.0)

    assert fairness.platform_waited("twitch", 15.0) == 5.0
    assert fairness.platform_waited("discord", 15.0) == float("inf")


def test_of_too_many_viewers_the_one_not_seen_for_longest_is_forgotten() -> None:
    fairness = Fairness(half_life=60.0)
    fairness.spoke("ann", 0.0)
    fairness.spoke("bob", 0.0)
    for number in range(MAX_VIEWERS - 2):
        fairness.spoke(f"v{number}", 1.0)
    fairness.spoke("ann", 2.0)
    fairness.spoke("one more", 3.0)

    assert fairness.waited("ann", 4.0) == 4.0
    assert fairness.waited("bob", 4.0) == 0.0
