from contextlib import suppress
from email.utils import formatdate
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.platforms.clock import PlatformClock
from relay.platforms.discord.session_starts import APART, SUSTAINED, Buckets, LastStart, SessionStarts

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


def test_shards_share_what_a_day_allows() -> None:
    now = 0.0
    shards = [SessionStarts(4, clock=lambda: now, chance=lambda low, _: low) for _ in range(4)]
    begun = 0
    while now < 2 * DAY:
        soonest = min(shards, key=lambda starts: starts.wait())
        now += soonest.wait()
        soonest.begins()
        begun += now >= DAY
    assert begun < 1_000


@given(
    arrivals=st.lists(st.tuples(st.integers(0, 15), st.floats(0, 20)), min_size=1, max_size=40),
    at_once=st.sampled_from([1, 2, 16]),
)
def test_of_the_shards_with_one_remainder_one_begins_in_five_seconds(
    arrivals: list[tuple[int, float]], at_once: int
) -> None:
    now, begun = 0.0, list[tuple[int, float]]()

    async def pass_time(seconds: float) -> None:
        begun[-1] = (begun[-1][0], now + seconds)

    buckets = Buckets(clock=lambda: now)
    buckets.at_once = at_once

    async def begin(shard: int) -> None:
        begun.append((shard % at_once, 0.0))
        await buckets.begins(shard)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("relay.platforms.discord.session_starts.asyncio.sleep", pass_time)
        for shard, later in arrivals:
            now += later
            with suppress(StopIteration):  # it waits for nothing but the sleep
                begin(shard).send(None)

    for key in range(at_once):
        times = sorted(at for bucket, at in begun if bucket == key)
        assert all(second - first >= 5.0 for first, second in pairwise(times))


@given(
    began=st.floats(1_000_000, 1_000_002),
    passed=st.floats(0, 10),
    off=st.floats(-3_600, 3_600),
)
def test_who_takes_over_begins_five_seconds_after_the_process_before_however_the_clocks_go(
    began: float, passed: float, off: float
) -> None:
    now = began

    def last_start() -> LastStart:
        clock = PlatformClock(steady=lambda: now, wall=lambda: now + off)
        clock.note(formatdate(int(now), usegmt=True))
        return LastStart(clock)

    before = last_start()
    before.begins()
    now += passed
    after, waited = last_start(), list[float]()
    after.before = before.at

    async def pass_time(seconds: float) -> None:
        waited.append(seconds)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("relay.platforms.discord.session_starts.asyncio.sleep", pass_time)
        with suppress(StopIteration):  # it waits for nothing but the sleep
            after.turn().send(None)

    [seconds] = waited
    assert passed + seconds >= 5.0
    assert passed + seconds <= max(passed, 7.5)


async def test_who_has_begun_a_session_waits_for_no_other_process() -> None:
    """Of its own it knows without a note."""
    start = LastStart(PlatformClock())
    start.begins()
    start.before = start.at

    with pytest.raises(StopIteration):
        start.turn().send(None)
