from datetime import datetime

import pytest

from relay.config import BudgetSection
from relay.model import AudienceMessage, Author, Kind, Role
from relay.moderation import budget as budgets
from relay.moderation.budget import Budget, TokenBucket, is_quiet, not_in_mode
from relay.moderation.switches import Mode, Switches


def message(author: str = "ann", kind: Kind = Kind.CHAT, *roles: Role, addressed: bool = False) -> AudienceMessage:
    return AudienceMessage(
        platform="twitch",
        id="1",
        channel="c",
        kind=kind,
        author=Author(id=author, name=author, roles=frozenset(roles)),
        at=0.0,
        addressed=addressed,
    )


def test_a_bucket_allows_a_burst_and_then_its_rate() -> None:
    bucket = TokenBucket(per_minute=60, burst=2)

    assert [bucket.take(0.0), bucket.take(0.0), bucket.take(0.0)] == [True, True, False]
    assert bucket.ready_at(0.0) == 1.0
    assert bucket.take(1.0)
    assert not bucket.take(1.5)


def test_a_bucket_never_fills_beyond_its_burst() -> None:
    bucket = TokenBucket(per_minute=60, burst=2)

    assert [bucket.take(3600.0) for _ in range(3)] == [True, True, False]


def test_what_came_before_a_new_rate_came_at_the_old_one() -> None:
    bucket = TokenBucket(per_minute=60, burst=100)
    for _ in range(100):
        bucket.take(0.0)
    bucket.set_rate(600, 10.0)

    assert bucket.left(10.0) == 10
    assert bucket.left(11.0) == 20


def test_a_clock_that_steps_back_gives_nothing_away() -> None:
    bucket = TokenBucket(per_minute=60, burst=1)
    bucket.take(100.0)

    assert not bucket.take(50.0)


def test_a_viewer_over_their_rate_is_refused_with_the_reason_and_others_are_not() -> None:
    budget = Budget(BudgetSection(bursts={"all": 5, "viewer": 1}))

    assert budget.admit(message("ann"), 0.0) is None
    assert budget.admit(message("ann"), 0.0) == "rate: more than 4 a minute from one viewer"
    assert budget.admit(message("bob"), 0.0) is None


def test_what_somebody_says_aloud_has_a_rate_of_its_own() -> None:
    budget = Budget(BudgetSection(bursts={"all": 5, "viewer": 1, "speaker": 2}))

    assert [budget.admit(message(kind=Kind.VOICE), 0.0) for _ in range(3)] == [
        None,
        None,
        "rate: more than 20 a minute from one speaker",
    ]
    assert budget.admit(message(), 0.0) is None, "they may write all the same"


def test_people_talk_as_much_as_they_like_where_no_rate_of_speakers_is_set() -> None:
    budget = Budget(BudgetSection(rates={"all": 5, "viewer": 1}))

    assert [budget.admit(message(kind=Kind.VOICE), 0.0) for _ in range(50)] == [None] * 50


def test_support_events_do_not_count_against_a_viewer() -> None:
    budget = Budget(BudgetSection(bursts={"all": 5, "viewer": 1}))

    assert [budget.admit(message(kind=Kind.CHEER), 0.0) for _ in range(5)] == [None] * 5


@pytest.mark.parametrize("name", ["platform.twitch", "kind.chat", "role.subscriber"])
def test_a_rate_can_be_set_for_a_platform_a_kind_or_a_role(name: str) -> None:
    budget = Budget(BudgetSection(rates={"all": 20, "viewer": 20, name: 4}, bursts={"viewer": 9}))

    refused = [budget.admit(message("ann", Kind.CHAT, Role.SUBSCRIBER), 0.0) for _ in range(2)]

    assert refused == [None, f"rate: more than 4 a minute of {name}"]


