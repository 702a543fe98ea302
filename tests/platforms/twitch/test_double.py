"""The double is as awkward as Twitch's documentation says, asked without the relay; TwitchIO reads all it sends."""

import ast
from collections.abc import AsyncIterator
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from twitchio.models.eventsub_ import BaseEvent, create_event_instance

from tests.doubles import twitch as package
from tests.doubles.twitch import TwitchDouble, payloads, whispers
from tests.doubles.twitch.channel_shapes import CHANNEL_TYPES
from tests.doubles.twitch.shapes import NOTICES, TYPES, fill
from tests.doubles.twitch.state import Redemption, Reward, User

ANN, BEN = User("2", "ann"), User("3", "ben")
CHANNEL = User("1", "streamer")
AUTOMATIC = "channel.channel_points_automatic_reward_redemption.add"
EVENTS: list[tuple[str, dict[str, Any]]] = [
    ("channel.chat.message", payloads.chat_message(CHANNEL, ANN, "m1", "hi")),
    ("channel.chat.message", payloads.chat_message(CHANNEL, ANN, "m1", "waves", me=True)),
    ("channel.chat.message", payloads.chat_message(CHANNEL, ANN, "m1", "hi", reply=payloads.reply("m0", BEN, "ho"))),
    ("channel.chat.message", payloads.chat_message(CHANNEL, ANN, "m1", "Cheer100", cheer={"bits": 100})),
    *(("channel.chat.notification", payloads.notice(CHANNEL, ANN, type, text="hi")) for type in (*NOTICES, "unknown")),
    ("channel.chat.notification", payloads.notice(CHANNEL, None, "sub_gift", BEN.named("recipient_user"))),
    ("channel.chat.message_delete", payloads.message_delete(CHANNEL, ANN, "m1")),
    ("channel.chat.clear", payloads.clear(CHANNEL)),
    ("channel.chat.clear_user_messages", payloads.clear_user_messages(CHANNEL, ANN)),
    ("channel.follow", payloads.follow(CHANNEL, ANN)),
    ("channel.subscribe", payloads.subscribe(CHANNEL, ANN, "1000", False)),
    ("channel.subscription.gift", payloads.gift(CHANNEL, ANN, 5, "1000")),
    ("channel.subscription.gift", payloads.gift(CHANNEL, None, 5, "1000")),
    ("channel.subscription.message", payloads.resub(CHANNEL, ANN, "still here", 7, "2000")),
    ("channel.cheer", payloads.cheer(CHANNEL, ANN, 100, "Cheer100")),
    ("channel.cheer", payloads.cheer(CHANNEL, None, 100, "")),
    ("channel.raid", payloads.raid(CHANNEL, ANN, 42)),
    ("channel.channel_points_custom_reward_redemption.add", payloads.redemption(CHANNEL, ANN, "Sing", "la", "r1")),
    (
        "channel.channel_points_custom_reward_redemption.update",
        payloads.redemption_update(CHANNEL, Redemption("x1", "r1", ANN, "la"), Reward("Sing", is_ours=True)),
    ),
    (AUTOMATIC, payloads.automatic_redemption(CHANNEL, ANN, "send_highlighted_message", 200, "look!")),
    (AUTOMATIC, payloads.automatic_redemption(CHANNEL, ANN, "random_sub_emote_unlock", 280, emote="Hey")),
    ("channel.bits.use", payloads.bits_use(CHANNEL, ANN, 100, "Cheer100")),
    ("channel.bits.use", payloads.bits_use(CHANNEL, ANN, 30, power_up="celebration")),
    ("channel.bits.use", payloads.bits_use(CHANNEL, ANN, 30, custom=("p1", "Confetti"))),
    *((type, fill(known.shape, people={"broadcaster_user": CHANNEL})) for type, known in CHANNEL_TYPES.items()),
    ("stream.online", payloads.online(CHANNEL)),
    ("stream.offline", payloads.offline(CHANNEL)),
]


@pytest.mark.parametrize(("type", "event"), EVENTS, ids=[type for type, _ in EVENTS])
def test_twitchio_loads_every_payload(type: str, event: dict[str, Any]) -> None:
    metadata = {
        "message_id": "e1",
        "message_type": "notification",
        "message_timestamp": "2026-11-20T20:00:00.5Z",
        "subscription_type": type,
        "subscription_version": TYPES[type].version,
    }
    raw = {"metadata": metadata, "payload": {"subscription": {}, "event": event}}

    assert isinstance(create_event_instance(type, raw), BaseEvent)


