import pytest

from relay.platforms.clock import PlatformClock


class Times:
    """Both clocks of this machine."""

    def __init__(self) -> None:
        self.steady = 50.0
        self.wall = 1_000_000_070.0
        self.discords = PlatformClock(steady=lambda: self.steady, wall=lambda: self.wall)

    def pass_by(self, seconds: float) -> None:
        self.steady += seconds
        self.wall += seconds


@pytest.fixture
def times() -> Times:
    """The wall clock is 70 s ahead of Discord's."""
    times = Times()
    times.discords.note("Sun, 09 Sep 2001 01:46:39 GMT")  # 999,999,999 and part of a second
    return times


def test_until_discord_has_answered_its_time_is_ours() -> None:
    times = Times()
    assert (times.discords.now(), times.discords.lead()) == (times.wall, 0.0)


@pytest.mark.parametrize("header", ["", "soon", "Sun, 99 Sep 2001 01:46:39 GMT"])
def test_what_is_no_date_tells_nothing(times: Times, header: str) -> None:
    before = times.discords.now()
    times.discords.note(header)
    assert times.discords.now() == before


def test_it_goes_on_between_two_answers(times: Times) -> None:
    times.pass_by(30)
    assert times.discords.now() == pytest.approx(1_000_000_029.5)


def test_the_difference_is_how_far_we_are_ahead(times: Times) -> None:
    assert times.discords.lead() == pytest.approx(70.5)


def test_what_happened_keeps_its_age(times: Times) -> None:
    assert times.wall - times.discords.happened(999_999_949.5) == pytest.approx(50)


def test_nothing_happens_in_the_future(times: Times) -> None:
    assert times.discords.happened(1_000_000_500) == times.wall


def test_a_wall_clock_that_is_set_changes_no_age(times: Times) -> None:
    times.wall += 3_600
    assert times.wall - times.discords.happened(999_999_949.5) == pytest.approx(50)
