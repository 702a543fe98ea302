from relay.config import ForwardingSection
from relay.model import AudienceMessage, Author, Kind
from relay.moderation.budget import Budget, TokenBucket


def message(author: str = "ann", kind: Kind = Kind.CHAT) -> AudienceMessage:
    return AudienceMessage(
        platform="twitch", id="1", channel="c", kind=kind, author=Author(id=author, name=author), at=0.0
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


def test_a_clock_that_steps_back_gives_nothing_away() -> None:
    bucket = TokenBucket(per_minute=60, burst=1)
    bucket.take(100.0)

    assert not bucket.take(50.0)


def test_a_viewer_over_their_rate_is_refused_with_the_reason_and_others_are_not() -> None:
    budget = Budget(ForwardingSection(viewer_per_minute=4, viewer_burst=1))

    assert budget.admit(message("ann"), 0.0) is None
    assert budget.admit(message("ann"), 0.0) == "viewer rate: more than 4 a minute"
    assert budget.admit(message("bob"), 0.0) is None


def test_support_events_do_not_count_against_a_viewer() -> None:
    budget = Budget(ForwardingSection(viewer_burst=1))

    assert [budget.admit(message(kind=Kind.CHEER), 0.0) for _ in range(5)] == [None] * 5