def test_every_type_is_among_them() -> None:
    assert {type for type, _ in EVENTS} == TYPES.keys()


def test_no_payload_gets_a_key_that_is_not_documented() -> None:
    with pytest.raises(KeyError, match="not in the documentation: colour"):
        fill(TYPES["channel.chat.message"].shape, colour="red")


def test_it_shares_nothing_with_the_relay() -> None:
    files = Path(str(package.__file__)).parent.glob("*.py")
    imported = {
        name
        for file in files
        for node in ast.walk(ast.parse(file.read_text("utf-8")))
        for name in ([a.name for a in node.names] if isinstance(node, ast.Import) else [getattr(node, "module", "")])
        if name
    }

    assert not {name for name in imported if name.split(".")[0] == "relay"}


class Caller:
    """Calls Helix with the token of the double's account."""

    def __init__(self, twitch: TwitchDouble, session: aiohttp.ClientSession) -> None:
        self._twitch = twitch
        self._session = session

    async def __call__(self, method: str, path: str, **body: Any) -> tuple[int, dict[str, Any]]:
        """Status and JSON of the answer."""
        url = f"{self._twitch.settings()['api_url']}{path}"
        headers = {"Authorization": f"Bearer {self._twitch.state.grant.access}"}
        async with self._session.request(method, url, json=body or None, headers=headers) as answer:
            return answer.status, await answer.json() if answer.status != 204 else {}

    async def identity(self, **fields: str) -> tuple[int, dict[str, Any]]:
        """The same of id.twitch.tv's token address."""
        async with self._session.post(f"{self._twitch.settings()['auth_url']}oauth2/token", data=fields) as answer:
            return answer.status, await answer.json() if answer.status != 204 else {}

    async def subscribe(self, type: str, channel: str, version: str = "1") -> tuple[int, dict[str, Any]]:
        [session] = self._twitch.sessions.current
        who = "to_broadcaster_user_id" if type == "channel.raid" else "broadcaster_user_id"
        condition = {who: self._twitch.state.user(channel).id}
        if type.startswith("channel.chat."):
            condition["user_id"] = self._twitch.account.id
        transport = {"method": "websocket", "session_id": session.id}
        return await self(
            "POST", "eventsub/subscriptions", type=type, version=version, condition=condition, transport=transport
        )

    async def post(self, text: str, reply_to: str) -> tuple[int, dict[str, Any]]:
        return await self(
            "POST",
            "chat/messages",
            broadcaster_id=self._twitch.channel.id,
            sender_id=self._twitch.account.id,
            message=text,
            reply_parent_message_id=reply_to,
        )


@pytest.fixture
async def call(twitch: TwitchDouble) -> AsyncIterator[Caller]:
    async with aiohttp.ClientSession() as session:
        yield Caller(twitch, session)


@pytest.mark.parametrize("how", ["deleted", "held", "cleared", "author banned", "never written"])
async def test_a_reply_to_a_message_that_is_gone_or_held_is_refused(
    twitch: TwitchDouble, call: Caller, how: str
) -> None:
    parent = await twitch.chat("what now?", author="ann")
    match how:
        case "deleted":
            await twitch.delete(parent)
        case "held":
            twitch.hold(parent)
        case "cleared":
            await twitch.clear()
        case "author banned":
            await twitch.clear_user("ann")
        case _:
            parent = "unknown"

    status, answer = await call.post("this", reply_to=parent)

    assert (status, answer["message"]) == (400, "The request's input was not valid. Message cannot be replied to.")
    assert twitch.posts == []


async def test_a_reply_to_a_message_that_stands_is_posted(twitch: TwitchDouble, call: Caller) -> None:
    parent = await twitch.chat("what now?", author="ann")

    status, _ = await call.post("this", reply_to=parent)

    assert (status, twitch.posts[0].reply_to) == (200, parent)


STRANGERS = [f"stranger{number}" for number in range(6)]


@pytest.fixture
async def session(twitch: TwitchDouble) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
    """An EventSub connection that was welcomed."""
    async with aiohttp.ClientSession() as http, http.ws_connect(twitch.eventsub_url) as socket:
        await socket.receive_json()
        yield socket


