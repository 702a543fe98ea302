from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from relay.platforms.discord.session_starts import APART, SUSTAINED, SessionStarts

DAY = 86_400.0
ROUNDING = 1e-6
"""Seconds; a day of them leaves the last bits of a time to chance."""


class Hurried:
    """Begins a session as soon as it may, and again after it has lasted for a while."""

    def __init__(self, chance: float = 0.0) -> None:
        self.now = 0.0
        self.begun: list[float] = []
        self._starts = SessionStarts(clock=lambda: self.now, chance=lambda low, high: low + chance * (high - low))

    def begin(self, lasting: float = 0.0) -> None:
        self.now += self._starts.wait()
        self._starts.begins()
        self.begun.append(self.now)
        self.now += lasting


@given(lasting=st.lists(st.floats(0, 600), min_size=20, max_size=50), chance=st.floats(0, 1))
def test_no_day_has_more_sessions_than_discord_allows(lasting: list[float], chance: float) -> None:
    hurried, number = Hurried(chance), 0
    while hurried.now < 2 * DAY:
        hurried.begin(lasting[number % len(lasting)])
        number += 1
    for start in (0.0, DAY / 2, DAY):
        assert sum(start <= at < start + DAY for at in hurried.begun) < 1_000
    assert all(later - earlier > APART - ROUNDING for earlier, later in pairwise(hurried.begun))


def test_the_first_begins_at_once_and_the_next_five_seconds_later() -> None:
    hurried = Hurried()
    hurried.begin()
    hurried.begin()
    assert hurried.begun == [0.0, APART]


def test_in_the_forty_seconds_that_thirteen_took_few_begin() -> None:
    hurried = Hurried()
    while hurried.now < 40:
        hurried.begin()
    assert sum(at < 40 for at in hurried.begun) == 4


def test_what_went_well_for_long_is_forgiven() -> None:
    hurried = Hurried()
    for _ in range(10):
        hurried.begin()
    hurried.begin(lasting=10 * SUSTAINED)
    hurried.begin()
    before = hurried.now
    hurried.begin()
    assert hurried.now - before == APART


def test_chance_only_lengthens_a_wait() -> None:
    for chance in (0.0, 0.5, 1.0):
        hurried = Hurried(chance)
        hurried.begin()
        hurried.begin()
        assert APART <= hurried.begun[1] <= 1.2 * APART
