"""What viewers spend points and bits on is told apart, once the real TwitchIO has read it."""

from typing import Literal

import pytest

from relay.model import Kind, PlatformDecision, Retraction, Reward, Role
from relay.platforms.twitch import known_roles
from tests.doubles.twitch import SCOPES, Hold, TwitchDouble, payloads
from tests.doubles.twitch.state import Reward as Rewarded
from tests.platforms.twitch.conftest import EVERYTHING, Connect, Received
from tests.platforms.twitch.test_incoming import ANN, CHANNEL, chat, message, understand
from tests.support import eventually

CUSTOM = "channel.channel_points_custom_reward_redemption.add"
AUTOMATIC = "channel.channel_points_automatic_reward_redemption.add"


@pytest.fixture
def kinds() -> frozenset[Kind]:
    return EVERYTHING


def test_a_redemption_tells_the_reward_and_that_twitch_waits_for_its_outcome() -> None:
    redeemed = message(CUSTOM, payloads.redemption(CHANNEL, ANN, "Sing", "la la", "r1", cost=500))

    assert redeemed.reward == Reward(id="r1", title="Sing", cost=500, awaits_outcome=True)


@pytest.mark.parametrize("status", ["fulfilled", "canceled", "unknown"])
def test_what_twitch_has_fulfilled_by_itself_awaits_no_outcome(status: str) -> None:
    redeemed = message(CUSTOM, payloads.redemption(CHANNEL, ANN, "Sing", "", "r1", status=status))

    assert redeemed.reward is not None and not redeemed.reward.awaits_outcome


@pytest.mark.parametrize(
    ("message_type", "reward"),
    [
        ("channel_points_highlighted", Reward(id="send_highlighted_message", title="Highlight My Message")),
        (
            "channel_points_sub_only",
            Reward(id="single_message_bypass_sub_mode", title="Send a Message in Sub-Only Mode"),
        ),
        ("power_ups_message_effect", Reward(id="message_effect", title="Message Effects")),
        ("power_ups_gigantified_emote", Reward(id="gigantify_an_emote", title="Gigantify an Emote")),
    ],
)
def test_chat_that_was_paid_for_is_chat_and_says_with_what(message_type: str, reward: Reward) -> None:
    said = message("channel.chat.message", chat("look!", message_type=message_type))

    assert (said.kind, said.text, said.detail) == (Kind.CHAT, "look!", reward.title)
    assert said.reward == reward.model_copy(update={"is_automatic": True})


@pytest.mark.parametrize("message_type", ["text", "user_intro", "something_new"])
def test_other_chat_was_not_paid_for(message_type: str) -> None:
    said = message("channel.chat.message", chat("hi", message_type=message_type))

    assert said.reward is None and said.detail is None


def test_an_unlocked_emote_is_named() -> None:
    event = payloads.automatic_redemption(CHANNEL, ANN, "chosen_sub_emote_unlock", 280, emote="annWave")
    unlocked = message(AUTOMATIC, event)

    assert (unlocked.kind, unlocked.detail, unlocked.text) == (Kind.REDEMPTION, "Choose an Emote to Unlock", "annWave")
    assert unlocked.reward == Reward(
        id="chosen_sub_emote_unlock", title="Choose an Emote to Unlock", cost=280, is_automatic=True
    )


def test_an_automatic_reward_that_is_new_to_all_is_named_as_twitch_does() -> None:
    redeemed = message(AUTOMATIC, payloads.automatic_redemption(CHANNEL, ANN, "send_postcard", 900, "dear all"))

    assert (redeemed.detail, redeemed.text) == ("Send postcard", "dear all")


def test_power_ups_without_a_chat_message_are_redemptions_that_cost_bits() -> None:
    celebrated = message("channel.bits.use", payloads.bits_use(CHANNEL, ANN, 30, power_up="celebration"))
    custom = message("channel.bits.use", payloads.bits_use(CHANNEL, ANN, 50, "for you", custom=("p1", "Confetti")))

    assert celebrated.reward == Reward(id="celebration", title="On-Screen Celebration", cost=30, is_automatic=True)
    assert (custom.detail, custom.text) == ("Confetti", "for you")
    assert custom.reward == Reward(id="p1", title="Confetti", cost=50, is_automatic=True)


def test_what_chat_or_an_event_of_its_own_tells_is_not_told_again() -> None:
    highlighted = payloads.automatic_redemption(CHANNEL, ANN, "send_highlighted_message", 200, "look!")

    assert understand(AUTOMATIC, highlighted) is None
    assert understand("channel.bits.use", payloads.bits_use(CHANNEL, ANN, 100, "Cheer100")) is None
    assert understand("channel.bits.use", payloads.bits_use(CHANNEL, ANN, 30, "hi", power_up="message_effect")) is None