@pytest.mark.usefixtures("session")
async def test_ten_is_all_that_may_be_spent_on_streamers_who_did_not_authorise_the_application(
    twitch: TwitchDouble, call: Caller
) -> None:
    for name in STRANGERS[:5]:
        for type in ("stream.online", "stream.offline"):
            status, answer = await call.subscribe(type, name)
            assert (status, answer["data"][0]["cost"]) == (202, 1)

    assert (answer["total_cost"], answer["max_total_cost"]) == (10, 10)
    for type, version in (("stream.online", "1"), ("channel.raid", "1"), ("channel.update", "2")):
        status, answer = await call.subscribe(type, STRANGERS[5], version)
        assert (status, answer["message"]) == (429, "cost exceeded")


@pytest.mark.usefixtures("session")
async def test_what_somebody_authorised_costs_nothing(twitch: TwitchDouble, call: Caller) -> None:
    twitch.state.authorised.add("stranger0")

    for type, channel in [
        ("channel.chat.message", "stranger1"),
        ("stream.online", "streamer"),
        ("stream.online", "stranger0"),
    ]:
        _, answer = await call.subscribe(type, channel)
        assert (answer["data"][0]["cost"], answer["total_cost"]) == (0, 0)


@pytest.mark.usefixtures("session")
async def test_a_subscription_needs_its_scope(call: Caller, twitch: TwitchDouble) -> None:
    twitch.state.grant.scopes = ("user:read:chat",)

    assert (await call.subscribe("channel.cheer", "streamer"))[0] == 403
    assert (await call.subscribe("channel.chat.message", "streamer"))[0] == 202


async def test_a_call_needs_its_scope(call: Caller, twitch: TwitchDouble) -> None:
    twitch.state.grant.scopes = ()
    parent = await twitch.chat("what now?")

    status, answer = await call.post("this", reply_to=parent)

    assert (status, answer["message"]) == (401, "Missing scope: user:write:chat")


async def whispered(call: Caller, sender: str, recipient: str, text: str = "psst") -> int:
    status, _ = await call("POST", f"whispers?from_user_id={sender}&to_user_id={recipient}", message=text)
    return status


async def test_whispers_have_the_statuses_of_the_documentation(twitch: TwitchDouble, call: Caller) -> None:
    me, ann, room = twitch.account.id, twitch.state.user("ann").id, twitch.whispers
    assert await whispered(call, me, ann) == 401
    twitch.state.grant.scopes = (whispers.MANAGE,)
    assert [await whispered(call, ann, me), await whispered(call, me, me), await whispered(call, me, "ann")] == [
        401,
        400,
        400,
    ]
    assert [await whispered(call, me, "9"), await whispered(call, me, ann, "")] == [404, 400]

    room.closed, room.has_phone = {"ann"}, False
    assert await whispered(call, me, ann) == 401
    room.has_phone, room.may_send = True, False
    assert await whispered(call, me, ann) == 403
    room.may_send = True
    assert await whispered(call, me, ann) == 400

    room.closed, room.recipients_left = set(), 1
    assert await whispered(call, me, ann, "x" * 501) == 204
    assert room.sent == [("ann", "x" * 500)]
    assert await whispered(call, me, twitch.state.user("ben").id) == 429
    assert [await whispered(call, me, ann) for _ in range(3)] == [204, 204, 429]


async def test_a_refresh_token_works_once(twitch: TwitchDouble, call: Caller) -> None:
    refresh = twitch.state.grant.refresh

    first, _ = await call.identity(grant_type="refresh_token", refresh_token=refresh)
    second, answer = await call.identity(grant_type="refresh_token", refresh_token=refresh)

    assert (first, second, answer["message"]) == (200, 400, "Invalid refresh token")


async def test_what_is_written_after_me_is_marked_in_the_text_and_not_in_the_fragments(
    twitch: TwitchDouble, call: Caller, session: aiohttp.ClientWebSocketResponse
) -> None:
    await call.subscribe("channel.chat.message", "streamer")
    await twitch.chat("waves", me=True)

    message = (await session.receive_json())["payload"]["event"]["message"]
    assert message["text"] == "\x01ACTION waves\x01"
    assert [fragment["text"] for fragment in message["fragments"]] == ["waves"]


