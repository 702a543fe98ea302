"""Whether there is a stream: what a platform tells and what it answers."""

import pytest

from relay.model import Kind
from relay.platforms.base import Stream
from relay.platforms.on_air import LAG, OnAir
from tests.contracts.samples import message


class Clock:
    now = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def on_air(clock: Clock) -> OnAir:
    return OnAir(clock)


def test_nobody_knows_before_the_platform_tells_or_answers(on_air: OnAir) -> None:
    assert on_air.is_live is None
    on_air.answered(Stream(True))
    assert on_air.is_live


@pytest.mark.parametrize("kind", [Kind.ONLINE, Kind.OFFLINE])
def test_what_was_told_counts_until_the_answers_have_surely_caught_up(on_air: OnAir, clock: Clock, kind: Kind) -> None:
    before = Stream(kind is Kind.OFFLINE, began=5.0)
    on_air.told(message(1, kind=kind))
    clock.now += LAG - 1
    on_air.answered(before)
    assert on_air.is_live is not before.is_live
    clock.now += 1
    on_air.answered(before)
    assert on_air.is_live is before.is_live


def test_a_stream_that_began_after_the_end_of_another_is_believed_at_once(on_air: OnAir, clock: Clock) -> None:
    end = message(1, kind=Kind.OFFLINE)
    on_air.told(end)
    on_air.answered(Stream(True, began=end.at - 1))
    assert not on_air.is_live
    on_air.answered(Stream(True, began=end.at + 1))
    assert on_air.is_live
    on_air.answered(Stream(False))  # by a server that lags behind the others
    assert on_air.is_live
    clock.now += LAG
    on_air.answered(Stream(False))
    assert not on_air.is_live
