"""Each type of notice as Twitch documents it, read by the real TwitchIO, and in the words the companion is told."""

from typing import Any

import pytest

from relay.application.settings import load
from relay.forwarding.policy import Policy
from relay.forwarding.rendering import Pick, Place, Renderer
from relay.model import AudienceMessage, Kind
from relay.platforms.twitch.incoming import read
from tests.doubles.twitch import payloads
from tests.doubles.twitch.shapes import NOTICES
from tests.doubles.twitch.state import User
from tests.platforms.twitch.test_incoming import ANN, ARRIVED, CHANNEL, PEOPLE, VOX
from tests.platforms.twitch.test_incoming import load as loaded

NOTICE = "channel.chat.notification"
BEN = User("4", "ben")
GIFTED_BY_BEN = {"gifter_is_anonymous": False, **BEN.named("gifter_user")}
GIFTED_BY_NOBODY = {"gifter_is_anonymous": True}
RENDERER = Renderer(Policy(load().forwarding), 800)


def messages(event: dict[str, Any]) -> list[AudienceMessage]:
    return [each for each in read(loaded(NOTICE, event), VOX.id, ARRIVED) if isinstance(each, AudienceMessage)]


def told(event: dict[str, Any]) -> list[str]:
    """What Voxta gets, one text for each message."""
    return [RENDERER.render([Pick(each, each.text)], Place("c", 0))[0].text for each in messages(event)]


TOLD: list[tuple[str, dict[str, Any], list[str]]] = [
    ("sub", {"sub_tier": "1000"}, ["/event Ann just subscribed on Twitch."]),
    ("resub", {"cumulative_months": 7}, ["/event Ann has been subscribed for 7 months."]),
    ("resub", {"cumulative_months": 1}, ["/event Ann has been subscribed for 1 month."]),
    ("sub_gift", {**BEN.named("recipient_user")}, ["/event Ann gifted 1 subscription to Ben."]),
    ("sub_gift", {**BEN.named("recipient_user"), "community_gift_id": "g1"}, []),
    ("community_sub_gift", {"total": 5}, ["/event Ann gifted 5 subscriptions to the community."]),
    ("community_sub_gift", {"total": 1}, ["/event Ann gifted 1 subscription to the community."]),
    ("gift_paid_upgrade", GIFTED_BY_BEN, ["/event Ann goes on paying for the subscription that Ben gifted."]),
    ("gift_paid_upgrade", GIFTED_BY_NOBODY, ["/event Ann goes on paying for the subscription that somebody gifted."]),
    ("prime_paid_upgrade", {}, ["/event Ann goes on with a paid subscription instead of Prime."]),
    ("pay_it_forward", GIFTED_BY_BEN, ["/event Ann passes on the gift of a subscription from Ben."]),
    ("pay_it_forward", GIFTED_BY_NOBODY, ["/event Ann passes on the gift of a subscription from somebody."]),
    ("raid", {"viewer_count": 42, **BEN.named("user")}, ["/event Ben is raiding the stream with 42 viewers."]),
    ("raid", {"viewer_count": 1, **BEN.named("user")}, ["/event Ben is raiding the stream with 1 viewer."]),
    ("unraid", {}, ['/noreply Twitch tells: "a unraid happened"']),
    ("announcement", {}, []),
    ("bits_badge_tier", {"tier": 1000}, ["/noreply Ann has earned the badge for 1000 bits."]),
    ("charity_donation", {"charity_name": "Save the Whales"}, ["/event Ann donated 5.00 EUR to Save the Whales."]),
    (
        "charity_donation",
        {"charity_name": "Whales", "amount": {"value": 1200, "decimal_place": 0, "currency": "JPY"}},
        ["/event Ann donated 1200 JPY to Whales."],
    ),
    ("watch_streak", {"streak_count": 3}, ["/noreply Ann has watched 3 streams in a row."]),
    ("modiversary", {"months": 12}, ["/noreply Ann has been a moderator for 12 months."]),
    ("new_next_year", {}, ['/noreply Twitch tells: "a new_next_year happened"']),
]


@pytest.mark.parametrize(("type", "about", "words"), TOLD)
def test_each_type_of_notice_is_told_in_words_of_its_own(type: str, about: dict[str, Any], words: list[str]) -> None:
    assert told(payloads.notice(CHANNEL, ANN, type, about)) == words


def test_every_documented_type_has_its_words() -> None:
    assert set(NOTICES) <= {type for type, _, _ in TOLD}


ALONE = {"resub", "announcement", "sub_gift", "community_sub_gift"}
"""What has its words in it, or none."""


@pytest.mark.parametrize("type", [*sorted(NOTICES.keys() - ALONE), "new_next_year"])
def test_what_is_written_with_a_notice_is_chat(type: str) -> None:
    words = told(payloads.notice(CHANNEL, ANN, type, text="hello there"))

    assert words[-1] == 'Ann (Twitch): "hello there"'
    assert len(words) == 2
    assert len({message.key for message in messages(payloads.notice(CHANNEL, ANN, type, text="hi"))}) == 2


def test_a_resubscription_and_an_announcement_are_told_with_their_words() -> None:
    assert told(payloads.resub_notice(CHANNEL, ANN, "still here", 7, "1000")) == [
        '/event Ann has been subscribed for 7 months: "still here"'
    ]
    assert told(payloads.notice(CHANNEL, ANN, "announcement", text="welcome")) == ['Ann (Twitch) announces: "welcome"']


def test_an_announcement_is_answered_where_it_stands() -> None:
    pieces = payloads.fragments("what do you say, @vox", PEOPLE)
    event = payloads.notice(CHANNEL, ANN, "announcement", text="what do you say, @vox")
    event["message"]["fragments"] = pieces

    [announcement] = messages(event)

    assert (announcement.kind, announcement.addressed) == (Kind.ANNOUNCEMENT, True)
    assert announcement.id == announcement.reply_to == event["message_id"]


def test_what_the_companion_itself_announces_elsewhere_is_not_told() -> None:
    assert messages(payloads.notice(CHANNEL, VOX, "announcement", text="hello from me")) == []


def test_an_anonymous_giver_is_nobody() -> None:
    assert told(payloads.gift_notice(CHANNEL, None, 5, "1000", "g1")) == [
        "/event Anonymous gifted 5 subscriptions to the community."
    ]


def test_what_happens_in_a_channel_that_shares_its_chat_is_not_ours() -> None:
    assert messages(payloads.notice(CHANNEL, ANN, "shared_chat_sub", text="hi")) == []


def test_a_notice_without_any_words_tells_nothing() -> None:
    assert messages(payloads.notice(CHANNEL, ANN, "new_next_year") | {"system_message": ""}) == []