async def test_who_deletes_the_message_of_a_redemption_takes_that_back(
    twitch: TwitchDouble, connect: Connect, received: Received
) -> None:
    async with connect(twitch):
        await twitch.redeem("ann", reward="Sing", text="la la")
        redemption = await twitch.redeem("ben", reward="Sing", text="la la")
        await twitch.delete(list(twitch.state.spoken)[-1])
        *_, deleted = await received.until(3)

    assert isinstance(deleted, Retraction)
    assert deleted.id == redemption


async def test_who_pays_points_back_in_the_queue_takes_the_redemption_back(
    twitch: TwitchDouble, connect: Connect, received: Received
) -> None:
    async with connect(twitch):
        rejected, fulfilled = await twitch.redeem("ann"), await twitch.redeem("ben")
        await twitch.settle(fulfilled, "FULFILLED")
        await twitch.settle(rejected, "CANCELED")
        await twitch.chat("last")
        await received.until_text("last")

    [taken_back] = [each for each in received.all if isinstance(each, Retraction)]
    assert (taken_back.id, taken_back.reason) == (rejected, "paid back on twitch")


async def test_what_the_relay_pays_back_itself_takes_nothing_back(connect: Connect, received: Received) -> None:
    async with TwitchDouble(scopes=(*SCOPES, "channel:manage:redemptions")) as twitch, connect(twitch) as platform:
        twitch.state.rewards["Sing"] = sing = Rewarded("Sing", is_ours=True)
        await platform.rewards.settle(sing.id, await twitch.redeem("ann", "Sing"), is_fulfilled=False)
        await twitch.chat("last")
        await received.until_text("last")

    assert not any(isinstance(each, Retraction) for each in received.all)


@pytest.mark.parametrize("automod", ["before", "after"])
async def test_a_redemption_whose_words_automod_holds_is_taken_back_and_told_once_if_they_are_approved(
    twitch: TwitchDouble, connect: Connect, received: Received, automod: Literal["before", "after"]
) -> None:
    async with connect(twitch, automod=True):
        fine = await twitch.redeem("ben", reward="Sing", text="la la")
        redemption = await twitch.redeem("ann", reward="Sing", text="la la", automod=automod)
        [held] = twitch.state.held
        await twitch.moderate(held, "approved", "mod")
        await twitch.delete(held)
        await twitch.chat("last")
        await received.until_text("last")

    taken_back = [each.id for each in received.all if isinstance(each, Retraction)]
    decided = {each.id for each in received.all if isinstance(each, PlatformDecision)}
    assert (taken_back, decided) == ([redemption, held], {held}), "what was approved may be deleted still"
    brought = [each.id for each in received.messages if each.text == "la la"]
    assert sorted(brought) == sorted([fine, redemption, held])


async def test_words_that_automod_holds_in_chat_take_no_redemption_back_that_is_not_of_them(
    twitch: TwitchDouble, connect: Connect, received: Received
) -> None:
    async with connect(twitch, automod=True):
        await twitch.redeem("ann", reward="Sing", text="la la")
        await twitch.write_something_bad("la la", "ben")
        await twitch.write_something_bad("la la", "ann")
        await twitch.moderate(await twitch.write_something_bad("lo lo"), "denied", "mod")
        await twitch.redeem("ann", reward="Sing", text="lo lo")
        await twitch.chat("last")
        await received.until_text("last")

    assert not any(isinstance(each, Retraction) for each in received.all)


async def test_everything_paid_for_is_received_once(twitch: TwitchDouble, connect: Connect, received: Received) -> None:
    async with connect(twitch):
        await twitch.redeem("ann", reward="Sing", text="la la")
        await twitch.redeem_automatic("ann", "send_highlighted_message", "look!")
        await twitch.redeem_automatic("ann", "random_sub_emote_unlock", emote="annWave")
        await twitch.power_up("ann", "gigantify_an_emote", "annWave")
        await twitch.power_up("ann", "celebration")
        await twitch.cheer("ann", 100, "Cheer100 hi")
        await twitch.chat("last")
        await received.until_text("last")

    assert [each.reward.id if each.reward else None for each in received.messages] == [
        twitch.state.rewards["Sing"].id,
        "send_highlighted_message",
        "random_sub_emote_unlock",
        "gigantify_an_emote",
        "celebration",
        None,
        None,
    ]


async def redeemed_by(received: Received, count: int = 1) -> set[Role]:
    """What the last of so many people who spent points is in the channel."""
    await eventually(lambda: len([each for each in received.messages if each.kind is Kind.REDEMPTION]) == count)
    return set(received.messages[-1].author.roles)


