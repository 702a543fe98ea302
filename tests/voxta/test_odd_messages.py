"""One odd field costs that field, one odd message costs that message, never the chat."""

import logging
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from relay.wire import server
from tests.doubles.voxta import VoxtaDouble
from tests.support import eventually
from tests.voxta.lost_chats import lost_chats
from tests.voxta.room import connections, room, say
from tests.voxta.said import of_type
from tests.voxta.test_session import Heard, joined


@pytest.fixture
async def voxta() -> AsyncIterator[VoxtaDouble]:
    async with room() as voxta:
        yield voxta


@pytest.mark.parametrize("seed", range(3))
async def test_spoiled_messages_lose_no_chat_and_no_sane_message(seed: int, tmp_path: Path) -> None:
    report = await lost_chats(300, seed, tmp_path)

    assert (report.lost_chats, report.understood, report.failures) == (0, 300, [])


async def test_a_chat_whose_history_is_odd_is_joined() -> None:
    async with room(nulls=True, roles_as_numbers=True, strangers=True) as voxta:
        await voxta.chat.add("User", voxta.user, None)

        async with joined(voxta.url) as session:
            assert session.chat is not None
            assert [(told.text, told.role) for told in session.chat.history or ()] == [("", "Event"), ("", "User")]


async def test_what_cannot_be_read_is_told_once_for_each_kind_and_never_shown(
    voxta: VoxtaDouble, caplog: pytest.LogCaptureFixture
) -> None:
    heard = Heard()
    with caplog.at_level(logging.WARNING, "relay.voxta"):
        async with joined(voxta.url, heard):
            for secret in ("hunter2", "hunter3"):
                await say(
                    voxta, of_type("update") | {"text": [secret]}, {"$type": "replyEnd", "tokens": secret}, secret
                )
            await voxta.hub.clients[-1].socket.send_str('"hunter4"\x1e{"type":1,"arguments":5}\x1e')
            await say(voxta, {"$type": "chatFlow", "state": "done"})
            await eventually(lambda: bool(heard.of(server.ChatFlow)))

    told = [record.getMessage() for record in caplog.records]
    assert [line.rpartition(": ")[2] for line in told] == [
        "update.text",
        "replyEnd without messageId",
        "an argument that is no object",
        "not a JSON object",
    ]
    assert "hunter" not in " ".join(told)


@pytest.mark.parametrize(
    "said",
    [
        {"$type": "authenticationRequired"},
        of_type("chatStarted"),
        of_type("chatClosed"),
        {"$type": "chatClosed", "chatId": ""},
        of_type("chatsSessionsUpdated") | {"sessions": []},
    ],
    ids=lambda said: said["$type"],
)
async def test_what_concerns_another_chat_leaves_ours_joined(voxta: VoxtaDouble, said: dict[str, Any]) -> None:
    heard = Heard()
    async with joined(voxta.url, heard) as session:
        before = session.chat
        await say(voxta, said, {"$type": "chatFlow", "state": "done"})
        await eventually(lambda: bool(heard.of(server.ChatFlow)))

        assert session.chat is before
    assert connections(voxta) == 1


async def test_a_failure_where_a_message_is_taken_in_costs_that_message(voxta: VoxtaDouble) -> None:
    heard = Heard()

    def listen(message: Any) -> None:
        if isinstance(message, server.ReplyEnd):
            raise ZeroDivisionError
        heard(message)

    async with joined(voxta.url, listen) as session:
        await say(voxta, of_type("replyEnd"), {"$type": "chatFlow", "state": "done"})
        await eventually(lambda: bool(heard.of(server.ChatFlow)))

        assert session.chat is not None
