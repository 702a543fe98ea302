"""Who is in the chat: the names viewers may not take, the state of the gateway's API, and its events."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from relay.application.audio import LiveAudio
from relay.application.serving import serving
from relay.errors import VoxtaError
from relay.forwarding.rendering import Place
from relay.platforms.simulated import QuietPlatform
from relay.text.sanitise import reserved_names
from relay.voxta.session import VoxtaSession
from tests.doubles.voxta import VoxtaDouble
from tests.doubles.voxta.cast import Participant
from tests.end_to_end.stage import relaying, settings
from tests.support import PATIENCE, eventually
from tests.voxta.room import room, say
from tests.voxta.said import of_type
from tests.voxta.test_session import joined


@pytest.fixture
async def voxta() -> AsyncIterator[VoxtaDouble]:
    async with room() as voxta:
        yield voxta


def present(session: VoxtaSession) -> list[str]:
    assert session.chat is not None
    return [person.name for person in session.chat.characters]


def reserved(session: VoxtaSession) -> frozenset[str]:
    assert session.chat is not None
    return Place.of(session.chat).reserved


async def test_who_joins_or_leaves_changes_the_names_that_are_reserved(voxta: VoxtaDouble) -> None:
    visitor = Participant("Visitor")
    async with joined(voxta.url) as session:
        assert reserved(session) == reserved_names("Streamer", "Catherine")

        await voxta.chat.join(visitor)
        await eventually(lambda: present(session) == ["Catherine", "Visitor"])
        assert reserved(session) == reserved_names("Streamer", "Catherine", "Visitor")

        await voxta.chat.leave(visitor)
        await eventually(lambda: present(session) == ["Catherine"])
        assert reserved(session) == reserved_names("Streamer", "Catherine")
        assert session.chat is not None
        assert session.chat.character_name(visitor.id) == "Visitor", "what it said last is still its own"


@pytest.mark.parametrize("by_character", [True, False])
async def test_who_is_disabled_takes_no_part_until_enabled_again(voxta: VoxtaDouble, by_character: bool) -> None:
    told = of_type("contextUpdated")
    played_by = told["characters"][0]["id"] if by_character else None

    def roles(*, enabled: bool) -> dict[str, Any]:
        return told | {"roles": {"host": {"characterId": played_by, "enabled": enabled}}}

    async with joined(voxta.url) as session:
        await say(voxta, roles(enabled=False))
        await eventually(lambda: present(session) == [])
        assert reserved(session) == reserved_names("Streamer")

        await say(voxta, roles(enabled=True))
        await eventually(lambda: present(session) == ["Apex"])


async def test_where_nobody_takes_part_nothing_can_be_said(voxta: VoxtaDouble) -> None:
    told = of_type("contextUpdated")
    async with joined(voxta.url) as session:
        await say(voxta, told | {"roles": {"host": {"characterId": None, "enabled": False}}})
        await eventually(lambda: present(session) == [])

        with pytest.raises(VoxtaError, match="no character"):
            await session.have_said("Hello.")


async def test_who_is_disabled_before_the_chat_is_joined_takes_no_part(voxta: VoxtaDouble) -> None:
    async with joined(voxta.url) as session:
        started = of_type("chatStarted") | {"sessionId": session.chat.session_id if session.chat else ""}
        started["context"]["roles"]["host"]["enabled"] = False
        await say(voxta, started)
        await eventually(lambda: present(session) == ["Bee"])


async def test_a_list_that_cannot_be_read_leaves_the_participants_as_they_were(voxta: VoxtaDouble) -> None:
    async with joined(voxta.url) as session:
        await say(voxta, of_type("chatParticipantsUpdated") | {"characters": ["Visitor", None]})
        await voxta.chat.join(Participant("Visitor"))
        await eventually(lambda: present(session) == ["Catherine", "Visitor"])


async def test_clients_of_the_gateway_are_told_of_it(voxta: VoxtaDouble, tmp_path: Path) -> None:
    config = settings(tmp_path, web={"port": 0})
    audio = LiveAudio(config)
    async with (
        relaying(config, voxta.url, lambda *_: [QuietPlatform("twitch")], audio=audio) as (relay, _),
        serving(config, relay, audio) as web,
        aiohttp.ClientSession() as http,
        http.ws_connect(f"{web.url}/ws") as socket,
    ):
        await socket.send_json({"type": "subscribe", "events": ["characters_updated"]})
        await socket.receive_json(timeout=PATIENCE)

        await voxta.chat.join(Participant("Visitor"))

        frame = await socket.receive_json(timeout=PATIENCE)
        assert [person["name"] for person in frame["data"]["characters"]] == ["Catherine", "Visitor"]
        async with http.get(f"{web.url}/state") as response:
            assert (await response.json())["characters"] == frame["data"]["characters"]
