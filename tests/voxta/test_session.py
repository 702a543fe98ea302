import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from relay.companion.serving.server import CompanionServer
from relay.config import CompanionSection, VoxtaSection
from relay.errors import AuthError, VoxtaNotTold, VoxtaUnavailable
from relay.model import Forward, Origin, SendAs
from relay.voxta.chat import JoinedChat
from relay.voxta.session import RECONNECT, RECONNECT_AT_MOST, VoxtaSession
from relay.wire import client, server, signalr
from relay.wire.messages import ContextText, WireMessage
from tests.doubles.faults import FaultyProxy
from tests.doubles.voxta import VoxtaDouble
from tests.support import PATIENCE, eventually


class Heard:
    """What a session told its listener."""

    def __init__(self) -> None:
        self.messages: list[WireMessage] = []

    def __call__(self, message: WireMessage) -> None:
        self.messages.append(message)

    def texts(self, kind: type[server.MessageEvent]) -> list[str]:
        return [message.text for message in self.messages if type(message) is kind]

    def of(self, kind: type[WireMessage]) -> list[WireMessage]:
        return [message for message in self.messages if isinstance(message, kind)]


@asynccontextmanager
async def joined(
    url: str, heard: Callable[[WireMessage], None] | None = None, **settings: Any
) -> AsyncIterator[VoxtaSession]:
    section = VoxtaSection.model_validate({"mode": "server", "timeout": PATIENCE, **settings})
    session = VoxtaSession(section, listen=heard or Heard(), changed=lambda: None, url=url)
    task = asyncio.create_task(session.run())
    try:
        await eventually(lambda: session.chat is not None or task.done())
        if task.done():
            task.result()
        yield session
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def forward(session: VoxtaSession, body: str, send_as: SendAs = SendAs.USER) -> Forward:
    assert session.chat is not None
    return Forward(
        id=body,
        keys=("twitch:1",),
        send_as=send_as,
        body=body,
        origins=(Origin(platform="twitch", channel="c"),),
        chat_id=session.chat.chat_id,
        after_index=session.chat.newest_index,
    )


