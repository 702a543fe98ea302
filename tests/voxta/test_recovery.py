"""Connections break at the worst moment, on servers of all kinds: the same chat again, nothing lost, nothing twice."""

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from relay.application.composition import Relay
from relay.application.statistics import Statistics
from relay.config import VoxtaSection
from relay.config.loading import Config
from relay.model import Outcome
from relay.platforms.simulated import QuietPlatform
from relay.voxta import session as voxta_session
from relay.voxta.session import VoxtaSession
from tests.doubles.voxta import VARIATIONS, SendFault, Switches, VoxtaDouble
from tests.doubles.voxta.cast import Participant
from tests.end_to_end.stage import message, relaying, settings
from tests.support import eventually
from tests.voxta.room import say

KINDS = {
    **{name: VARIATIONS[name] for name in ("default", "error before completion", "no chatFlow", "sessions untold")},
    "odd": Switches(nulls=True, roles_as_numbers=True, strangers=True, flags_as_objects=False, refuses_by_closing=True),
}
THREE = [f'Ann (Twitch): "message {number}"' for number in (1, 2, 3)]


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(voxta_session, "RECONNECT", 0.0)


def quiet(*_: object) -> list[QuietPlatform]:
    return [QuietPlatform("twitch")]


def said(voxta: VoxtaDouble) -> list[str | None]:
    """What people said, in the one chat there is."""
    return [entry.text for entry in voxta.chat.history if entry.role == "User" and entry.text]


async def three_messages(relay: Relay, statistics: Statistics, voxta: VoxtaDouble, fault: SendFault) -> None:
    """The second of three messages meets a fault."""
    for number in (1, 2, 3):
        if number == 2:
            voxta.hub.faults.append(fault)
        await relay.receive(message(number))
        await eventually(lambda: sum(statistics.outcomes.values()) == number)  # noqa: B023


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("fault", [SendFault.LOST, SendFault.UNCONFIRMED, SendFault.CONFIRMED])
async def test_a_chat_of_others_is_joined_again_and_everything_told_once(
    kind: str, fault: SendFault, tmp_path: Path
) -> None:
    async with VoxtaDouble(KINDS[kind]) as voxta:
        chat = await voxta.open_elsewhere()
        async with relaying(settings(tmp_path), voxta.url, quiet) as (relay, statistics):
            await three_messages(relay, statistics, voxta, fault)

            assert said(voxta) == THREE
            assert statistics.outcomes[Outcome.FORWARDED] == 3
            assert relay.session.chat is not None and relay.session.chat.chat_id == chat.chat_id


@pytest.mark.parametrize("fault", [SendFault.LOST, SendFault.UNCONFIRMED, SendFault.CONFIRMED])
@pytest.mark.parametrize("kind", ["default", "odd"])
async def test_a_chat_of_ones_own_that_ended_with_the_connection_is_resumed(
    kind: str, fault: SendFault, tmp_path: Path
) -> None:
    async with VoxtaDouble(replace(KINDS[kind], ends_with_owner=True)) as voxta:
        own: dict[str, Any] = {"join": "character", "character_id": voxta.characters[0].id}
        config = settings(tmp_path, voxta={"mode": "server", "timeout": 2.0} | own)
        async with relaying(config, voxta.url, quiet) as (relay, statistics):
            chat_id = voxta.chat.chat_id
            await three_messages(relay, statistics, voxta, fault)

            assert said(voxta) == THREE
            assert voxta.chat.chat_id == chat_id


async def test_a_chat_of_ones_own_is_resumed_though_another_with_the_character_is_open(tmp_path: Path) -> None:
    async with VoxtaDouble(Switches(ends_with_owner=True)) as voxta:
        own: dict[str, Any] = {"join": "character", "character_id": voxta.characters[0].id}
        config = settings(tmp_path, voxta={"mode": "server", "timeout": 2.0} | own)
        async with relaying(config, voxta.url, quiet) as (relay, _):
            assert relay.session.chat is not None
            before = relay.session.chat
            await voxta.open_elsewhere()

            voxta.hub.drop()
            await eventually(lambda: relay.session.chat not in (None, before))

            assert relay.session.chat is not None and relay.session.chat.chat_id == before.chat_id


