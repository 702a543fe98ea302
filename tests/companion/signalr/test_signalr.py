"""The SignalR client that official Voxta clients are built on, unchanged, talks with the companion."""

from pathlib import Path

import pytest
from pydantic import SecretStr

from relay.companion.serving.server import CompanionServer
from tests.companion.conftest import SETTINGS
from tests.companion.raw import Json
from tests.companion.signalr.conftest import Client, NodeClient
from tests.doubles.ports import free_port

PROFILE = {
    "audioInput": "None",
    "audioOutput": "None",
    "acceptedAudioContentTypes": ["audio/x-wav"],
    "visionCapture": "None",
    "features": [],
}
"""What official clients say of themselves."""


async def enter(client: NodeClient) -> Json:
    """Authenticate, and start a chat with the character of the welcome."""
    await client.send("authenticate", client="test", clientVersion=None, scope=["role:app"], capabilities=PROFILE)
    welcome = await client.expect("welcome")
    assert welcome["apiVersion"] == "2025-11"
    await client.send("startChat", characterId=welcome["assistant"]["id"], scenarioId=None)
    starting = await client.expect("chatStarting")
    started = await client.expect("chatStarted")
    assert (starting["sessionId"], starting["chatId"]) == (started["sessionId"], started["chatId"])
    return started


async def converse(client: NodeClient, session: str) -> None:
    """One turn, as an official client has it."""
    await client.send("send", sessionId=session, text="Hello Vox!", role=3, doReply=True)
    await client.next("completed", kind="send")
    assert (await client.expect("update"))["role"] == "User"
    chunk = await client.expect("replyChunk")
    answer = await client.expect("update")
    assert (answer["role"], answer["messageId"]) == ("Assistant", chunk["messageId"])
    await client.expect("chatFlow", state="WaitingForUserInput")


@pytest.mark.parametrize("skip", [False, True])
async def test_it_talks_with_and_without_negotiation(client: Client, skip: bool) -> None:
    async with CompanionServer(SETTINGS) as companion, client(companion.url, skipNegotiation=skip) as node:
        await node.next("connected")

        await converse(node, (await enter(node))["sessionId"])


@pytest.mark.parametrize("skip", [False, True])
async def test_its_key_is_asked_for(client: Client, skip: bool) -> None:
    settings = SETTINGS.model_copy(update={"access_key": SecretStr("hush")})
    keys = ["wrong", "hush"]
    async with CompanionServer(settings) as companion, client(companion.url, skipNegotiation=skip, keys=keys) as node:
        await node.next("refused", key="wrong")
        await node.next("connected", key="hush")
        await enter(node)


async def test_what_cannot_be_done_is_told_after_the_call_was_answered_and_a_stop_ends_it(client: Client) -> None:
    companion = CompanionServer(SETTINGS)
    await companion.start()
    async with client(companion.url) as node:
        session = (await enter(node))["sessionId"]

        await node.send("send", sessionId=session, text="/dance")

        await node.next("completed", kind="send")
        assert "unknown command /dance" in (await node.expect("chatSessionError", sessionId=session))["message"]
        await converse(node, session)

        await companion.stop()  # it was not told to come back by itself

        await node.next("closed")


@pytest.mark.parametrize("skip", [False, True])
async def test_it_comes_back_by_itself_when_the_companion_was_restarted(
    client: Client, tmp_path: Path, skip: bool
) -> None:
    settings = SETTINGS.model_copy(update={"port": free_port(), "database": tmp_path / "chats.sqlite3"})
    first = CompanionServer(settings)
    await first.start()
    async with client(first.url, skipNegotiation=skip, reconnect=[100] * 100) as node:
        chat = (await enter(node))["chatId"]
        await first.stop()
        await node.next("reconnecting")
        async with CompanionServer(settings):
            await node.next("reconnected")

            await node.send("authenticate", client="test", scope=["role:app"], capabilities=PROFILE)
            await node.expect("welcome")
            await node.send("resumeChat", chatId=chat)
            await converse(node, (await node.expect("chatStarted", chatId=chat))["sessionId"])
