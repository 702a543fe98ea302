"""What may be remembered at all."""

import pytest

from relay.moderation.switches import Switches
from tests.memory.stage import note_filter


@pytest.mark.parametrize("enabled", [True, False])
@pytest.mark.parametrize("secret", ["+49 170 1234567", "4111 1111 1111 1111", "192.168.10.77"])
def test_what_is_private_is_masked_whether_or_not_the_filters_are_on(secret: str, enabled: bool) -> None:
    assert note_filter(enabled=enabled)("twitch:1", "Ann", f"reach me: {secret} ok") == "reach me: *** ok"


@pytest.mark.parametrize("text", ["visit evil.example now", "loves SP0ILERS", "", "\u200b"])
def test_what_the_filters_refuse_is_not_kept(text: str) -> None:
    assert note_filter(blocked_terms=("spoilers",))("twitch:1", "Ann", text) is None


def test_what_a_moderator_would_have_to_look_at_is_not_kept() -> None:
    assert note_filter(links="hold")("twitch:1", "Ann", "see evil.example") is None


def test_terms_and_mutes_of_moderators_count_at_once() -> None:
    switches = Switches(muted=frozenset({"twitch:2"}), blocked_terms=("spoilers",))

    assert note_filter(switches)("twitch:1", "Ann", "no spoilers") is None
    assert note_filter(switches)("twitch:2", "Bob", "hello") is None
    assert note_filter(switches)("twitch:1", "Ann", "hello") == "hello"


def test_nothing_is_kept_of_who_asked_to_be_left_out() -> None:
    clean = note_filter(quiet={"twitch:1"})

    assert clean("twitch:1", "Ann", "hello") is None
    assert not clean.allows("twitch:1", "Ann")
    assert clean("twitch:2", "Ann", "hello") == "hello"


def test_the_same_may_be_noted_about_many() -> None:
    clean = note_filter()

    assert {clean(f"twitch:{number}", "Ann", "likes this stream a lot, and chess") for number in range(20)} == {
        "likes this stream a lot, and chess"
    }


def test_a_note_is_no_question_that_only_some_may_ask() -> None:
    clean = note_filter(least_role={"ask": "subscriber", "chat": "subscriber"})

    assert clean("twitch:1", "Ann", "likes chess") == "likes chess"


def test_a_person_may_be_told_of_whatever_words_the_filters_refuse() -> None:
    assert note_filter(scripts=("cyrillic",), blocked_terms=("hell*",)).allows("twitch:1", "Ann")
    assert not note_filter(blocked_terms=("spoilers",)).allows("twitch:1", "Spoilers")
    assert not note_filter(Switches(muted=frozenset({"twitch:1"}))).allows("twitch:1", "Ann")
