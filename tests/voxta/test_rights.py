"""What a server lets the relay do, and what becomes of messages that it may not send."""

import logging
from pathlib import Path
from typing import Any

import pytest

from relay.application.describing import description_of
from relay.errors import VoxtaForbidden
from relay.model import Outcome
from relay.platforms.simulated import QuietPlatform
from tests.doubles.voxta import KeyRule, Negotiation, Rights, SendFault, Switches, VoxtaDouble
from tests.end_to_end.stage import message, relaying, settings
from tests.support import eventually
from tests.voxta.test_session import Heard, forward, joined

APP_ONLY = Switches(rights=Rights.APP_ONLY, key=KeyRule.REFUSED)


def said(voxta: VoxtaDouble) -> list[str | None]:
    """What people said, in all chats there were."""
    chats = [one.chat for one in voxta.rooms.open] + list(voxta.rooms.closed.values())
    return [entry.text for chat in chats for entry in chat.history if entry.role == "User"]


def config(folder: Path, voxta: VoxtaDouble, **section: Any) -> Any:
    return settings(folder, voxta={"mode": "server", "timeout": 2.0, "api_key": voxta.key, **section})


def quiet(*_: object) -> list[QuietPlatform]:
    return [QuietPlatform("twitch")]


async def test_with_what_it_asks_for_the_relay_talks_in_a_chat_that_somebody_else_opened() -> None:
    async with VoxtaDouble(Switches(rights=Rights.SCOPED)) as voxta:
        await voxta.open_elsewhere()
        async with joined(voxta.url, api_key=voxta.key) as session:
            await session.send(forward(session, "hello"))

            assert said(voxta) == ["hello"]
            assert session.refusal is None


async def test_a_scope_that_is_refused_is_given_up_and_what_cannot_be_done_then_is_said(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with VoxtaDouble(APP_ONLY) as voxta:
        await voxta.open_elsewhere()
        with caplog.at_level(logging.WARNING, "relay"):
            async with joined(voxta.url, api_key=voxta.key) as session:
                assert session.chat is not None

    assert [call["scope"] for call in voxta.received("authenticate")][-1] == ["role:app"]
    assert "can then only talk in chats that it opens itself" in caplog.text


async def test_a_scope_of_ones_own_is_asked_for() -> None:
    async with VoxtaDouble() as voxta:
        await voxta.open_elsewhere()
        async with joined(voxta.url, scope=["role:app", "role:user"]):
            assert voxta.received("authenticate")[0]["scope"] == ["role:app", "role:user"]


@pytest.mark.parametrize("completion_first", [True, False])
async def test_a_message_refused_for_lack_of_rights_waits_and_the_remedy_is_told_in_one_line(
    completion_first: bool, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    switches = Switches(rights=Rights.APP_ONLY, key=KeyRule.REFUSED, completion_first=completion_first)
    async with VoxtaDouble(switches) as voxta:
        await voxta.open_elsewhere()
        with caplog.at_level(logging.WARNING, "relay"):
            async with relaying(config(tmp_path, voxta), voxta.url, quiet) as (relay, statistics):
                await relay.receive(message(1), message(2))
                await eventually(lambda: relay.session.refusal is not None)
                first = len(voxta.received("send"))
                await relay.receive(message(3))
                [line] = [line for line in (await description_of(relay)).splitlines() if line.startswith("Voxta")]

                assert 'join = "character"' in line and "voxta.api_key" in line
                assert await relay.inbox.waiting() == 3
                assert statistics.outcomes[Outcome.REJECTED] == 0
                assert len(voxta.received("send")) == first, "nothing is sent in vain"
    told = [record.getMessage() for record in caplog.records if 'join = "character"' in record.getMessage()]
    assert len(told) == 1


async def test_what_waited_is_sent_once_a_chat_is_joined_in_which_it_may(tmp_path: Path) -> None:
    async with VoxtaDouble(APP_ONLY) as voxta:
        await voxta.open_elsewhere()
        async with relaying(config(tmp_path, voxta), voxta.url, quiet) as (relay, _):
            await relay.receive(message(1))
            await eventually(lambda: relay.session.refusal is not None)

        character = voxta.characters[0].id
        own = config(tmp_path, voxta, join="character", character_id=character)
        async with relaying(own, voxta.url, quiet) as (relay, statistics):
            await eventually(lambda: statistics.outcomes[Outcome.FORWARDED] == 1)

    assert said(voxta) == ['Ann (Twitch): "message 1"']


async def test_where_the_relay_may_open_a_chat_it_leaves_one_in_which_it_may_not_talk() -> None:
    async with VoxtaDouble(APP_ONLY) as voxta:
        theirs = await voxta.open_elsewhere()
        async with joined(
            voxta.url, api_key=voxta.key, join="character", character_id=voxta.characters[0].id
        ) as session:
            with pytest.raises(VoxtaForbidden):
                await session.send(forward(session, "hello"))
            await eventually(lambda: session.chat is not None and session.chat.chat_id != theirs.chat_id)
            await session.send(forward(session, "hello"))

            assert theirs.clients == []
            assert theirs.texts == []
            assert said(voxta) == ["hello"]


async def test_a_refusal_for_another_reason_ends_that_message_alone(tmp_path: Path) -> None:
    async with VoxtaDouble() as voxta:
        await voxta.open_elsewhere()
        voxta.hub.faults.append(SendFault.REFUSED)
        async with relaying(config(tmp_path, voxta), voxta.url, quiet) as (relay, statistics):
            await relay.receive(message(1))
            await eventually(lambda: statistics.outcomes[Outcome.REJECTED] == 1)
            await relay.receive(message(2))
            await eventually(lambda: statistics.outcomes[Outcome.FORWARDED] == 1)

    assert said(voxta) == ['Ann (Twitch): "message 2"']


async def test_an_error_of_a_service_is_no_refusal() -> None:
    async with VoxtaDouble(Switches(voice_fails=True)) as voxta:
        chat = await voxta.open_elsewhere()
        async with joined(voxta.url) as session:
            sending = session.send(forward(session, "hello"))
            await chat.fail("The voice is forbidden to speak.", serviceName="Some voice")
            await sending

    assert said(voxta) == ["hello"]


async def test_a_server_that_wants_no_negotiation_is_reached() -> None:
    async with VoxtaDouble(Switches(negotiation=Negotiation.ABSENT, key=KeyRule.REFUSED)) as voxta:
        await voxta.open_elsewhere()
        async with joined(voxta.url, api_key=voxta.key) as session:
            assert session.chat is not None


@pytest.mark.parametrize("version", ["2031-01", None])
async def test_an_unknown_version_of_the_api_is_told_once_and_no_hindrance(
    version: str | None, caplog: pytest.LogCaptureFixture
) -> None:
    async with VoxtaDouble(Switches(api_version=version)) as voxta:
        chat = await voxta.open_elsewhere()
        with caplog.at_level(logging.WARNING, "relay.voxta.authentication"):
            async with joined(voxta.url, Heard()) as session:
                before = session.chat
                voxta.hub.drop()
                await eventually(lambda: session.chat not in (None, before))
                await session.send(forward(session, "hello"))

        assert chat.texts[0] == "hello"
    assert len([record for record in caplog.records if "version" in record.getMessage()]) == 1
