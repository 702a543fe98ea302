"""What goes on in a channel beside chat: what each of Twitch's events tells, and that it is told once."""

from typing import Any

import pytest
from twitchio.models.eventsub_ import create_event_instance

from relay.model import AudienceMessage, Kind, Role
from relay.platforms.twitch.incoming import read
from tests.doubles.twitch import TwitchDouble
from tests.doubles.twitch.channel_shapes import CHOICE, OUTCOME
from tests.doubles.twitch.shapes import TYPES, fill
from tests.doubles.twitch.state import User
from tests.platforms.twitch.conftest import EVERYTHING, Connect, Received

STREAMER, ANN, BEN = User("1", "streamer"), User("2", "ann"), User("3", "ben")


@pytest.fixture
def kinds() -> frozenset[Kind]:
    return EVERYTHING


def choices(*votes: int) -> list[dict[str, Any]]:
    return [fill(CHOICE, id=str(n), title=f"choice {n}", votes=count) for n, count in enumerate(votes)]


OUTCOMES = [fill(OUTCOME, id="o1", title="win", users=12), fill(OUTCOME, id="o2", title="lose", users=8)]
POLL: dict[str, Any] = {"id": "p1", "title": "Best snack?"}
PREDICTION: dict[str, Any] = {"id": "q1", "title": "Do we win?", "outcomes": OUTCOMES}

TOLD: list[tuple[str, dict[str, Any], tuple[Kind, str | None, str, int | None, str | None]]] = [
    ("channel.hype_train.begin", {}, (Kind.HYPE_TRAIN, "begin", "", 1, "hype train")),
    ("channel.hype_train.begin", {"type": "treasure"}, (Kind.HYPE_TRAIN, "begin", "", 1, "treasure train")),
    ("channel.hype_train.progress", {"level": 2}, (Kind.HYPE_TRAIN, "level", "", 2, "hype train")),
    (
        "channel.hype_train.end",
        {"level": 5, "type": "golden_kappa"},
        (Kind.HYPE_TRAIN, "end", "", 5, "Golden Kappa train"),
    ),
    (
        "channel.poll.begin",
        POLL | {"choices": [{"id": "1", "title": "apples"}, {"id": "2", "title": "pears"}]},
        (Kind.POLL, "begin", "Best snack?", None, "apples and pears"),
    ),
    ("channel.poll.end", POLL | {"choices": choices(3, 9, 3)}, (Kind.POLL, "end", "Best snack?", 60, "choice 1")),
    (
        "channel.poll.end",
        POLL | {"choices": choices(4, 4), "status": "terminated"},
        (Kind.POLL, "tie", "Best snack?", 50, "choice 0 and choice 1"),
    ),
    ("channel.poll.end", POLL | {"choices": choices(0, 0)}, (Kind.POLL, "void", "Best snack?", None, None)),
    (
        "channel.poll.end",
        POLL | {"choices": choices(1, 0), "status": "archived"},
        (Kind.POLL, "cancel", "Best snack?", None, None),
    ),
    ("channel.prediction.begin", PREDICTION, (Kind.PREDICTION, "begin", "Do we win?", None, "win and lose")),
    ("channel.prediction.lock", PREDICTION, (Kind.PREDICTION, "lock", "Do we win?", 20, "win and lose")),
    (
        "channel.prediction.end",
        PREDICTION | {"winning_outcome_id": "o2"},
        (Kind.PREDICTION, "end", "Do we win?", 8, "lose"),
    ),
    (
        "channel.prediction.end",
        PREDICTION | {"status": "canceled"},
        (Kind.PREDICTION, "cancel", "Do we win?", None, None),
    ),
    (
        "channel.goal.begin",
        {"target_amount": 200, "description": "road to 200"},
        (Kind.GOAL, "begin", "road to 200", 200, "followers"),
    ),
    (
        "channel.goal.progress",
        {"type": "new_bit", "current_amount": 100},
        (Kind.GOAL, "reached", "", 100, "bits"),
    ),
    ("channel.goal.end", {"is_achieved": True}, (Kind.GOAL, "reached", "", 100, "followers")),
    ("channel.goal.end", {"current_amount": 7}, (Kind.GOAL, "end", "", 100, "followers")),
    ("channel.ad_break.begin", {"duration_seconds": 90}, (Kind.AD_BREAK, None, "", 90, None)),
    ("channel.shoutout.create", {"viewer_count": 9}, (Kind.SHOUTOUT, "given", "", 9, "Ben")),
    (
        "channel.update",
        {"title": "Speedrun", "category_name": "Chess"},
        (Kind.CHANNEL_UPDATE, None, "Speedrun", None, "Chess"),
    ),
    ("channel.update", {"title": "Speedrun"}, (Kind.CHANNEL_UPDATE, None, "Speedrun", None, "none")),
]


