"""What docs/twitch.md says of each event is what becomes of it."""

from collections import Counter

from relay.platforms.twitch.catalogue import SOURCES
from tests.docs import twitch_hour
from tests.doubles.twitch.shapes import NOTICES, TYPES


def test_the_page_tells_what_becomes_of_each_event_and_everything_is_told_once() -> None:
    events, told = twitch_hour.played()
    written = twitch_hour.PAGE.read_text("utf-8")

    assert written == twitch_hour.page(written, twitch_hour.table(events, told)), "run `make docs`"
    times = Counter((each.event.at, each.message.kind) for each in told)
    assert times.most_common(1)[0][1] == 1


def test_everything_happens_in_the_hour_in_the_documented_shape() -> None:
    events = twitch_hour.recorded()

    assert {event.type for event in events} >= {source.type for source in SOURCES}
    assert {event.event.get("notice_type") for event in events} >= NOTICES.keys()
    for event in events:
        assert event.event.keys() - {event.event.get("notice_type")} <= TYPES[event.type].shape.keys(), event.name
