"""The double's conduits against what Twitch documents: https://dev.twitch.tv/docs/api/reference/conduits/"""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import aiohttp
import pytest

from tests.doubles.twitch import TwitchDouble
from tests.platforms.twitch.conduits import CHAT, agency

Caller = Callable[..., Awaitable[tuple[int, Any]]]


@pytest.fixture
async def twitch() -> AsyncIterator[TwitchDouble]:
    async with agency("ann") as double:
        yield double


@pytest.fixture
async def call(twitch: TwitchDouble) -> AsyncIterator[Caller]:
    """`await call("POST", "eventsub/conduits", shard_count=2)` with the application's token: status and answer."""
    twitch.identity.app_tokens.append("of-the-application")
    async with aiohttp.ClientSession(str(twitch.settings()["api_url"])) as http:

        async def called(method: str, path: str, token: str = "of-the-application", **body: Any) -> tuple[int, Any]:
            headers = {"Authorization": f"Bearer {token}"}
            async with http.request(method, path, json=body or None, headers=headers) as answer:
                return answer.status, await answer.json(content_type=None)

        yield called


async def made(call: Caller, shards: int = 2) -> str:
    _, answer = await call("POST", "eventsub/conduits", shard_count=shards)
    return str(answer["data"][0]["id"])


async def subscribed(call: Caller, twitch: TwitchDouble, conduit: str, token: str = "of-the-application") -> int:
    condition = {"broadcaster_user_id": twitch.channel.id, "user_id": twitch.account.id}
    transport = {"method": "conduit", "conduit_id": conduit}
    where = "eventsub/subscriptions"
    return (await call("POST", where, token, type=CHAT, version="1", condition=condition, transport=transport))[0]


async def test_conduits_belong_to_the_application_and_are_five_at_most(call: Caller, twitch: TwitchDouble) -> None:
    statuses = [(await call("POST", "eventsub/conduits", shard_count=1))[0] for _ in range(6)]
    as_somebody, _ = await call("GET", "eventsub/conduits", token=twitch.state.grant.access)
    _, listed = await call("GET", "eventsub/conduits")

    assert (statuses, as_somebody) == ([200] * 5 + [429], 401)
    assert [conduit["shard_count"] for conduit in listed["data"]] == [1] * 5


@pytest.mark.parametrize(("count", "status"), [(0, 400), (1, 200), (20_000, 200), (20_001, 400)])
async def test_a_conduit_has_up_to_twenty_thousand_shards(call: Caller, count: int, status: int) -> None:
    assert (await call("POST", "eventsub/conduits", shard_count=count))[0] == status


async def test_what_is_gone_is_not_found(call: Caller) -> None:
    conduit = await made(call)

    assert (await call("DELETE", f"eventsub/conduits?id={conduit}"))[0] == 204
    assert (await call("DELETE", f"eventsub/conduits?id={conduit}"))[0] == 404
    assert (await call("GET", f"eventsub/conduits/shards?conduit_id={conduit}"))[0] == 404
    assert (await call("PATCH", "eventsub/conduits", id=conduit, shard_count=3))[0] == 404


async def test_shards_are_assigned_one_by_one_and_told_what_is_wrong_with_a_success(
    call: Caller, twitch: TwitchDouble
) -> None:
    conduit = await made(call)
    async with aiohttp.ClientSession() as http, http.ws_connect(twitch.eventsub_url) as socket:
        session = (await socket.receive_json())["payload"]["session"]["id"]
        transport = {"method": "websocket", "session_id": session}
        shards = [{"id": id, "transport": transport} for id in ("0", "3")]
        shards.append({"id": "1", "transport": {"method": "websocket", "session_id": "nowhere"}})
        status, answer = await call("PATCH", "eventsub/conduits/shards", conduit_id=conduit, shards=shards)
        _, listed = await call("GET", f"eventsub/conduits/shards?conduit_id={conduit}")

    assert (status, [(each["id"], each["status"]) for each in answer["data"]]) == (202, [("0", "enabled")])
    assert [(each["id"], each["code"]) for each in answer["errors"]] == [
        ("3", "invalid_parameter"),
        ("1", "invalid_parameter"),
    ]
    assert [(each["id"], each["transport"]["session_id"]) for each in listed["data"]] == [("0", session)]


async def test_only_the_application_subscribes_for_a_conduit_and_each_thing_once(
    call: Caller, twitch: TwitchDouble
) -> None:
    conduit = await made(call)

    assert await subscribed(call, twitch, conduit, token=twitch.state.grant.access) == 400
    assert [await subscribed(call, twitch, conduit) for _ in range(2)] == [202, 409]


@pytest.mark.parametrize(
    ("bot", "streamer", "is_moderator", "status"),
    [
        (("user:read:chat", "user:bot"), ("channel:bot",), False, 202),
        (("user:read:chat", "user:bot"), (), False, 403),
        (("user:read:chat", "user:bot"), (), True, 202),
        (("user:read:chat",), ("channel:bot",), True, 403),
        (("user:bot",), ("channel:bot",), True, 403),
    ],
)
async def test_chat_is_for_bots_that_are_let_in(
    call: Caller, twitch: TwitchDouble, bot: tuple[str, ...], streamer: tuple[str, ...], is_moderator: bool, status: int
) -> None:
    twitch.state.grants.clear()
    twitch.authorise("vox", *bot)
    twitch.authorise("ann", *streamer)
    if is_moderator:
        twitch.state.moderators.add(("ann", "vox"))

    assert await subscribed(call, twitch, await made(call)) == status


async def test_the_end_of_a_shard_is_told_to_whoever_asked_and_its_events_go_to_another(
    call: Caller, twitch: TwitchDouble
) -> None:
    conduit, where = await made(call), "eventsub/subscriptions"
    await subscribed(call, twitch, conduit)
    about, transport = {"client_id": "x", "conduit_id": conduit}, {"method": "conduit", "conduit_id": conduit}
    await call("POST", where, type="conduit.shard.disabled", version="1", condition=about, transport=transport)
    async with aiohttp.ClientSession() as http:
        sockets = [await http.ws_connect(twitch.eventsub_url) for _ in range(2)]
        ids = [(await socket.receive_json())["payload"]["session"]["id"] for socket in sockets]
        shards = [
            {"id": str(number), "transport": {"method": "websocket", "session_id": id}} for number, id in enumerate(ids)
        ]
        await call("PATCH", "eventsub/conduits/shards", conduit_id=conduit, shards=shards)
        await sockets[0].close()
        told = (await sockets[1].receive_json())["payload"]["event"]
        await twitch.chat("one")
        await twitch.chat("two")
        heard = [(await sockets[1].receive_json())["payload"]["event"]["message"]["text"] for _ in range(2)]

    assert (told["conduit_id"], told["shard_id"], told["status"]) == (conduit, "0", "websocket_disconnected")
    assert told["transport"].keys() == {"method", "session_id", "connected_at", "disconnected_at"}
    assert heard == ["one", "two"]
