from datetime import UTC, datetime
from email.utils import format_datetime

import pytest

from relay.platforms.twitch.pacing import MessageWindow, PointBudget, WhisperWindow


def sent_at(window: MessageWindow, times: int, *, channel: str = "a", privileged: bool = False) -> list[float]:
    return [window.reserve(channel, privileged, 0.0) for _ in range(times)]


def test_a_channel_gets_one_message_a_second() -> None:
    assert sent_at(MessageWindow(), 3) == [0.0, 1.0, 2.0]


def test_the_second_begins_when_a_message_has_come_there() -> None:
    window = MessageWindow()
    sent_at(window, 1)
    window.sent("a", 0.5)

    assert window.reserve("a", False, 0.5) == 1.0


def test_other_channels_do_not_wait_for_that_second() -> None:
    window = MessageWindow()

    assert [window.reserve(channel, False, 0.0) for channel in "abc"] == [0.0, 0.0, 0.0]


def test_twenty_messages_fit_into_thirty_seconds_over_all_channels() -> None:
    window = MessageWindow()
    waits = [window.reserve(f"channel {n}", False, 0.0) for n in range(41)]

    assert waits[:20] == [0.0] * 20
    assert waits[20:40] == [30.0] * 20
    assert waits[40] == 60.0


def test_a_moderator_may_send_a_hundred_without_a_pause() -> None:
    waits = sent_at(MessageWindow(), 101, privileged=True)

    assert waits[:100] == [0.0] * 100
    assert waits[100] == 30.0


def test_privileged_messages_count_where_there_is_no_privilege() -> None:
    window = MessageWindow()
    sent_at(window, 20, channel="mine", privileged=True)

    assert window.reserve("foreign", False, 10.0) == 20.0


def test_places_become_free_again() -> None:
    window = MessageWindow()
    sent_at(window, 20, privileged=True)

    assert window.reserve("foreign", False, 31.0) == 0.0


def headers(remaining: int, reset_in: int) -> dict[str, str]:
    """As Twitch sends them: all times by its own clock."""
    return {
        "Ratelimit-Remaining": str(remaining),
        "Ratelimit-Reset": str(1_794_000_000 + reset_in),
        "Date": format_datetime(datetime.fromtimestamp(1_794_000_000, UTC), usegmt=True),
    }


def test_the_budget_waits_for_the_reset_only_when_nothing_remains() -> None:
    budget = PointBudget()
    budget.note(headers(1, 30), 100.0)
    assert budget.wait(100.0) == 0.0

    budget.note(headers(0, 30), 100.0)
    assert budget.wait(100.0) == 30.0
    assert budget.wait(131.0) == 0.0


def test_points_that_are_back_sooner_than_announced_are_used() -> None:
    budget = PointBudget()
    budget.note(headers(0, 30), 100.0)
    budget.note(headers(5, 30), 101.0)

    assert budget.wait(101.0) == 0.0


def test_who_leaves_points_to_others_waits_sooner() -> None:
    budget = PointBudget()
    budget.note(headers(100, 30), 100.0)

    assert budget.wait(100.0) == 0.0
    assert budget.wait(100.0, spare=100) == 30.0


def test_no_wait_is_longer_than_twitch_needs_to_give_all_points_back() -> None:
    budget = PointBudget()
    budget.note(headers(0, 86_400), 100.0)

    assert budget.wait(100.0) == 60.0


@pytest.mark.parametrize("odd", [{"Content-Type": "text/html"}, headers(0, 0) | {"Ratelimit-Reset": "soon"}])
def test_answers_without_the_headers_change_nothing(odd: dict[str, str]) -> None:
    budget = PointBudget()
    budget.note(headers(0, 30), 100.0)
    budget.note(odd, 100.0)

    assert budget.wait(100.0) == 30.0


def test_three_whispers_go_in_a_second_and_none_waits_for_long() -> None:
    window = WhisperWindow()

    assert [window.reserve(0.0) for _ in range(13)] == [0.0] * 3 + [1.0] * 3 + [2.0] * 3 + [3.0] * 3 + [None]


def test_a_hundred_whispers_go_in_a_minute() -> None:
    window = WhisperWindow()
    early = [window.reserve(number * 0.4) for number in range(101)]

    assert early == [0.0] * 100 + [None]
    assert window.reserve(58.0) == 2.0
