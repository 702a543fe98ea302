from tenacity import Future, RetryCallState, Retrying

from relay.errors import PlatformUnavailable, RateLimited
from relay.system.backoff import backoff


def failed(error: Exception, times: int) -> RetryCallState:
    state = RetryCallState(Retrying(), None, (), {})
    state.attempt_number = times
    state.outcome = Future(times)
    state.outcome.set_exception(error)
    return state


def test_waits_double_up_to_the_longest_and_lose_at_most_a_half() -> None:
    wait = backoff(0.5, 5.0)

    for times, longest in enumerate((0.5, 1.0, 2.0, 4.0, 5.0, 5.0), 1):
        assert all(longest / 2 <= wait(failed(PlatformUnavailable(), times)) <= longest for _ in range(100))


def test_those_who_have_failed_for_long_do_not_come_all_at_once() -> None:
    wait = backoff(0.5, 5.0)

    assert len({round(wait(failed(PlatformUnavailable(), 5_000)), 1) for _ in range(1_000)}) == 26


def test_who_says_how_long_is_left_alone_for_that_long() -> None:
    assert backoff(0.5, 5.0)(failed(RateLimited("slow down", retry_after=17.0), 1)) == 17.0
