from collections.abc import Callable
from random import Random

import pytest

from tests.soak.verdict import Bound, judge

TIMES = [10.0 * number for number in range(60)]
BOUND = Bound(least=5.0, share=0.03)


def values(at: Callable[[float], float], noise: float = 0.0) -> list[float]:
    chance = Random(1)
    return [at(time) + chance.uniform(-noise, noise) for time in TIMES]


def test_what_grows_as_long_as_it_is_looked_at_is_not_level() -> None:
    assert not judge(TIMES, values(lambda time: 100 + time / 20, noise=3.0), BOUND).is_level


def test_what_grows_only_while_it_warms_up_is_level() -> None:
    assert judge(TIMES, values(lambda time: 100 + min(time, 170), noise=3.0), BOUND).is_level


def test_what_begins_to_grow_late_is_not_level() -> None:
    assert not judge(TIMES, values(lambda time: 100 + max(0, time - 400)), BOUND).is_level


def test_what_rises_and_is_cut_down_again_and_again_is_level() -> None:
    assert judge(TIMES, values(lambda time: time % 70), BOUND).is_level


def test_a_few_samples_far_off_decide_nothing() -> None:
    seen = values(lambda time: 100)
    seen[-3:] = [10_000.0] * 3
    assert judge(TIMES, seen, BOUND).is_level


def test_what_shrinks_is_level() -> None:
    assert judge(TIMES, values(lambda time: 1_000 - time), BOUND).is_level


@pytest.mark.parametrize(("growth", "is_level"), [(29.0, True), (31.0, False)])
def test_a_share_of_a_large_figure_may_be_more_than_the_least_that_is_allowed(growth: float, is_level: bool) -> None:
    half = TIMES[-1] * 0.7 / 2
    trend = judge(TIMES, values(lambda time: 1_000 + max(0, time - TIMES[-1] + half) * growth / half), BOUND)

    assert trend.allowed == pytest.approx(30.0, abs=0.1)
    assert trend.is_level is is_level


def test_too_few_samples_are_not_judged() -> None:
    with pytest.raises(ValueError, match="too few"):
        judge(TIMES[:7], TIMES[:7], BOUND)
