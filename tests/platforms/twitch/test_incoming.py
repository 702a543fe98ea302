"""What Twitch's events mean to the relay, once the real TwitchIO has read them."""

from typing import Any

import pytest
from twitchio.models.eventsub_ import BaseEvent, create_event_instance

from relay.model import AudienceMessage, Author, Incoming, Kind, Quoted, Retraction, Role
from relay.platforms.twitch.incoming import read
from relay.platforms.twitch.incoming.draft import ANONYMOUS
from relay.platforms.twitch.incoming.twins import twin
from tests.doubles.twitch import payloads
from tests.doubles.twitch.shapes import FRAGMENT, TYPES, fill
from tests.doubles.twitch.state import Redemption, Reward, User

CHANNEL, ANN, VOX = User("1", "streamer"), User("2", "ann"), User("3", "vox")
PEOPLE = {user.login: user for user in (CHANNEL, ANN, VOX)}

EVENTS: dict[str, list[dict[str, Any]]] = {
    "channel.chat.message": [
        payloads.chat_message(CHANNEL, ANN, "m1", "hi", pieces=payloads.fragments("hi", PEOPLE)),
        payloads.chat_message(CHANNEL, ANN, "m1", "hi", reply=payloads.reply("m0", VOX, "earlier")),
        payloads.chat_message(CHANNEL, ANN, "m1", "Cheer100", cheer={"bits": 100}),
    ],
    "channel.chat.notification": [
        payloads.sub_notice(CHANNEL, ANN, "1000"),
        payloads.resub_notice(CHANNEL, ANN, "still here", 7, "2000"),
        payloads.gift_notice(CHANNEL, ANN, 5, "1000", "g1"),
        payloads.gift_notice(CHANNEL, None, 5, "1000", "g1"),
        payloads.received_notice(CHANNEL, ANN, VOX, "1000", None),
        payloads.raid_notice(CHANNEL, ANN, 42),
    ],
    "channel.chat.message_delete": [payloads.message_delete(CHANNEL, ANN, "m1")],
    "channel.chat.clear": [payloads.clear(CHANNEL)],
    "channel.chat.clear_user_messages": [payloads.clear_user_messages(CHANNEL, ANN)],
    "channel.follow": [payloads.follow(CHANNEL, ANN)],
    "channel.subscribe": [payloads.subscribe(CHANNEL, ANN, "1000", False)],
    "channel.subscription.gift": [payloads.gift(CHANNEL, ANN, 5, "1000"), payloads.gift(CHANNEL, None, 5, "1000")],
    "channel.subscription.message": [payloads.resub(CHANNEL, ANN, "still here", 7, "2000")],
    "channel.cheer": [payloads.cheer(CHANNEL, ANN, 100, "Cheer100"), payloads.cheer(CHANNEL, None, 100, "")],
    "channel.raid": [payloads.raid(CHANNEL, ANN, 42)],
    "channel.channel_points_custom_reward_redemption.add": [payloads.redemption(CHANNEL, ANN, "Sing", "la", "r1")],
    "channel.channel_points_custom_reward_redemption.update": [
        payloads.redemption_update(CHANNEL, Redemption("x1", "r1", ANN, "la", "CANCELED"), Reward("Sing", is_ours=True))
    ],
    "channel.channel_points_automatic_reward_redemption.add": [
        payloads.automatic_redemption(CHANNEL, ANN, "random_sub_emote_unlock", 280, emote="Hey")
    ],
    "channel.bits.use": [payloads.bits_use(CHANNEL, ANN, 30, power_up="celebration")],
    "stream.online": [payloads.online(CHANNEL)],
    "stream.offline": [payloads.offline(CHANNEL)],
}

ARRIVED = 1_795_204_870.25
"""When events come, by this machine's clock: more than a minute ahead of Twitch's."""


def load(type: str, event: dict[str, Any], http: Any = None) -> BaseEvent:
    metadata = {
        "message_id": "e1",
        "message_type": "notification",
        "message_timestamp": "2026-11-20T20:00:00.5Z",
        "subscription_type": type,
        "subscription_version": TYPES[type].version,
    }
    raw = {"metadata": metadata, "payload": {"subscription": {}, "event": event}}
    loaded = create_event_instance(type, raw, http=http)
    assert isinstance(loaded, BaseEvent)
    return loaded


