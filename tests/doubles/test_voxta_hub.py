"""The Voxta of the tests as a hub: how it is reached, whom it lets in, what it takes, and what it says of a chat."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from aiohttp import WSServerHandshakeError
from voxta_client import VoxtaClient

from tests.doubles.voxta import VARIATIONS, KeyRule, Negotiation, Rights, SendFault, Switches, VoxtaDouble
from tests.doubles.voxta_guest import Guest, visiting
from tests.support import eventually

NOBODY = "00000000-0000-4000-8000-000000000000"


@pytest.fixture
async def voxta() -> AsyncIterator[VoxtaDouble]:
    async with VoxtaDouble() as double:
        yield double


async def started(voxta: VoxtaDouble, guest: Guest) -> str:
    """Authenticate and start a chat; its session."""
    await guest.authenticate()
    await guest.say("startChat", characterId=voxta.characters[0].id)
    return str((await guest.told("chatStarted"))["sessionId"])


# Reaching the hub


@pytest.mark.parametrize("negotiate", [True, False])
async def test_the_hub_is_reached_with_negotiation_and_without(voxta: VoxtaDouble, negotiate: bool) -> None:
    async with visiting(voxta.url, negotiate=negotiate) as guest:
        await guest.authenticate()

        await guest.told("welcome", apiVersion="2025-11")


@pytest.mark.parametrize(
    ("rule", "negotiate"), [(Negotiation.REQUIRED, False), (Negotiation.ABSENT, True)], ids=["required", "absent"]
)
async def test_a_hub_may_insist_on_negotiation_or_know_none(rule: Negotiation, negotiate: bool) -> None:
    async with VoxtaDouble(Switches(negotiation=rule)) as voxta:
        with pytest.raises((WSServerHandshakeError, aiohttp.ClientResponseError)):
            async with visiting(voxta.url, negotiate=negotiate):
                pass

        async with visiting(voxta.url, negotiate=not negotiate) as guest:
            await guest.authenticate()
            await guest.told("welcome")


@pytest.mark.parametrize("negotiate", [True, False])
async def test_a_key_is_shown_in_a_header_or_in_the_address(negotiate: bool) -> None:
    async with VoxtaDouble(Switches(key=KeyRule.REFUSED)) as voxta:
        for wrong in (None, "not the key"):
            with pytest.raises(aiohttp.ClientResponseError) as refused:
                async with visiting(voxta.url, negotiate=negotiate, bearer=wrong):
                    pass
            assert refused.value.status == 401

        async with visiting(voxta.url, negotiate=negotiate, bearer=voxta.key) as guest:
            await guest.authenticate()
            await guest.told("welcome")
        async with visiting(voxta.url, negotiate=negotiate, access_token=voxta.key) as guest:
            await guest.authenticate()
            await guest.told("welcome")


async def test_a_server_may_ask_for_the_key_in_the_hub() -> None:
    async with VoxtaDouble(Switches(key=KeyRule.ASKED)) as voxta, visiting(voxta.url) as guest:
        await guest.authenticate()

        await guest.told("authenticationRequired")
        assert "welcome" not in guest.types


async def test_another_protocol_is_refused_in_the_handshake(voxta: VoxtaDouble) -> None:
    async with aiohttp.ClientSession() as session, session.ws_connect(f"{voxta.url}/hub") as socket:
        await socket.send_str('{"protocol":"messagepack","version":1}\x1e')

        assert "messagepack" in (await socket.receive_str())


async def test_noise_on_the_hub_ends_the_connection_with_a_reason(voxta: VoxtaDouble) -> None:
    async with visiting(voxta.url) as guest:
        await guest.put_bytes(b"\xff\xfe" * 100)
        await guest.lost()

        assert guest.records[-1]["type"] == 7
        assert guest.records[-1]["error"]


# What is taken


async def test_an_unknown_method_is_completed_with_an_error(voxta: VoxtaDouble) -> None:
    async with visiting(voxta.url) as guest:
        assert "Invented" in (await guest.call("Invented"))["error"]
        assert voxta.hub.unreadable == ["unknown hub method 'Invented'"]


@pytest.mark.parametrize(
    ("message", "wrong"),
    [
        ({"$type": "triggerReply", "sessionId": NOBODY}, "unknown $type 'triggerReply'"),
        ({"sessionId": NOBODY, "$type": "interrupt"}, "$type is not the first field"),
        ({"$type": "interrupt"}, "sessionId is missing"),
        ({"$type": "interrupt", "sessionId": None}, "sessionId cannot be null"),
        ({"$type": "interrupt", "sessionId": "here"}, "sessionId cannot be 'here'"),
        ({"$type": "send", "sessionId": NOBODY, "role": "Viewer"}, "role cannot be 'Viewer'"),
        ({"$type": "send", "sessionId": NOBODY, "doReply": None}, "doReply cannot be null"),
        ({"$type": "typingEnd", "sessionId": NOBODY, "sent": "yes"}, "sent cannot be 'yes'"),
        (
            {"$type": "authenticate", "client": "x", "scope": [], "capabilities": {"audioOutput": "Speakers"}},
            "capabilities.audioOutput cannot be 'Speakers'",
        ),
    ],
)
async def test_a_message_that_cannot_be_read_is_completed_with_an_error(
    voxta: VoxtaDouble, message: dict[str, object], wrong: str
) -> None:
    async with visiting(voxta.url) as guest:
        assert (await guest.call("SendMessage", message))["error"]
        assert voxta.hub.unreadable == [wrong]
        assert voxta.hub.received == []


@pytest.mark.parametrize(
    "message",
    [
        {"$type": "send", "sessionId": NOBODY, "text": None, "role": 3, "unheardOf": [1]},
        {"$type": "send", "sessionId": NOBODY, "text": "Hello", "role": "User"},
        {"$type": "authenticate", "client": "x", "clientVersion": None, "scope": [], "capabilities": {}},
        {"$type": "subscribeToChat", "sessionId": NOBODY},
        {
            "$type": "updateContext",
            "sessionId": NOBODY,
            "actions": [{"name": "a", "arguments": [{"name": "b", "type": 1}]}],
        },
    ],
)
async def test_what_published_clients_send_can_be_read(voxta: VoxtaDouble, message: dict[str, object]) -> None:
    async with visiting(voxta.url) as guest:
        assert "error" not in await guest.call("SendMessage", message)
        assert voxta.hub.unreadable == []


async def test_nothing_is_done_for_whoever_did_not_authenticate(voxta: VoxtaDouble) -> None:
    async with visiting(voxta.url) as guest:
        await guest.say("startChat", characterId=voxta.characters[0].id)

        assert "authenticated" in (await guest.told("error"))["message"]
        assert voxta.rooms.open == []


async def test_an_unknown_session_is_an_error(voxta: VoxtaDouble) -> None:
    async with visiting(voxta.url) as guest:
        await guest.authenticate()
        await guest.say("send", sessionId=NOBODY, text="Hello")

        assert "not found" in (await guest.told("error"))["message"]


# Rights


async def test_an_app_speaks_in_its_own_chat_and_not_in_another_where_rights_are_enforced() -> None:
    async with VoxtaDouble(Switches(rights=Rights.SCOPED)) as voxta:
        chat = await voxta.open_elsewhere()
        async with visiting(voxta.url) as guest:
            await guest.authenticate(scope=("role:app",))
            await guest.say("subscribeToChat", sessionId=chat.session_id)
            await guest.told("chatStarted")
            assert await guest.say("send", sessionId=chat.session_id, text="Hello") is None

            assert "role:user" in (await guest.told("chatSessionError"))["message"]
            assert chat.texts == []


async def test_a_user_speaks_in_any_chat() -> None:
    async with VoxtaDouble(Switches(rights=Rights.SCOPED)) as voxta:
        chat = await voxta.open_elsewhere()
        async with visiting(voxta.url) as guest:
            await guest.authenticate(scope=("role:app", "role:user"))
            await guest.say("subscribeToChat", sessionId=chat.session_id)
            await guest.say("send", sessionId=chat.session_id, text="Hello")

            await guest.told("update", text="Hello")


async def test_a_key_for_apps_allows_no_wider_scope() -> None:
    async with VoxtaDouble(VARIATIONS["apps only"]) as voxta, visiting(voxta.url, bearer=voxta.key) as guest:
        await guest.authenticate(scope=("role:app", "role:admin"))
        assert "role:admin" in (await guest.told("error"))["message"]

        await guest.authenticate(scope=("role:app",))
        await guest.told("welcome")


# Chats


async def test_a_chat_is_announced_loaded_and_started_under_one_session(voxta: VoxtaDouble) -> None:
    async with visiting(voxta.url) as guest:
        session = await started(voxta, guest)

        assert guest.types[:4] == ["welcome", "configuration", "moduleRuntimeInstances", "chatsSessionsUpdated"]
        starting = told(guest, "chatStarting", "chatLoadingMessage", "chatStarted")
        assert [message["sessionId"] for message in starting] == [session] * len(starting)
        assert starting[-1]["context"]["flags"] == [{"name": "at_the_door", "messageIndex": 0, "messageChatTime": 0.0}]


def told(guest: Guest, *types: str) -> list[dict[str, Any]]:
    return [message for message in guest.messages if message.get("$type") in types]


async def test_a_chat_opened_elsewhere_is_listed_and_can_be_subscribed_to(voxta: VoxtaDouble) -> None:
    chat = await voxta.open_elsewhere()
    async with visiting(voxta.url) as guest:
        await guest.authenticate()
        (session,) = (await guest.told("chatsSessionsUpdated"))["sessions"]
        await guest.say("subscribeToChat", sessionId=session["sessionId"])

        assert (await guest.told("chatStarted"))["chatId"] == chat.chat_id


async def test_that_no_chat_is_open_may_be_left_untold() -> None:
    async with VoxtaDouble(VARIATIONS["sessions untold"]) as voxta, visiting(voxta.url) as guest:
        await started(voxta, guest)

        assert guest.types.index("chatsSessionsUpdated") > guest.types.index("moduleRuntimeInstances")
        assert guest.types.count("chatsSessionsUpdated") == 1


@pytest.mark.parametrize(
    ("switches", "answer"),
    [(Switches(), {"$type": "error"}), (Switches(refuses_by_closing=True), {"$type": "chatClosed", "chatId": ""})],
    ids=["by an error", "by closing"],
)
async def test_a_chat_that_is_not_open_cannot_be_subscribed_to(switches: Switches, answer: dict[str, str]) -> None:
    async with VoxtaDouble(switches) as voxta, visiting(voxta.url) as guest:
        await guest.authenticate()
        await guest.say("subscribeToChat", sessionId=NOBODY)

        await guest.told(answer.pop("$type"), **answer)


@pytest.mark.parametrize("ends", [False, True])
async def test_a_chat_is_resumed_with_all_that_was_said(ends: bool) -> None:
    async with VoxtaDouble(Switches(ends_with_owner=ends)) as voxta:
        async with visiting(voxta.url) as guest:
            session = await started(voxta, guest)
            await guest.say("send", sessionId=session, text="Hello", doReply=False)
            await guest.told("update", text="Hello")
            chat = voxta.chat
        await eventually(lambda: not chat.clients)

        async with visiting(voxta.url) as guest:
            await guest.authenticate()
            await guest.say("resumeChat", chatId=chat.chat_id)
            again = await guest.told("chatStarted")

        assert (again["sessionId"] == session) is not ends
        assert [message["text"] for message in again["messages"]] == ["Hello"]


async def test_participants_come_and_go(voxta: VoxtaDouble) -> None:
    async with visiting(voxta.url) as guest:
        session = await started(voxta, guest)
        george = voxta.characters[1]
        await guest.say("addChatParticipant", sessionId=session, characterId=george.id)
        assert len((await guest.told("chatParticipantsUpdated"))["characters"]) == 2

        await guest.say("removeChatParticipant", sessionId=session, characterId=george.id)
        assert len((await guest.told("chatParticipantsUpdated"))["characters"]) == 1


async def test_contexts_are_shown_to_those_who_inspect_and_replaced_by_key(voxta: VoxtaDouble) -> None:
    async with visiting(voxta.url) as guest:
        session = await started(voxta, guest)
        assert "contexts" not in await guest.told("contextUpdated")
        await guest.say("inspect", sessionId=session, enabled=True)
        await guest.told("contextUpdated")
        for text in ("It rains.", "It snows."):
            await guest.say("updateContext", sessionId=session, contextKey="Relay", contexts=[{"text": text}])

        await guest.told("contextUpdated", contexts=[{"contextKey": "Relay", "text": "It rains."}])
        await guest.told("contextUpdated", contexts=[{"contextKey": "Relay", "text": "It snows."}])


# Faults


@pytest.mark.parametrize(
    ("fault", "taken", "completed"),
    [
        (SendFault.LOST, False, False),
        (SendFault.UNCONFIRMED, True, False),
        (SendFault.CONFIRMED, True, True),
    ],
)
async def test_a_connection_breaks_around_a_send(
    voxta: VoxtaDouble, fault: SendFault, taken: bool, completed: bool
) -> None:
    async with visiting(voxta.url) as guest:
        session = await started(voxta, guest)
        voxta.hub.faults.append(fault)
        invocation = {"$type": "send", "sessionId": session, "text": "Hello", "doReply": False}
        await guest.put({"type": 1, "invocationId": "last", "target": "SendMessage", "arguments": [invocation]})
        await guest.lost()

        assert any(record.get("invocationId") == "last" for record in guest.records) is completed
        assert bool(voxta.received("send")) is taken
        if taken:
            await eventually(lambda: voxta.chat.texts == ["Hello"])


async def test_a_send_is_completed_and_then_refused(voxta: VoxtaDouble) -> None:
    async with visiting(voxta.url) as guest:
        session = await started(voxta, guest)
        voxta.hub.faults.append(SendFault.REFUSED)
        assert await guest.say("send", sessionId=session, text="Hello") is None
        await guest.told("chatSessionError", sessionId=session)
        await guest.say("send", sessionId=session, text="Again", doReply=False)

        await guest.told("update", text="Again")
        assert voxta.chat.texts == ["Again"]


@pytest.mark.parametrize("first", [True, False])
async def test_the_completion_comes_before_the_error_or_after_it(first: bool) -> None:
    async with VoxtaDouble(Switches(completion_first=first)) as voxta, visiting(voxta.url) as guest:
        await guest.authenticate()
        await guest.say("resumeChat", chatId=NOBODY)
        await guest.told("error")

        places = [
            "completion" if record.get("type") == 3 else "error"
            for record in guest.records
            if record.get("type") == 3 or (record.get("type") == 1 and record["arguments"][0]["$type"] == "error")
        ]
        assert places[1:] == (["completion", "error"] if first else ["error", "completion"])


async def test_a_restarted_server_says_goodbye_and_has_the_same_chats(voxta: VoxtaDouble) -> None:
    async with visiting(voxta.url) as guest:
        session = await started(voxta, guest)
        await voxta.stop()
        await guest.lost()
        assert guest.records[-1] == {"type": 7, "allowReconnect": True}
    await voxta.start()

    async with visiting(voxta.url) as guest:
        await guest.authenticate()
        assert (await guest.told("chatsSessionsUpdated"))["sessions"][0]["sessionId"] == session


# Variety


async def test_strangers_come_in_between_and_every_message_has_fields_nobody_knows() -> None:
    async with VoxtaDouble(VARIATIONS["strangers"]) as voxta, visiting(voxta.url) as guest:
        await started(voxta, guest)

        assert guest.types[:3] == ["auroraForecast", None, "welcome"]
        assert all("newIn2031" in message for message in guest.messages[2::3])


async def test_what_is_absent_is_left_out_or_null(voxta: VoxtaDouble) -> None:
    async with visiting(voxta.url) as guest:
        await started(voxta, guest)
        assert "favorite" not in guest.messages[0]

    async with VoxtaDouble(VARIATIONS["nulls"]) as other, visiting(other.url) as guest:
        await started(other, guest)
        assert guest.messages[0]["favorite"] is None
        assert [message["text"] for message in told(guest, "chatStarted")[0]["messages"]] == [None]


async def test_flags_and_roles_take_their_older_shapes() -> None:
    async with (
        VoxtaDouble(Switches(flags_as_objects=False, roles_as_numbers=True)) as voxta,
        visiting(voxta.url) as guest,
    ):
        session = await started(voxta, guest)
        assert told(guest, "chatStarted")[0]["context"]["flags"] == ["at_the_door"]

        await guest.say("send", sessionId=session, text="Hello", doReply=False)
        await guest.told("update", role=3)


def test_every_switch_has_a_variation() -> None:
    default = Switches()

    turned = {
        name
        for switches in VARIATIONS.values()
        for name in vars(default)
        if vars(switches)[name] != vars(default)[name]
    }

    assert turned == set(vars(default))


# REST


async def test_a_device_logs_in_and_its_key_is_tested(voxta: VoxtaDouble) -> None:
    async with aiohttp.ClientSession(voxta.url) as session:
        async with session.post("/api/device/code", json={"client_id": "relay", "scope": "role:app"}) as response:
            code = await response.json()
        async with session.post("/api/device/poll", json={"device_code": code["device_code"]}) as response:
            assert response.status == 204
        voxta.access.approve(code["user_code"])
        async with session.post("/api/device/poll", json={"device_code": code["device_code"]}) as response:
            token = (await response.json())["token"]

        for key, status in ((token, 200), ("another", 401)):
            headers = {"Authorization": f"Bearer {key}"}
            async with session.post("/api/auth/test", headers=headers) as response:
                assert response.status == status


async def test_a_login_nobody_confirms_expires(voxta: VoxtaDouble) -> None:
    async with aiohttp.ClientSession(voxta.url) as session:
        async with session.post("/api/device/code", json={"client_id": "relay", "scope": "role:app"}) as response:
            code = await response.json()
        voxta.access.expire(code["user_code"])

        async with session.post("/api/device/poll", json={"device_code": code["device_code"]}) as response:
            assert response.status == 400


# The published client


async def test_the_published_client_joins_talks_and_hears_the_answer(voxta: VoxtaDouble) -> None:
    chat = await voxta.open_elsewhere()
    client = VoxtaClient(voxta.url)
    token, cookies = await asyncio.to_thread(client.negotiate)
    ends: list[dict[str, object]] = []
    client.on("replyEnd", ends.append)
    try:
        await client.connect(token, cookies)
        await eventually(lambda: client.session_id == chat.session_id and bool(chat.clients))
        await client.send_message("Hello")
        await eventually(lambda: bool(ends))
        await client.speech_playback_start(message_id=str(ends[0]["messageId"]))
        await client.speech_playback_complete(message_id=str(ends[0]["messageId"]))
    finally:
        await client.close()

    assert chat.texts[:2] == ["Hello", "You said Hello. Tell me more."]
    assert voxta.hub.unreadable == []