@pytest.mark.parametrize(
    ("badge", "role"), [("subscriber", Role.SUBSCRIBER), ("vip", Role.VIP), ("moderator", Role.MODERATOR)]
)
async def test_who_spends_points_is_what_their_badges_in_chat_say(
    twitch: TwitchDouble, connect: Connect, received: Received, badge: str, role: Role
) -> None:
    async with connect(twitch):
        await twitch.chat("hi", "ann", badges=[badge])
        await twitch.redeem("ann")

        assert await redeemed_by(received) == {role}


async def test_the_badges_of_the_words_that_come_with_a_redemption_count_as_well(
    twitch: TwitchDouble, connect: Connect, received: Received
) -> None:
    async with connect(twitch):
        await twitch.redeem("ann", "Sing", "la la", badges=["vip"])

        assert await redeemed_by(received) == {Role.VIP}


async def test_a_streamer_is_known_and_so_is_who_has_just_subscribed(
    twitch: TwitchDouble, connect: Connect, received: Received
) -> None:
    async with connect(twitch):
        await twitch.redeem("streamer")
        assert await redeemed_by(received) == {Role.STREAMER}
        await twitch.chat("hi", "ann")
        await twitch.subscribe("ann")
        await twitch.redeem("ann")
        assert Role.SUBSCRIBER in await redeemed_by(received, 2)


@pytest.mark.parametrize("text", ["", "la la"], ids=["who has not written yet", "who shows no badge"])
@pytest.mark.parametrize("role", [Role.SUBSCRIBER, Role.VIEWER])
async def test_twitch_is_asked_whether_somebody_subscribes(
    twitch: TwitchDouble, connect: Connect, received: Received, role: Role, text: str
) -> None:
    twitch.state.subscribers.add(("streamer", "ann" if role is Role.SUBSCRIBER else "ben"))
    async with connect(twitch):
        await twitch.redeem("ann", "Sing", text)

        assert await redeemed_by(received) == {role}


async def test_twitch_is_asked_once_of_who_does_not_subscribe_until_they_do(
    twitch: TwitchDouble, connect: Connect, received: Received
) -> None:
    async with connect(twitch):
        for number in (1, 2):
            await twitch.redeem("ann")
            assert await redeemed_by(received, number) == {Role.VIEWER}
        asked = [path for _, path in twitch.requests if path.endswith("helix/subscriptions")]
        await twitch.subscribe("ann")
        await twitch.chat("no badge", "ann")
        await twitch.redeem("ann")

        assert await redeemed_by(received, 3) == {Role.SUBSCRIBER}
        assert [path for _, path in twitch.requests if path.endswith("helix/subscriptions")] == asked * 2


async def test_twitch_is_asked_again_after_a_while_where_nobody_tells_who_was_given_a_subscription(
    twitch: TwitchDouble, connect: Connect, received: Received, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(known_roles, "ASK_AGAIN", 0.0)
    async with connect(twitch, kinds=frozenset({Kind.REDEMPTION})):
        await twitch.redeem("ann")
        assert await redeemed_by(received) == {Role.VIEWER}
        twitch.state.subscribers.add(("streamer", "ann"))
        await twitch.redeem("ann")

        assert await redeemed_by(received, 2) == {Role.SUBSCRIBER}


async def test_what_badges_of_another_channel_say_in_a_shared_chat_does_not_count(
    twitch: TwitchDouble, connect: Connect, received: Received
) -> None:
    elsewhere = twitch.state.user("partner").named("source_broadcaster_user") | {"source_message_id": "original"}
    async with connect(twitch, shared_chat="hear"):
        await twitch.chat("hi", "ann", badges=["moderator"], **elsewhere)
        await twitch.redeem("ann")

        assert await redeemed_by(received) == {Role.VIEWER}


async def test_a_redemption_is_heard_all_the_same_where_twitch_does_not_say_who_it_is(
    twitch: TwitchDouble, connect: Connect, received: Received
) -> None:
    async with connect(twitch):
        twitch.fail_next("helix/subscriptions", 503, times=10)
        await twitch.redeem("ann")

        assert await redeemed_by(received) == set()


async def test_no_redemption_is_lost_where_the_relay_ends_while_twitch_is_asked_who_it_is(
    twitch: TwitchDouble, connect: Connect, received: Received
) -> None:
    slow = Hold("helix/subscriptions", times=2)
    twitch.faults.append(slow)
    async with connect(twitch):
        await twitch.redeem("ann")
        await twitch.redeem("ben")
        await twitch.until(lambda: slow.times == 0, "both questions to Twitch")
    slow.may_answer.set()

    assert await redeemed_by(received, 2) == set()