def understand(type: str, event: dict[str, Any]) -> Incoming | None:
    """What it means, when that is one thing at most."""
    found = read(load(type, event), VOX.id, ARRIVED)
    assert len(found) <= 1
    return found[0] if found else None


def message(type: str, event: dict[str, Any]) -> AudienceMessage:
    understood = understand(type, event)
    assert isinstance(understood, AudienceMessage)
    return understood


def chat(text: str = "hi", author: User = ANN, **more: Any) -> dict[str, Any]:
    return payloads.chat_message(CHANNEL, author, "m1", text, pieces=payloads.fragments(text, PEOPLE), **more)


@pytest.mark.parametrize(("type", "event"), [(type, event) for type, events in EVENTS.items() for event in events])
def test_the_relay_understands_all_that_it_subscribes(type: str, event: dict[str, Any]) -> None:
    assert understand(type, event) is not None


def test_chat_keeps_text_author_place_and_time() -> None:
    said = message("channel.chat.message", chat("hello there"))

    assert (said.platform, said.id, said.channel, said.kind) == ("twitch", "m1", CHANNEL.id, Kind.CHAT)
    assert (said.author.id, said.author.name, said.text) == (ANN.id, "Ann", "hello there")
    assert said.at == ARRIVED, "by our own clock, whatever Twitch's says"
    assert said.reply_to == "m1"


@pytest.mark.parametrize(
    ("badges", "roles"),
    [
        ([], {Role.VIEWER}),
        (["broadcaster", "subscriber"], {Role.STREAMER, Role.SUBSCRIBER}),
        (["moderator"], {Role.MODERATOR}),
        (["lead_moderator", "vip"], {Role.MODERATOR, Role.VIP}),
        (["founder"], {Role.SUBSCRIBER}),
        (["bot-badge"], {Role.BOT}),
        (["premium"], {Role.VIEWER}),
    ],
)
def test_badges_tell_the_roles(badges: list[str], roles: set[Role]) -> None:
    event = chat(badges=[payloads.badge(name) for name in badges])

    assert message("channel.chat.message", event).author.roles == roles


def test_a_mention_of_the_account_is_addressed() -> None:
    assert message("channel.chat.message", chat("what now, @vox ?")).addressed
    assert not message("channel.chat.message", chat("what now, @ann ?")).addressed


def test_what_stands_behind_me_is_an_action() -> None:
    waved = message("channel.chat.message", chat("waves at @vox", me=True))
    said = message("channel.chat.message", chat("waves at @vox"))

    assert (waved.text, waved.is_action, waved.addressed) == ("waves at @vox", True, True)
    assert not said.is_action


def test_a_reply_carries_what_it_replies_to_and_not_whom_twitch_puts_before_it() -> None:
    to_ben = message("channel.chat.message", chat("@Ann me too", reply=payloads.reply("m0", ANN, "I  like cake")))
    to_us = message("channel.chat.message", chat("@VOX !why", reply=payloads.reply("m0", VOX, "x" * 500)))
    to_streamer = message("channel.chat.message", chat("@streamers hi", reply=payloads.reply("m0", CHANNEL, "hello")))
    to_action = message("channel.chat.message", chat("hi", reply=payloads.reply("m0", ANN, "\x01ACTION waves\x01")))

    assert (to_ben.text, to_ben.replies_to) == ("me too", Quoted(author=Author(id="2", name="Ann"), text="I like cake"))
    assert (to_us.text, to_us.replies_to) == ("!why", Quoted(author=None, text="x" * 199 + "…"))
    assert to_streamer.text == "@streamers hi", "that is somebody else"
    assert to_streamer.replies_to and to_streamer.replies_to.author
    assert to_streamer.replies_to.author.roles == {Role.STREAMER}
    assert to_action.replies_to and to_action.replies_to.text == "waves"
    assert message("channel.chat.message", chat("hi")).replies_to is None


def piece(text: str, **kind: Any) -> dict[str, Any]:
    return fill(FRAGMENT, text=text, type=next(iter(kind), "text"), **kind)


