"""What Twitch keeps from its chat, and what comes from another one: let in as the settings want, and told once."""

from typing import Any

import pytest

from relay.errors import PlatformError
from relay.model import AudienceMessage, Author, Kind, PlatformDecision, Role, Withheld
from tests.doubles.twitch import TwitchDouble
from tests.platforms.twitch.conftest import Connect, Received

AUTOMOD = Withheld(reason="AutoMod: aggressive, level 1", is_decided_here=True)


# AutoMod


async def test_what_automod_holds_is_brought_withheld(
    twitch: TwitchDouble, connect: Connect, received: Received
) -> None:
    async with connect(twitch, automod=True):
        id = await twitch.write_something_bad("you fool")
        await received.until(1)

    [message] = received.messages
    assert (message.id, message.kind, message.text, message.author.name) == (id, Kind.CHAT, "you fool", "Ann")
    assert (message.withheld, message.author.roles) == (AUTOMOD, frozenset({Role.VIEWER}))


@pytest.mark.parametrize(
    ("status", "is_approved", "reason"),
    [
        ("denied", False, "denied on twitch by Mod"),
        ("Denied", False, "denied on twitch by Mod"),
        ("expired", None, "expired on twitch"),
    ],
)
async def test_a_decision_on_twitch_is_brought(
    twitch: TwitchDouble, connect: Connect, received: Received, status: str, is_approved: bool | None, reason: str
) -> None:
    async with connect(twitch, automod=True):
        id = await twitch.write_something_bad("you fool")
        await twitch.moderate(id, status, None if status == "expired" else "mod")
        await received.until(2)

    decision = PlatformDecision(platform="twitch", id=id, is_approved=is_approved, reason=reason)
    assert received.all[1:] == [decision]


@pytest.mark.parametrize("as_id", [None, "another-id"])
async def test_what_was_approved_on_twitch_is_not_brought_again_when_it_comes_into_chat(
    twitch: TwitchDouble, connect: Connect, received: Received, as_id: str | None
) -> None:
    async with connect(twitch, automod=True):
        id = await twitch.write_something_bad("you fool")
        await twitch.moderate(id, "approved", "mod", as_id)
        await twitch.chat("you fool")
        await received.until_text("you fool")
        await received.until(4)

    decisions = [each for each in received.all if isinstance(each, PlatformDecision)]
    assert {(decision.id, decision.is_approved) for decision in decisions} == {(id, True)}
    assert [message.withheld for message in received.messages] == [AUTOMOD, None], "what is written again is new"


@pytest.mark.parametrize(("approve", "status"), [(True, "approved"), (False, "denied")])
async def test_a_decision_made_here_is_carried_out_on_twitch(
    twitch: TwitchDouble, connect: Connect, received: Received, approve: bool, status: str
) -> None:
    async with connect(twitch, automod=True) as platform:
        id = await twitch.write_something_bad("you fool")
        await received.until(1)
        await platform.decide(received.messages[0], approve=approve)

        assert twitch.state.held[id].status == status
        with pytest.raises(PlatformError, match="already processed"):
            await platform.decide(received.messages[0], approve=approve)


async def test_automod_is_neither_subscribed_nor_asked_for_unless_it_is_wanted(
    twitch: TwitchDouble, connect: Connect
) -> None:
    async with connect(twitch) as platform:
        subscribed = {sub.type for sub in twitch.subscriptions}

        assert not {"automod.message.hold", "channel.suspicious_user.message"} & subscribed
        message = AudienceMessage(
            platform="twitch", id="gone", channel="1", kind=Kind.CHAT, author=Author(id="2", name="Ann"), at=0.0
        )
        with pytest.raises(PlatformError, match="not found"):
            await platform.decide(message, approve=True)


# People who are restricted


def writes(text: str, status: str = "restricted", id: str = "r1") -> dict[str, Any]:
    return {"low_trust_status": status, "message": {"message_id": id, "text": text, "fragments": []}}


@pytest.mark.parametrize(
    ("setting", "withheld", "mark"),
    [
        ("hold", Withheld(reason="its author is restricted on twitch"), None),
        ("mark", None, "restricted by the moderators"),
    ],
)
async def test_what_restricted_people_write_is_held_or_marked(
    twitch: TwitchDouble, connect: Connect, received: Received, setting: str, withheld: Withheld | None, mark: str
) -> None:
    async with connect(twitch, restricted_chat=setting):
        await twitch.happen("channel.suspicious_user.message", people={"user": "ann"}, **writes("hi"))
        await received.until(1)

    [message] = received.messages
    assert (message.id, message.text, message.kind) == ("r1", "hi", Kind.CHAT)
    assert (message.withheld, message.mark) == (withheld, mark)


