"""A viewer's follow is told once a month in each channel, whatever happens to the relay meanwhile."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from relay.forwarding import follows
from relay.forwarding.follows import WITHIN, ToldFollows
from relay.model import DESK, AudienceMessage, Kind, Outcome
from tests.forwarding.surroundings import Scene, config, message

AGAIN = "has followed before, less than a month ago"


def follow(number: int, at: float, **over: Any) -> AudienceMessage:
    return message(number, "", kind=Kind.FOLLOW, at=at, **over)


@pytest.fixture
def scene() -> Iterator[Scene]:
    scene = Scene(config())
    scene.voxta.join()
    yield scene
    scene.close()


def test_a_follow_is_told_once_a_month_in_each_channel() -> None:
    told = ToldFollows()

    assert told.refuses(follow(1, 0.0)) is None
    assert told.refuses(follow(2, 1.0)) == AGAIN
    assert told.refuses(follow(3, 2.0, author="ben")) is None
    assert told.refuses(follow(4, 3.0, channel="elsewhere")) is None
    assert told.refuses(follow(5, 4.0, platform="discord")) is None
    assert told.refuses(follow(6, WITHIN - 1)) == AGAIN
    assert told.refuses(follow(7, WITHIN)) is None
    assert told.refuses(follow(8, WITHIN + 1)) == AGAIN


def test_a_follow_that_is_judged_again_is_the_same_one() -> None:
    told = ToldFollows()
    first = follow(1, 0.1 + 0.2)

    assert told.refuses(first) is told.refuses(first) is None


def test_only_follows_count() -> None:
    told = ToldFollows()

    assert told.refuses(message(1, at=0.0)) is None
    assert told.refuses(message(2, at=1.0)) is None
    assert told.take_note() is None


def test_what_is_noted_is_what_the_next_relay_knows() -> None:
    told, after = ToldFollows(), ToldFollows()
    told.refuses(follow(1, 1 / 3))

    after.load(told.take_note())

    assert told.take_note() is None
    assert after.refuses(follow(1, 1 / 3)) is None, "it is judged again"
    assert after.refuses(follow(2, 1.0)) == AGAIN
    assert after.take_note() is None


def test_who_wants_to_be_forgotten_is_no_follower_we_know_of() -> None:
    told = ToldFollows()
    told.load('{"twitch:lobby/ann": 1.0, "twitch:den/ann": 1.0, "twitch:lobby/joann": 1.0, "discord:lobby/ann": 1.0}')

    told.forget("twitch:ann")

    assert json.loads(told.take_note() or "") == {"twitch:lobby/joann": 1.0, "discord:lobby/ann": 1.0}


def test_nothing_is_noted_anew_for_who_never_followed() -> None:
    told = ToldFollows()
    told.forget("twitch:ann")

    assert told.take_note() is None


@pytest.mark.parametrize("note", [None, "", "nonsense", '{"a": "b"}'])
def test_a_note_that_cannot_be_read_is_none(note: str | None) -> None:
    told = ToldFollows()

    told.load(note)

    assert told.refuses(follow(1, 0.0)) is None


def test_whoever_followed_longest_ago_is_forgotten_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(follows, "MAX_FOLLOWERS", 2)
    told = ToldFollows()
    for number, author in enumerate(["ann", "ben", "ann", "cleo"]):
        told.refuses(follow(number, number * WITHIN / 2, author=author))

    assert told.refuses(follow(7, 1.6 * WITHIN, author="ann")) == AGAIN
    assert told.refuses(follow(8, 1.4 * WITHIN, author="ben")) is None, "forgotten, or else it would be too soon"


def test_a_second_follow_is_not_told_even_after_a_crash_and_has_its_outcome(scene: Scene) -> None:
    first, second, third = (follow(number, scene.wall() + number) for number in range(3))
    scene.give(first)
    scene.wait(1)
    scene.give(second)
    scene.wait(1)
    scene.crash()
    scene.voxta.join()
    scene.give(third)
    scene.wait(1)

    outcomes = [scene.outcome(each) for each in (first, second, third)]
    assert [each and (each.outcome, each.reason) for each in outcomes[1:]] == [(Outcome.REJECTED, AGAIN)] * 2
    assert outcomes[0] and outcomes[0].outcome is Outcome.FORWARDED


def test_who_only_is_pretended_to_follow_may_do_so_again() -> None:
    told = ToldFollows()

    assert [told.refuses(follow(number, float(number), platform=DESK)) for number in range(3)] == [None] * 3
    assert told.take_note() is None
