"""Codes that link accounts."""

from collections.abc import Callable

import pytest

from relay.memory.codes import LENGTH, MOST, TRIES, VALID_FOR, LinkCodes, LinkRefused

WRONG = "wrong or too old"


def refused(text: str, call: Callable[[], object]) -> None:
    with pytest.raises(LinkRefused, match=text):
        call()


def test_a_code_given_in_private_links_at_once_and_only_once() -> None:
    codes = LinkCodes()
    code = codes.offer("twitch:1", 0.0, in_private=True)

    assert len(code) == LENGTH
    assert codes.use(code.lower(), "discord:2", VALID_FOR) == "twitch:1"
    refused(WRONG, lambda: codes.use(code, "discord:3", 1.0))


def test_no_two_accounts_have_the_same_code() -> None:
    letters = iter("AAAAAAAAAAAABBBBBB")
    codes = LinkCodes(lambda _: next(letters))
    first, second = (codes.offer(viewer, 0.0, in_private=True) for viewer in ("twitch:1", "twitch:2"))

    assert [codes.use(code, "discord:3", 1.0) for code in (first, second)] == ["twitch:1", "twitch:2"]


def test_a_code_that_others_could_read_has_to_be_confirmed_where_it_was_given() -> None:
    codes = LinkCodes()
    code = codes.offer("twitch:1", 0.0, in_private=False)

    assert codes.use(code, "discord:2", 1.0) is None
    refused("nothing to confirm", lambda: codes.confirm("discord:2", 2.0))
    assert codes.confirm("twitch:1", 2.0) == "discord:2"
    refused("nothing to confirm", lambda: codes.confirm("twitch:1", 3.0))


def test_codes_and_questions_end_after_some_minutes() -> None:
    codes = LinkCodes()
    code = codes.offer("twitch:1", 0.0, in_private=False)
    refused(WRONG, lambda: codes.use(code, "discord:2", VALID_FOR + 1))
    codes.use(code, "discord:2", VALID_FOR)
    refused("nothing to confirm", lambda: codes.confirm("twitch:1", 2 * VALID_FOR + 1))


def test_a_new_code_makes_the_one_before_void_and_another_of_the_same_platform_cannot_use_it() -> None:
    codes = LinkCodes()
    first = codes.offer("twitch:1", 0.0, in_private=True)
    second = codes.offer("twitch:1", 1.0, in_private=True)

    refused(WRONG, lambda: codes.use(first, "discord:2", 2.0))
    refused("other platform", lambda: codes.use(second, "twitch:9", 2.0))
    assert codes.use(second, "discord:2", 2.0) == "twitch:1"


def test_who_guesses_has_to_wait() -> None:
    codes = LinkCodes()
    code = codes.offer("twitch:1", 0.0, in_private=True)
    for _ in range(TRIES):
        refused(WRONG, lambda: codes.use("AAAAAA", "discord:2", 1.0))

    refused("Too many", lambda: codes.use(code, "discord:2", 2.0))
    assert codes.use(code, "discord:3", 2.0) == "twitch:1"
    refused(WRONG, lambda: codes.use("AAAAAA", "discord:2", 2 * VALID_FOR))


def test_who_is_forgotten_has_no_codes_and_no_questions() -> None:
    codes = LinkCodes()
    code = codes.offer("twitch:1", 0.0, in_private=True)
    public = codes.offer("twitch:3", 0.0, in_private=False)
    codes.use(public, "discord:4", 0.0)

    codes.forget({"twitch:1", "discord:4"})

    refused(WRONG, lambda: codes.use(code, "discord:2", 1.0))
    refused("nothing to confirm", lambda: codes.confirm("twitch:3", 1.0))


def test_what_is_kept_is_bounded() -> None:
    codes = LinkCodes()
    first = codes.offer("twitch:0", 0.0, in_private=True)
    for number in range(1, MOST + 1):
        codes.offer(f"twitch:{number}", 0.0, in_private=True)

    refused(WRONG, lambda: codes.use(first, "discord:2", 1.0))
