from relay.platforms.twitch.pacing import Budget, Window


def sent_at(window: Window, times: int, *, channel: str = "a", privileged: bool = False) -> list[float]:
    return [window.reserve(channel, privileged, 0.0) for _ in range(times)]


def test_a_channel_gets_one_message_a_second() -> None:
    assert sent_at(Window(), 3) == [0.0, 1.0, 2.0]


def test_other_channels_do_not_wait_for_that_second() -> None:
    window = Window()

    assert [window.reserve(channel, False, 0.0) for channel in "abc"] == [0.0, 0.0, 0.0]


def test_twenty_messages_fit_into_thirty_seconds_over_all_channels() -> None:
    window = Window()
    waits = [window.reserve(f"channel {n}", False, 0.0) for n in range(41)]

    assert waits[:20] == [0.0] * 20
    assert waits[20:40] == [30.0] * 20
    assert waits[40] == 60.0


def test_a_moderator_may_send_a_hundred_without_a_pause() -> None:
    waits = sent_at(Window(), 101, privileged=True)

    assert waits[:100] == [0.0] * 100
    assert waits[100] == 30.0


def test_privileged_messages_count_where_there_is_no_privilege() -> None:
    window = Window()
    sent_at(window, 20, channel="mine", privileged=True)

    assert window.reserve("foreign", False, 10.0) == 20.0


def test_places_become_free_again() -> None:
    window = Window()
    sent_at(window, 20, privileged=True)

    assert window.reserve("foreign", False, 31.0) == 0.0


def test_the_budget_waits_for_the_reset_only_when_nothing_remains() -> None:
    budget = Budget()
    budget.note({"Ratelimit-Remaining": "1", "Ratelimit-Reset": "130"})
    assert budget.wait(100.0) == 0.0

    budget.note({"Ratelimit-Remaining": "0", "Ratelimit-Reset": "130"})
    assert budget.wait(100.0) == 30.0
    assert budget.wait(131.0) == 0.0


def test_answers_without_the_headers_change_nothing() -> None:
    budget = Budget()
    budget.note({"Ratelimit-Remaining": "0", "Ratelimit-Reset": "130"})
    budget.note({"Content-Type": "text/html"})

    assert budget.wait(100.0) == 30.0
