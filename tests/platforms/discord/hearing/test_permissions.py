"""Whom the companion may hear."""

from typing import Any

import pytest

from relay.config import VoiceSection
from relay.platforms.discord.hearing.permissions import TALK_FOR, HearingPermissions, PushToTalk

ANNA, BEN = 101, 102


def audience(clock: list[float] | None = None, **options: Any) -> HearingPermissions:
    now = clock or [0.0]
    return HearingPermissions(VoiceSection(**options), lambda: now[0])


@pytest.mark.parametrize(
    ("options", "heard"),
    [
        ({}, set()),
        ({"listen_to": "nobody", "allowed": (ANNA,)}, set()),
        ({"listen_to": "allowed", "allowed": (ANNA,)}, {ANNA}),
        ({"listen_to": "everyone"}, {ANNA, BEN}),
    ],
)
def test_the_streamer_chooses_who_is_heard(options: dict[str, Any], heard: set[int]) -> None:
    chosen = audience(**options)
    assert {user for user in (ANNA, BEN) if chosen.hears(user)} == heard


def test_with_push_to_talk_a_person_is_heard_only_while_they_hold_the_floor() -> None:
    chosen = audience(listen_to="everyone", push_to_talk=True)
    assert chosen.push_to_talk is not None
    assert not chosen.hears(ANNA)
    assert chosen.push_to_talk.toggle(ANNA)
    assert chosen.hears(ANNA)
    assert not chosen.hears(BEN)
    assert not chosen.push_to_talk.toggle(ANNA)
    assert not chosen.hears(ANNA)


def test_holding_the_floor_does_not_open_the_ear_to_people_who_were_not_chosen() -> None:
    chosen = audience(listen_to="allowed", allowed=(ANNA,), push_to_talk=True)
    assert chosen.push_to_talk is not None
    chosen.push_to_talk.toggle(BEN)
    assert not chosen.hears(BEN)


def test_who_held_the_floor_and_does_not_any_more_is_forgotten() -> None:
    now = [0.0]
    floor = PushToTalk(lambda: now[0])
    for user in range(50):
        floor.toggle(user)
        now[0] += TALK_FOR / 2

    assert len(floor._until) == 2, "the last one, and the one before"


def test_the_floor_goes_back_by_itself() -> None:
    now = [0.0]
    floor = PushToTalk(lambda: now[0])
    floor.toggle(ANNA)
    now[0] = TALK_FOR - 0.1
    assert floor.holds(ANNA)
    now[0] = TALK_FOR
    assert not floor.holds(ANNA)


def test_listening_to_nobody_is_not_announced() -> None:
    assert audience().announcement() is None


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"listen_to": "everyone"}, "everyone who talks in this channel, so"),
        ({"listen_to": "allowed", "allowed": (BEN, ANNA)}, f"only <@{ANNA}>, <@{BEN}>, so"),
        ({"listen_to": "allowed", "allowed": tuple(range(1, 31))}, "30 people who were chosen"),
        ({"listen_to": "everyone", "push_to_talk": True}, "after `/talk`, for up to 30 seconds"),
    ],
)
def test_an_announcement_says_who_is_heard(options: dict[str, Any], said: str) -> None:
    text = audience(**options).announcement()
    assert text is not None
    assert said in text
    assert "Nothing is recorded" in text


def test_an_announcement_says_that_what_is_said_is_shown() -> None:
    text = audience(listen_to="everyone", subtitles=("channel",)).announcement()

    assert text is not None
    assert "What is said is shown to others as text." in text
    assert "Nothing is recorded" not in text
