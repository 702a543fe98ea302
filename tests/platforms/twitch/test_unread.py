"""Events that neither TwitchIO nor the relay can read are counted and named, and the next ones are heard."""

import pytest

from relay.platforms.twitch.unread import UnreadEvents
from tests.doubles.twitch import TwitchDouble, payloads
from tests.platforms.twitch.conftest import Connect, Received

CHAT = "channel.chat.message"


async def test_an_event_that_lacks_something_is_counted_and_the_next_is_heard(
    twitch: TwitchDouble, connect: Connect, received: Received
) -> None:
    async with connect(twitch) as platform:
        event = payloads.chat_message(twitch.channel, twitch.state.user("ann"), "m1", "my secret")
        del event["badges"]
        await twitch.notify(CHAT, twitch.channel, event)
        await twitch.chat("heard")
        await received.until_text("heard")

        assert received.texts == ["heard"]
        assert platform.unread() == {CHAT: 1}
        assert "events that could not be read: 1 channel.chat.message (KeyError 'badges')" in platform.health()
        assert "my secret" not in platform.health()


async def test_an_event_of_a_type_that_is_new_to_the_library_is_counted(
    twitch: TwitchDouble, connect: Connect, received: Received
) -> None:
    async with connect(twitch) as platform:
        [session] = twitch.sessions.current
        news = {"subscription": twitch.subscriptions[0].shown(), "event": {"id": "1"}}
        await session.send("notification", news, subscription_type="channel.new_next_year", subscription_version="1")
        await twitch.chat("heard")
        await received.until_text("heard")

        assert platform.unread() == {"channel.new_next_year": 1}


def test_each_cause_is_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    unread = UnreadEvents()
    for key in ("badges", "badges", "cheer"):
        unread.note(CHAT, KeyError(key))

    assert [record.getMessage() for record in caplog.records] == [
        "an event channel.chat.message of Twitch's could not be read (KeyError 'badges'); such events are lost",
        "an event channel.chat.message of Twitch's could not be read (KeyError 'cheer'); such events are lost",
    ]
    assert unread.counts == {CHAT: 3}


def test_what_people_wrote_is_not_told() -> None:
    unread = UnreadEvents()
    unread.note(CHAT, ValueError("ann: my phone number is 555"))

    assert unread.trouble == "events that could not be read: 1 channel.chat.message (ValueError)"