async def test_restricted_people_are_heard_in_one_way_alone_until_they_are_trusted_again(
    twitch: TwitchDouble, connect: Connect, received: Received
) -> None:
    async with connect(twitch, restricted_chat="mark"):
        update = "channel.suspicious_user.update"
        await twitch.happen(update, people={"user": "ann"}, low_trust_status="restricted")
        await twitch.chat("in chat", author="ann")
        await twitch.happen("channel.suspicious_user.message", people={"user": "ann"}, **writes("as an event"))
        await twitch.happen(update, people={"user": "ann"}, low_trust_status="none")
        await twitch.chat("trusted", author="ann")
        await received.until_text("trusted")

    assert [message.text for message in received.messages if message.kind is Kind.CHAT] == ["as an event", "trusted"]


async def test_people_who_are_only_monitored_are_heard_in_chat_and_once(
    twitch: TwitchDouble, connect: Connect, received: Received
) -> None:
    async with connect(twitch, restricted_chat="hold"):
        monitored = writes("hi", "active_monitoring")
        await twitch.happen("channel.suspicious_user.message", people={"user": "ann"}, **monitored)
        await twitch.chat("hi", author="ann")
        await received.until_text("hi")

    assert [message.withheld for message in received.messages] == [None]


# Shared chat


def shared(twitch: TwitchDouble, source: str) -> dict[str, Any]:
    return twitch.state.user(source).named("source_broadcaster_user") | {"source_message_id": "original"}


@pytest.mark.parametrize(
    ("setting", "heard"),
    [("ignore", []), ("hear", [None]), ("mark", ["from the channel Ben"])],
)
async def test_shared_chat_is_ignored_heard_or_marked_with_the_channel_it_comes_from(
    twitch: TwitchDouble, connect: Connect, received: Received, setting: str, heard: list[str | None]
) -> None:
    async with connect(twitch, shared_chat=setting):
        await twitch.chat("from afar", author="cat", **shared(twitch, "ben"))
        await twitch.chat("from here", **shared(twitch, "streamer"))
        await received.until_text("from here")

    assert [message.mark for message in received.messages] == [*heard, None]


async def test_what_is_heard_in_its_own_channel_is_not_heard_again_in_one_that_shares_it(
    connect: Connect, received: Received
) -> None:
    async with TwitchDouble(account="vox", channels=["ann", "ben"]) as twitch, connect(twitch, shared_chat="hear"):
        await twitch.chat("hi", author="cat", channel="ann")
        await twitch.chat("hi", author="cat", channel="ben", **shared(twitch, "ann"))
        await twitch.chat("last", channel="ben")
        await received.until_text("last")

    assert received.texts == ["hi", "last"]


@pytest.mark.parametrize(
    ("setting", "heard"),
    [("ignore", []), ("hear", [None]), ("mark", ["from the channel Ben"])],
)
@pytest.mark.parametrize("type", ["sub", "resub", "announcement"])
async def test_what_is_written_with_a_notice_in_a_channel_that_shares_its_chat_is_chat_from_there(
    twitch: TwitchDouble, connect: Connect, received: Received, setting: str, heard: list[str | None], type: str
) -> None:
    async with connect(twitch, shared_chat=setting):
        await twitch.notice(
            f"shared_chat_{type}", "cat", "from afar", badges=["moderator", "vip"], **shared(twitch, "ben")
        )
        await twitch.chat("last")
        await received.until_text("last")

    told = received.messages[:-1]
    assert [(message.kind, message.text, message.mark) for message in told] == [
        (Kind.CHAT, "from afar", mark) for mark in heard
    ]
    assert all(message.author.roles == {Role.VIP} for message in told)


async def test_what_is_given_in_a_channel_that_shares_its_chat_is_not_given_here(
    twitch: TwitchDouble, connect: Connect, received: Received
) -> None:
    async with connect(twitch, shared_chat="hear"):
        await twitch.notice("shared_chat_sub_gift", "cat", "to you", **shared(twitch, "ben"))
        await twitch.notice("shared_chat_sub", "cat", **shared(twitch, "ben"))
        await twitch.chat("last")
        await received.until_text("last")

    assert received.texts == ["last"]


async def test_nobody_is_staff_in_a_channel_that_shares_the_chat_even_who_is_staff_here(
    twitch: TwitchDouble, connect: Connect, received: Received
) -> None:
    async with connect(twitch, shared_chat="hear"):
        await twitch.chat("hi", badges=["moderator"])
        await twitch.chat("!relay pause", badges=["moderator"], **shared(twitch, "ben"))
        await received.until(2)

    assert [message.author.roles for message in received.messages] == [{Role.MODERATOR}, set()]


async def test_nobody_is_staff_in_a_channel_that_shares_the_chat(
    twitch: TwitchDouble, connect: Connect, received: Received
) -> None:
    async with connect(twitch, shared_chat="hear"):
        await twitch.chat("!relay pause", badges=["moderator", "vip"], **shared(twitch, "ben"))
        await received.until(1)

    assert received.messages[0].author.roles == {Role.VIP}