@pytest.mark.parametrize("kind", ["default", "odd"])
async def test_a_server_that_restarts_is_found_again_with_its_chat(kind: str, tmp_path: Path) -> None:
    async with VoxtaDouble(KINDS[kind]) as voxta:
        await voxta.open_elsewhere()
        async with relaying(settings(tmp_path), voxta.url, quiet) as (relay, statistics):
            before = relay.session.chat
            await voxta.stop()
            await relay.receive(message(1), message(2, author="bob"))
            await voxta.start()
            await eventually(lambda: statistics.outcomes[Outcome.FORWARDED] == 2)

            assert sorted(text or "" for text in said(voxta)) == [
                'Ann (Twitch): "message 1"',
                'Bob (Twitch): "message 2"',
            ]
            assert before is not None and relay.session.chat is not None
            assert relay.session.chat.chat_id == before.chat_id


@pytest.mark.parametrize("refuses_by_closing", [True, False])
async def test_a_chat_that_cannot_be_joined_is_told_at_once_and_the_next_one_joined(
    refuses_by_closing: bool, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with VoxtaDouble(Switches(refuses_by_closing=refuses_by_closing)) as voxta:
        patient = settings(tmp_path, voxta={"mode": "server", "timeout": 60.0})
        async with relaying(patient, voxta.url, quiet, join=False) as (relay, _):
            await eventually(lambda: "no chat is open" in (relay.session.problem or ""))
            gone = {"sessionId": voxta.user.id, "chatId": voxta.user.id, "characters": []}
            await say(voxta, {"$type": "chatsSessionsUpdated", "sessions": [gone]})
            await eventually(lambda: "Voxta refused" in caplog.text)

            chat = await voxta.open_elsewhere()
            await eventually(lambda: relay.session.chat is not None)

            assert relay.session.chat is not None and relay.session.chat.chat_id == chat.chat_id


def wanting(character: Participant, folder: Path) -> Config:
    """Settings that want a chat with this character."""
    target = {"join": "character", "character_id": character.id}
    return settings(folder, voxta={"mode": "server", "timeout": 20.0} | target)


async def served(config: Config, voxta: VoxtaDouble, number: int) -> str:
    """Start the relay, let it tell a message, and stop it again; the id of the chat in which it did."""
    async with relaying(config, voxta.url, quiet) as (relay, statistics):
        await relay.receive(message(number))
        await eventually(lambda: statistics.outcomes[Outcome.FORWARDED] == 1)
        assert relay.session.chat is not None
        return relay.session.chat.chat_id


@pytest.mark.parametrize("is_still_open", [True, False])
async def test_who_wants_a_character_is_not_led_back_into_a_chat_with_another(
    is_still_open: bool, tmp_path: Path
) -> None:
    async with VoxtaDouble() as voxta:
        george = voxta.characters[1]
        catherines = await voxta.open_elsewhere()
        assert await served(settings(tmp_path), voxta, 1) == catherines.chat_id
        if not is_still_open:
            await voxta.rooms.close(voxta.open_chat)

        chat_id = await served(wanting(george, tmp_path), voxta, 2)

        chat = next(one.chat for one in voxta.rooms.open if one.chat.chat_id == chat_id)
        assert chat.characters == [george]
        assert len(voxta.received("subscribeToChat")) == 1 and not voxta.received("resumeChat")


async def test_each_character_that_is_wanted_in_turn_has_its_chat_again(tmp_path: Path) -> None:
    async with VoxtaDouble(Switches(ends_with_owner=True)) as voxta:
        catherine, george = (wanting(character, tmp_path) for character in voxta.characters)

        chats = [await served(config, voxta, number) for number, config in enumerate(2 * (catherine, george))]

        assert chats[:2] == chats[2:] and len(set(chats)) == 2


async def test_where_the_chat_of_before_is_gone_a_new_one_is_started_with_the_character() -> None:
    async with VoxtaDouble() as voxta:
        own = {"mode": "server", "join": "character", "character_id": voxta.characters[0].id, "timeout": 60.0}
        session = VoxtaSession(VoxtaSection.model_validate(own), listen=print, changed=lambda: None, url=voxta.url)
        session.prefer(voxta.user.id)
        task = asyncio.create_task(session.run())
        try:
            await eventually(lambda: session.chat is not None)
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    assert len(voxta.received("resumeChat")) == 1
    assert len(voxta.received("startChat")) == 1
