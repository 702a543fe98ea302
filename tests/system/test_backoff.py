import pytest
from tenacity import Future, RetryCallState, Retrying

from relay.errors import PlatformUnavailable, RateLimited
from relay.system.backoff import SETTLED, LossPauses, backoff


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


class TestAConnectionThatIsLost:
    now = 0.0

    @pytest.fixture
    def pauses(self) -> LossPauses:
        return LossPauses(0.5, 5.0, lambda: self.now)

    def lost_after(self, seconds: float, pauses: LossPauses) -> float:
        pauses.is_well()
        self.now += seconds
        pauses.is_well()
        return pauses.next()

    def test_is_made_anew_later_and_later_while_it_is_lost_soon(self, pauses: LossPauses) -> None:
        for longest in (0.5, 1.0, 2.0, 4.0, 5.0, 5.0):
            assert longest / 2 <= self.lost_after(SETTLED / 2, pauses) <= longest

    def test_is_made_anew_soon_once_it_was_well_for_a_while(self, pauses: LossPauses) -> None:
        for _ in range(5):
            self.lost_after(0.0, pauses)

        assert self.lost_after(SETTLED, pauses) <= 0.5

    def test_is_no_better_for_having_been_there_long_without_being_well(self, pauses: LossPauses) -> None:
        pauses.next()
        self.now += SETTLED

        assert pauses.next() >= 0.5

    def test_can_be_lost_for_years(self, pauses: LossPauses) -> None:
        assert max(self.lost_after(0.0, pauses) for _ in range(5_000)) <= 5.0