async def test_a_revocation_is_told_once(
    twitch: TwitchDouble, call: Caller, session: aiohttp.ClientWebSocketResponse
) -> None:
    await call.subscribe("channel.chat.message", "streamer")
    await twitch.revoke("channel.chat.message")
    await twitch.revoke("channel.chat.message")
    await call.subscribe("channel.chat.message", "streamer")
    await twitch.chat("after")

    told = [(await session.receive_json())["metadata"]["message_type"] for _ in range(2)]
    assert told == ["revocation", "notification"]


async def test_calls_beyond_the_points_of_a_minute_are_refused_until_a_unix_time(
    twitch: TwitchDouble, call: Caller
) -> None:
    twitch.helix.points = 2
    url = f"{twitch.settings()['api_url']}users"
    headers = {"Authorization": f"Bearer {twitch.state.grant.access}"}
    async with aiohttp.ClientSession(headers=headers) as http:
        answers = [await http.get(url) for _ in range(3)]

    assert [answer.status for answer in answers] == [200, 200, 429]
    assert [answer.headers["Ratelimit-Remaining"] for answer in answers] == ["1", "0", "0"]
    there = parsedate_to_datetime(answers[-1].headers["Date"]).timestamp()
    assert 0 < int(answers[-1].headers["Ratelimit-Reset"]) - there <= 62


def rewards(twitch: TwitchDouble, more: str = "", **query: str) -> str:
    asked = "&".join(f"{name}={value}" for name, value in query.items())
    return f"channel_points/custom_rewards{more}?broadcaster_id={twitch.account.id}&{asked}"


async def test_only_rewards_the_application_created_can_be_refunded_and_only_once(
    call: Caller, twitch: TwitchDouble
) -> None:
    twitch.state.grant.scopes = ("channel:manage:redemptions",)
    await call("POST", rewards(twitch), title="Ours", cost=100)

    statuses = []
    for title in ("Ours", "Theirs"):
        redemption = twitch.state.redemptions[await twitch.redeem("ann", reward=title)]
        where = rewards(twitch, "/redemptions", id=redemption.id, reward_id=redemption.reward_id)
        statuses += [(await call("PATCH", where, status="CANCELED"))[0] for _ in range(2)]

    assert statuses == [200, 404, 403, 403]
    assert [each.status for each in twitch.state.redemptions.values()] == ["CANCELED", "UNFULFILLED"]


async def test_a_channel_has_fifty_rewards_at_most_and_each_title_once(call: Caller, twitch: TwitchDouble) -> None:
    twitch.state.grant.scopes = ("channel:manage:redemptions",)
    twice = [(await call("POST", rewards(twitch), title="Sing", cost=100))[0] for _ in range(2)]
    more = [(await call("POST", rewards(twitch), title=f"Sing {count}", cost=1))[0] for count in range(50)]

    assert twice == [200, 400]
    assert more == [200] * 49 + [400]


async def test_only_what_the_application_created_can_be_changed_or_deleted(call: Caller, twitch: TwitchDouble) -> None:
    twitch.state.grant.scopes = ("channel:manage:redemptions",)
    await twitch.redeem("ann", reward="Theirs")
    await call("POST", rewards(twitch), title="Ours", cost=100)
    ours, theirs = twitch.state.rewards["Ours"], twitch.state.rewards["Theirs"]

    changed = [(await call("PATCH", rewards(twitch, id=each.id), is_paused=True))[0] for each in (ours, theirs)]
    status, answer = await call("GET", rewards(twitch, only_manageable_rewards="true"))
    deleted = [(await call("DELETE", rewards(twitch, id=each.id)))[0] for each in (ours, theirs)]

    assert (changed, deleted) == ([200, 403], [204, 403])
    assert (status, [each["title"] for each in answer["data"]]) == (200, ["Ours"])
    assert ours.is_paused and not theirs.is_paused


async def test_rewards_are_the_broadcasters_own_affair(call: Caller, twitch: TwitchDouble) -> None:
    somebody = twitch.state.user("somebody").id

    assert (await call("GET", f"channel_points/custom_rewards?broadcaster_id={somebody}"))[0] == 401
    twitch.state.grant.scopes = ("channel:read:redemptions",)
    assert (await call("GET", rewards(twitch)))[0] == 200
    assert (await call("POST", rewards(twitch), title="Sing", cost=100))[0] == 401