def test_moderators_are_never_refused_for_their_rate() -> None:
    budget = Budget(BudgetSection(bursts={"all": 5, "viewer": 1}))

    assert [budget.admit(message("mod", Kind.CHAT, Role.MODERATOR), 0.0) for _ in range(9)] == [None] * 9


def test_rates_change_at_once_also_for_buckets_in_use() -> None:
    budget = Budget(BudgetSection(rates={"all": 60, "viewer": 4}, bursts={"all": 1}))
    budget.spend(0.0)

    budget.apply(Switches(rates={"all": 6}), 0.0)
    assert budget.ready_at(0.0) == 10.0

    budget.apply(Switches(), 0.0)
    assert budget.ready_at(0.0) == 1.0


def test_new_settings_count_once_the_switches_are_applied_again() -> None:
    budget = Budget(BudgetSection(rates={"all": 60, "viewer": 4}, bursts={"all": 1}))
    budget.spend(0.0)

    budget.adopt(BudgetSection(rates={"all": 6, "viewer": 4}, bursts={"all": 1}))
    assert budget.ready_at(0.0) == 1.0
    budget.apply(Switches(), 0.0)

    assert budget.ready_at(0.0) == 10.0


def test_what_there_is_room_for_is_what_may_go_at_once() -> None:
    budget = Budget(BudgetSection(rates={"all": 60, "viewer": 4}, bursts={"all": 3}))
    assert budget.room(0.0) == 3

    budget.spend(0.0)
    assert (budget.room(0.0), budget.room(0.5), budget.room(1.0)) == (2, 2, 3)

    budget.apply(Switches(rates={"all": 0}), 1.0)
    assert budget.room(1.0) == 0


def test_of_too_many_viewers_the_one_not_seen_for_longest_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(budgets, "MAX_VIEWERS", 2)
    budget = Budget(BudgetSection(bursts={"all": 9, "viewer": 2}))
    refused = [budget.admit(message(who), 0.0) is not None for who in ("ann", "bob", "ann", "cat", "ann", "bob", "bob")]

    assert refused == [False, False, False, False, True, False, False]


def test_slow_mode_leaves_a_quarter_and_a_rate_of_nothing_lets_nothing_through() -> None:
    budget = Budget(BudgetSection(rates={"all": 60, "viewer": 4}, bursts={"all": 1}))
    budget.spend(0.0)

    budget.apply(Switches(mode=Mode.SLOW), 0.0)
    assert budget.ready_at(0.0) == 4.0

    budget.apply(Switches(rates={"all": 0}), 0.0)
    assert budget.ready_at(1e9) == float("inf")


@pytest.mark.parametrize(
    ("mode", "said", "refusal"),
    [
        (Mode.MENTIONS, message(), "mode: only mentions"),
        (Mode.MENTIONS, message(addressed=True), None),
        (Mode.MENTIONS, message(kind=Kind.RAID), None),
        (Mode.SUBSCRIBERS, message(), "mode: only subscribers"),
        (Mode.SUBSCRIBERS, message("s", Kind.CHAT, Role.SUBSCRIBER), None),
        (Mode.SUBSCRIBERS, message("m", Kind.CHAT, Role.MODERATOR), None),
        (Mode.ALL, message(), None),
    ],
)
def test_modes_leave_out_chat_but_never_events_or_moderators(
    mode: Mode, said: AudienceMessage, refusal: str | None
) -> None:
    assert not_in_mode(said, mode) == refusal


@pytest.mark.parametrize(
    ("hours", "time", "quiet"),
    [
        ("22:00-06:00", "23:30", True),
        ("22:00-06:00", "05:59", True),
        ("22:00-06:00", "06:00", False),
        ("12:00-13:00", "12:30", True),
        ("12:00-13:00", "11:59", False),
        (None, "12:30", False),
    ],
)
def test_quiet_hours_may_pass_midnight(hours: str | None, time: str, quiet: bool) -> None:
    assert is_quiet(hours, datetime.fromisoformat(f"2026-01-01 {time}")) is quiet