def test_cheermotes_are_taken_out_of_the_text_and_counted() -> None:
    mote = piece("Cheer100", cheermote={"prefix": "cheer", "bits": 100, "tier": 100})
    pieces = [mote, piece(" sing "), mote, piece(" please")]
    event = payloads.chat_message(
        CHANNEL, ANN, "m1", "Cheer100 sing Cheer100 please", pieces=pieces, cheer={"bits": 200}
    )

    cheer = message("channel.chat.message", event)

    assert (cheer.kind, cheer.amount, cheer.text) == (Kind.CHEER, 200, "sing please")


@pytest.mark.parametrize(
    ("text", "bits", "rest"),
    [
        ("Cheer300 sing", 300, "sing"),
        ("sing Cheer100 now cheerwhal200", 300, "sing now"),
        ("Streamerlove50 for agent47", 50, "Streamerlove50 for agent47"),
        ("Streamerlove50 for you", 50, "for you"),
        ("Cheer100 for agent47", 100, "for agent47"),
        ("nothing to see", 100, "nothing to see"),
        ("", 100, ""),
    ],
)
def test_a_cheer_in_one_piece_loses_the_words_that_add_up_to_its_bits(text: str, bits: int, rest: str) -> None:
    assert message("channel.cheer", payloads.cheer(CHANNEL, ANN, bits, text)).text == rest


def test_emotes_are_named() -> None:
    kappa = piece("Kappa", emote={"id": "25", "emote_set_id": "0", "owner_id": "0", "format": ["static"]})
    event = payloads.chat_message(CHANNEL, ANN, "m1", "hi Kappa Kappa", pieces=[piece("hi "), kappa, piece(" "), kappa])

    said = message("channel.chat.message", event)

    assert (said.text, said.emotes) == ("hi Kappa Kappa", ("Kappa",))


def test_a_reply_to_the_account_is_addressed() -> None:
    assert message("channel.chat.message", chat(reply=payloads.reply("m0", VOX, "earlier"))).addressed
    assert not message("channel.chat.message", chat(reply=payloads.reply("m0", ANN, "earlier"))).addressed


def test_shared_chat_is_marked_where_it_was_not_written() -> None:
    elsewhere = {f"source_{key}": value for key, value in ANN.named("broadcaster_user").items()}
    here = {f"source_{key}": value for key, value in CHANNEL.named("broadcaster_user").items()}

    assert message("channel.chat.message", chat(**elsewhere)).mark == "from the channel Ann"
    assert message("channel.chat.message", chat(**here)).mark is None


def test_a_gift_is_one_message_and_its_receivers_are_none() -> None:
    gift = message("channel.subscription.gift", payloads.gift(CHANNEL, ANN, 20, "3000"))

    assert (gift.kind, gift.amount, gift.detail, gift.author.name) == (Kind.GIFT, 20, "tier 3", "Ann")
    assert understand("channel.subscribe", payloads.subscribe(CHANNEL, VOX, "1000", is_gift=True)) is None


def test_an_anonymous_gift_has_an_anonymous_author() -> None:
    gift = message("channel.subscription.gift", payloads.gift(CHANNEL, None, 1, "1000"))

    assert (gift.author.name, gift.author.is_nobody) == ("Anonymous", True)


def test_a_resubscription_carries_its_months_and_text() -> None:
    resub = message("channel.subscription.message", payloads.resub(CHANNEL, ANN, "still here", 7, "2000"))

    assert (resub.kind, resub.amount, resub.detail) == (Kind.RESUBSCRIBE, 7, "tier 2")
    assert resub.text == "still here"


def test_a_cheer_carries_its_bits_and_text() -> None:
    cheer = message("channel.cheer", payloads.cheer(CHANNEL, ANN, 300, "Cheer300 sing"))

    assert (cheer.kind, cheer.amount, cheer.text) == (Kind.CHEER, 300, "sing")


def test_a_cheer_in_chat_by_twitchs_user_for_anonymous_ones_is_nobodys() -> None:
    nobody = User("407665396", "ananonymouscheerer")
    cheer = message("channel.chat.message", chat("Anon100 hi", nobody, cheer={"bits": 100}))

    assert (cheer.kind, cheer.author) == (Kind.CHEER, ANONYMOUS)


def test_a_cheer_in_a_chat_that_shares_this_one_is_chat() -> None:
    elsewhere = {f"source_{key}": value for key, value in ANN.named("broadcaster_user").items()}
    cheer = message("channel.chat.message", chat("hi", cheer={"bits": 100}, **elsewhere))

    assert (cheer.kind, cheer.amount) == (Kind.CHAT, None)


