"""Of several channels' streams, one is the stream that the companion is in."""

import pytest

from relay.application.events import Events
from relay.application.streams import follow_stream
from relay.model import AudienceMessage, Kind
from relay.platforms.simulated import QuietPlatform
from tests.contracts.samples import message

CHANGES = (Kind.ONLINE, Kind.OFFLINE, Kind.CHANNEL_UPDATE)


@pytest.fixture
def told() -> list[AudienceMessage]:
    return []


def events(told: list[AudienceMessage], *channels: str) -> Events:
    """Of a relay that hears these."""
    events = Events()
    follow_stream(events, [QuietPlatform("discord", ["home"]), QuietPlatform("twitch", channels)])
    events.stream_changed.subscribe(told.append)
    return events


@pytest.mark.parametrize("kind", CHANGES)
def test_it_is_the_first_channels(told: list[AudienceMessage], kind: Kind) -> None:
    arrived = events(told, "home", "friend").arrived
    arrived(message(1, kind=kind, channel="friend"))
    arrived(message(2, kind=kind, channel="home"))

    assert [each.channel for each in told] == ["home"]


def test_any_is_it_while_the_channels_are_not_known(told: list[AudienceMessage]) -> None:
    events(told).arrived(message(1, kind=Kind.ONLINE, channel="home"))

    assert len(told) == 1


def test_what_else_happens_does_not_change_it(told: list[AudienceMessage]) -> None:
    arrived = events(told, "home").arrived
    for number, kind in enumerate(set(Kind) - set(CHANGES)):
        arrived(message(number, kind=kind, channel="home"))

    assert told == []