def understood(type: str, /, **values: Any) -> AudienceMessage | None:
    people = {"broadcaster_user": STREAMER, "user": ANN, "to_broadcaster_user": BEN, "from_broadcaster_user": BEN}
    known = {prefix: user for prefix, user in people.items() if f"{prefix}_id" in TYPES[type].shape}
    metadata = {"message_id": "e1", "message_type": "notification", "message_timestamp": "2026-11-20T20:00:00.5Z"}
    metadata |= {"subscription_type": type, "subscription_version": TYPES[type].version}
    event = fill(TYPES[type].shape, people=dict(known), **values)
    raw = {"metadata": metadata, "payload": {"subscription": {}, "event": event}}
    told = read(create_event_instance(type, raw), "9", 7.0)
    assert all(isinstance(each, AudienceMessage) for each in told) and len(told) <= 1
    return told[0] if told and isinstance(told[0], AudienceMessage) else None


@pytest.mark.parametrize(("type", "values", "told"), TOLD)
def test_an_event_tells_its_moment_in_the_channel_of_its_streamer(
    type: str, values: dict[str, Any], told: tuple[object, ...]
) -> None:
    message = understood(type, **values)

    assert message is not None
    assert (message.kind, message.moment, message.text, message.amount, message.detail) == told
    assert (message.channel, message.at, message.author.roles) == ("1", 7.0, frozenset({Role.STREAMER}))


def test_a_shoutout_received_is_of_who_gave_it() -> None:
    message = understood("channel.shoutout.receive", viewer_count=860)

    assert message is not None
    assert (message.author.name, message.author.roles) == ("Ben", frozenset())
    assert (message.moment, message.amount, message.channel) == ("received", 860, "1")


@pytest.mark.parametrize(
    ("status", "moment"), [("active_monitoring", "monitor"), ("restricted", "restrict"), ("none", "trust")]
)
def test_mistrust_is_of_whom_it_concerns(status: str, moment: str) -> None:
    message = understood("channel.suspicious_user.update", low_trust_status=status)

    assert message is not None
    assert (message.kind, message.moment, message.author.name) == (Kind.SUSPICIOUS, moment, "Ann")


@pytest.mark.parametrize(
    ("type", "values"),
    [("channel.hype_train.progress", {"level": 1}), ("channel.goal.progress", {"current_amount": 99})],
)
def test_progress_alone_is_no_news(type: str, values: dict[str, Any]) -> None:
    assert understood(type, **values) is None


async def test_each_moment_is_told_once_however_often_twitch_tells_of_it(
    twitch: TwitchDouble, connect: Connect, received: Received
) -> None:
    async with connect(twitch):
        train: dict[str, Any] = {"id": "t1"}
        await twitch.happen("channel.hype_train.progress", **train)
        await twitch.happen("channel.hype_train.begin", **train)
        for level in (1, 2, 2, 2, 3):
            await twitch.happen("channel.hype_train.progress", level=level, **train)
        await twitch.happen("channel.hype_train.end", level=3, **train)
        for status in ("terminated", "archived"):
            await twitch.happen("channel.poll.end", status=status, choices=choices(2, 1), **POLL)
        await twitch.happen("channel.goal.progress", id="g1", current_amount=100)
        await twitch.happen("channel.goal.progress", id="g1", current_amount=101)
        await twitch.happen("channel.goal.end", id="g1", is_achieved=True)
        await twitch.chat("last")
        await received.until_text("last")

    assert [(message.kind, message.moment, message.amount) for message in received.messages[:-1]] == [
        (Kind.HYPE_TRAIN, "begin", 1),
        (Kind.HYPE_TRAIN, "level", 2),
        (Kind.HYPE_TRAIN, "level", 3),
        (Kind.HYPE_TRAIN, "end", 3),
        (Kind.POLL, "end", 67),
        (Kind.GOAL, "reached", 100),
    ]


async def test_only_a_new_title_or_category_is_news(twitch: TwitchDouble, connect: Connect, received: Received) -> None:
    async with connect(twitch):
        for title, language in (("one", "en"), ("one", "de"), ("two", "de"), ("one", "de")):
            await twitch.happen("channel.update", title=title, language=language, category_name="Chess")
        await twitch.chat("last")
        await received.until_text("last")

    assert received.texts == ["one", "two", "one", "last"]


async def test_what_is_turned_off_is_neither_subscribed_nor_asked_for(twitch: TwitchDouble, connect: Connect) -> None:
    kinds = frozenset(Kind) - {Kind.POLL, Kind.HYPE_TRAIN, Kind.FOLLOW}
    async with connect(twitch, kinds=kinds):
        subscribed = {sub.type for sub in twitch.subscriptions}

    assert "channel.prediction.begin" in subscribed
    assert not {"channel.poll.begin", "channel.hype_train.progress", "channel.follow"} & subscribed