@pytest.mark.parametrize(
    ("type", "values"),
    [("automod.message.hold", {}), ("channel.suspicious_user.message", {"low_trust_status": "restricted"})],
)
def test_a_cheer_that_twitch_keeps_from_chat_is_one_all_the_same(type: str, values: dict[str, Any]) -> None:
    mote = piece("Cheer100", cheermote={"prefix": "cheer", "bits": 100, "tier": 100})
    written = {"message_id": "m1", "text": "Cheer100 damn Cheer100", "fragments": [mote, piece(" damn "), mote]}
    people = {"broadcaster_user": CHANNEL, "user": ANN}

    cheer = message(type, fill(TYPES[type].shape, people=dict(people), message=written, **values))

    assert (cheer.kind, cheer.amount, cheer.text) == (Kind.CHEER, 200, "damn")
    assert cheer.withheld is not None


def test_a_raid_comes_from_the_raider_into_our_channel() -> None:
    raid = message("channel.raid", payloads.raid(CHANNEL, ANN, 42))

    assert (raid.kind, raid.channel, raid.author.name, raid.amount) == (Kind.RAID, CHANNEL.id, "Ann", 42)


def test_a_redemption_names_its_reward() -> None:
    event = payloads.redemption(CHANNEL, ANN, "Sing", "la la", "r1")
    redeemed = message("channel.channel_points_custom_reward_redemption.add", event)

    assert (redeemed.kind, redeemed.detail, redeemed.text) == (Kind.REDEMPTION, "Sing", "la la")
    assert redeemed.id == event["id"]


def test_only_a_live_stream_counts_as_online() -> None:
    assert message("stream.online", payloads.online(CHANNEL)).kind is Kind.ONLINE
    assert understand("stream.online", payloads.online(CHANNEL) | {"type": "rerun"}) is None
    assert message("stream.offline", payloads.offline(CHANNEL)).kind is Kind.OFFLINE


def test_what_is_deleted_cleared_or_banned_is_retracted() -> None:
    deleted = understand("channel.chat.message_delete", payloads.message_delete(CHANNEL, ANN, "m1"))
    cleared = understand("channel.chat.clear", payloads.clear(CHANNEL))
    banned = understand("channel.chat.clear_user_messages", payloads.clear_user_messages(CHANNEL, ANN))

    assert isinstance(deleted, Retraction) and isinstance(cleared, Retraction) and isinstance(banned, Retraction)
    assert (deleted.id, deleted.channel) == ("m1", None)
    assert (cleared.id, cleared.channel, cleared.author_id) == (None, CHANNEL.id, None)
    assert (banned.author_id, banned.channel) == (ANN.id, CHANNEL.id)


def test_of_many_gifts_only_the_giver_is_noticed() -> None:
    assert understand("channel.chat.notification", payloads.received_notice(CHANNEL, ANN, VOX, "1000", "g1")) is None


@pytest.mark.parametrize(
    ("type", "event", "twin_type"),
    [
        ("channel.chat.message", chat(), None),
        ("channel.chat.message", chat(cheer={"bits": 1}), None),
        ("channel.cheer", payloads.cheer(CHANNEL, ANN, 1, "Cheer1"), "channel.chat.message"),
        (
            "channel.chat.message",
            chat(channel_points_custom_reward_id="r1"),
            "channel.channel_points_custom_reward_redemption.add",
        ),
        ("channel.chat.notification", payloads.sub_notice(CHANNEL, ANN, "1000"), "channel.subscribe"),
        (
            "channel.subscription.message",
            payloads.resub(CHANNEL, ANN, "", 2, "1000"),
            "channel.chat.notification",
        ),
        (
            "channel.chat.notification",
            payloads.gift_notice(CHANNEL, ANN, 2, "1000", "g1"),
            None,
        ),
        ("channel.subscription.gift", payloads.gift(CHANNEL, ANN, 2, "1000"), "channel.chat.notification"),
        ("channel.follow", payloads.follow(CHANNEL, ANN), None),
    ],
)
def test_what_is_told_twice_knows_the_event_that_tells_it_better(
    type: str, event: dict[str, Any], twin_type: str | None
) -> None:
    assert twin(load(type, event)) == (twin_type and (twin_type, CHANNEL.id))