async def test_a_server_that_is_lost_as_soon_as_the_chat_is_joined_is_come_back_to_slower_and_slower(
    wire: FaultyProxy, loss_pauses: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def lose() -> None:
        before = session.chat
        wire.drop()
        await eventually(lambda: session.chat not in (None, before))

    async with joined(wire.url) as session:
        for _ in range(8):
            await lose()
        assert len(loss_pauses) == 8 and loss_pauses[-1] >= RECONNECT_AT_MOST / 2

        monkeypatch.setattr("relay.system.backoff.SETTLED", 0.0)
        await lose()
        assert loss_pauses[-1] <= RECONNECT, "it stood for long enough"


async def test_a_chat_that_is_closed_as_soon_as_it_is_joined_is_joined_slower_and_slower(
    loss_pauses: list[float],
) -> None:
    async with VoxtaDouble() as voxta:
        chat = await voxta.open_elsewhere()
        async with joined(voxta.url) as session:
            for _ in range(8):
                [room] = voxta.rooms.open
                await voxta.rooms.close(room)
                await voxta.rooms.resume(chat.chat_id, chat.owner)
                await eventually(lambda: session.chat is not None and session.chat.session_id == chat.session_id)

    assert len(loss_pauses) == 8 and loss_pauses[-1] >= RECONNECT_AT_MOST / 2


async def test_a_user_message_is_taken_and_answered(companion: CompanionServer) -> None:
    heard = Heard()
    async with joined(companion.url, heard) as session:
        await session.send(forward(session, 'Ann (Twitch): "hello"'))
        await eventually(lambda: bool(heard.of(server.ReplyEnd)))

    assert 'Ann (Twitch): "hello"' in heard.texts(server.MessageUpdate)
    assert heard.of(server.ReplyChunk)


async def test_a_noreply_message_is_taken_and_not_answered(companion: CompanionServer) -> None:
    heard = Heard()
    async with joined(companion.url, heard) as session:
        await session.send(forward(session, "Ann just followed.", SendAs.NOREPLY))
        await session.send(forward(session, "Bob is raiding.", SendAs.EVENT))
        await eventually(lambda: bool(heard.of(server.ReplyEnd)))

    assert heard.texts(server.MessageUpdate)[:2] == ["Ann just followed.", "Bob is raiding."]
    assert len(heard.of(server.ReplyEnd)) == 1


async def test_a_lost_connection_is_made_anew_and_the_same_chat_joined_with_its_history(
    companion: CompanionServer, wire: FaultyProxy
) -> None:
    async with joined(wire.url) as session:
        before = session.chat
        assert before is not None
        await session.send(forward(session, "Ann just followed.", SendAs.NOREPLY))

        wire.drop()
        await eventually(lambda: session.chat not in (None, before))

        assert session.chat is not None
        assert session.chat.chat_id == before.chat_id
        assert [m.text for m in session.chat.history or ()][-1] == "Ann just followed."


async def test_a_send_whose_answer_is_lost_is_unknown_and_shows_in_the_history(
    companion: CompanionServer, wire: FaultyProxy
) -> None:
    async with joined(wire.url) as session:
        before = session.chat
        wire.swallow_answers()

        sending = asyncio.create_task(session.send(forward(session, "Ann just followed.", SendAs.NOREPLY)))
        [conversation] = companion._hub.open.values()
        await eventually(lambda: any(m.text == "Ann just followed." for m in conversation.chat.messages))
        wire.drop()
        with pytest.raises(VoxtaUnavailable):
            await sending
        await eventually(lambda: session.chat not in (None, before))

        assert session.chat is not None
        assert [m.text for m in session.chat.history or ()].count("Ann just followed.") == 1


async def test_a_connection_on_which_any_call_is_not_answered_is_given_up(
    wire: FaultyProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(signalr, "SILENCE_LIMIT", 10 * PATIENCE)  # its silence alone would end it then
    async with joined(wire.url, timeout=0.5) as session:
        before = session.chat
        wire.desert()

        with pytest.raises(VoxtaUnavailable):
            await session.update_context("stream")

        await eventually(lambda: session.chat not in (None, before))


async def test_it_waits_for_a_voxta_that_appears_late(wire: FaultyProxy) -> None:
    wire.refusing = True
    session = VoxtaSession(VoxtaSection(mode="server"), listen=Heard(), changed=lambda: None, url=wire.url)
    task = asyncio.create_task(session.run())
    await eventually(lambda: "cannot be reached" in (session.problem or ""))

    wire.refusing = False
    await eventually(lambda: session.chat is not None)

    assert session.problem is None
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_a_chat_closed_by_a_person_is_left_and_the_next_open_one_joined(companion: CompanionServer) -> None:
    async with joined(companion.url) as session, joined(companion.url, join="open") as other:
        first, hub = session.chat, other._hub
        assert first is not None
        assert hub is not None
        await hub.invoke(client.StopChat(session_id=first.session_id))
        await eventually(lambda: session.chat is None and "start one" in (session.problem or ""))

        await hub.invoke(client.StartChat(character_id=first.characters[0].id))
        await eventually(lambda: session.chat is not None)

        assert session.chat is not None
        assert session.chat.chat_id != first.chat_id


async def test_a_chat_can_be_started_by_character(companion: CompanionServer) -> None:
    async with joined(companion.url) as looking:
        assert looking.chat is not None
        character = looking.chat.characters[0].id

    async with joined(companion.url, join="character", character_id=character) as session:
        assert session.chat is not None
        assert session.chat.characters[0].id == character


async def test_a_chat_can_be_resumed_by_its_id(companion: CompanionServer) -> None:
    async with joined(companion.url) as looking:
        assert looking.chat is not None
        assert looking._hub is not None
        wanted = looking.chat.chat_id
        await looking._hub.invoke(client.StopChat(session_id=looking.chat.session_id))

    async with joined(companion.url, join="chat", chat_id=wanted) as session:
        assert session.chat is not None
        assert session.chat.chat_id == wanted


async def test_context_and_flags_arrive(companion: CompanionServer) -> None:
    heard = Heard()
    async with joined(companion.url, heard) as session:
        await session.update_context("stream", [ContextText(text="The game is chess.")], ["live"])
        await eventually(lambda: bool(heard.of(server.ContextUpdated)))

    [updated] = heard.of(server.ContextUpdated)
    assert isinstance(updated, server.ContextUpdated)
    assert [flag.name for flag in updated.flags] == ["live"]


async def test_a_refused_key_is_a_matter_for_a_person() -> None:
    settings = CompanionSection.model_validate({"port": 0, "access_key": "right"})
    async with CompanionServer(settings) as companion:
        with pytest.raises(AuthError, match=r"voxta\.api_key"):
            async with joined(companion.url, api_key="wrong"):
                pass
        async with joined(companion.url, api_key="right") as session:
            assert session.chat is not None


CALLS: dict[str, Callable[[VoxtaSession], Awaitable[None]]] = {
    "question": lambda session: session.send(forward(session, "Who are you?")),
    "note": lambda session: session.send(forward(session, "Ann just followed.", SendAs.NOTE)),
    "reply": lambda session: session.ask_for_reply(),
    "context": lambda session: session.update_context("stream", [ContextText(text="The game is chess.")]),
    "script event": lambda session: session.trigger_script_event("cheer"),
}
"""Each waits in line for what becomes of the calls before it."""
SENT = ("send", "updateContext", "triggerScriptEvent")


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize("is_followed", [False, True], ids=["no chat", "another chat"])
async def test_what_stood_in_line_while_its_chat_was_closed_is_not_sent(name: str, is_followed: bool) -> None:
    async with VoxtaDouble() as voxta:
        await voxta.open_elsewhere()
        async with joined(voxta.url, join="open") as session:
            first = session.chat
            async with session._calls._turn:
                call = asyncio.ensure_future(CALLS[name](session))
                await eventually(lambda: session._calls._in_line > 0)
                await voxta.rooms.close(voxta.open_chat)
                await eventually(lambda: session.chat is None)
                if is_followed:
                    await voxta.open_elsewhere()
                    await eventually(lambda: session.chat is not None)
            with pytest.raises(VoxtaNotTold if name in ("question", "note") else VoxtaUnavailable):
                await call

        assert first is not None
        assert not [sent for kind in SENT for sent in voxta.received(kind)]


async def test_what_stood_in_line_goes_when_its_chat_was_joined_again_meanwhile() -> None:
    async with VoxtaDouble() as voxta:
        await voxta.open_elsewhere()
        async with joined(voxta.url, join="open") as session:
            before = session.chat
            async with session._calls._turn:
                call = asyncio.ensure_future(CALLS["note"](session))
                await eventually(lambda: session._calls._in_line > 0)
                assert before is not None
                session.chat = JoinedChat(before.session_id, before.chat_id, "", [], None, -1)
            await call

        assert len(voxta.received("send")) == 1


async def test_nothing_is_sent_while_no_chat_is_joined() -> None:
    session = VoxtaSession(VoxtaSection(mode="server"), listen=Heard(), changed=lambda: None, url="http://127.0.0.1:1")

    with pytest.raises(VoxtaUnavailable, match="not connected yet"):
        await session.interrupt()
