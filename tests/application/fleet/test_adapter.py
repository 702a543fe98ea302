"""One account that hears the channels of many companions."""

import asyncio
import uuid
from pathlib import Path

import pytest
from pydantic import SecretStr

from relay.application.fleet.accounts import accounts
from relay.application.fleet.adapter import SharedAdapter
from relay.application.processes.ingress import Ingress
from relay.application.settings.fleet import fleet_in
from relay.application.watching import Watch
from relay.bus.bus import Bus
from relay.config import InboxSection
from relay.errors import InboxError
from relay.model import AudienceMessage, Author, Incoming, Kind, Role

SETTINGS = """
twitch = { enabled = true, client_id = 'a' }
companions.ann.twitch.channels = ['1']
companions.ben.twitch.channels = ['2']
"""


def message(channel: str) -> AudienceMessage:
    return AudienceMessage(
        platform="twitch",
        id=channel,
        channel=channel,
        author=Author(id="cleo", name="Cleo", roles=frozenset({Role.VIEWER})),
        kind=Kind.CHAT,
        text="hello",
        at=0.0,
    )


class SlowIngress(Ingress):
    """Of a companion whose part of the cluster takes its time."""

    def __init__(self, is_there: asyncio.Event) -> None:
        self._is_there = is_there
        self.has_all = False

    async def receive(self, *_: Incoming) -> None:
        await self._is_there.wait()
        self.has_all = True


class BrokenIngress(Ingress):
    def __init__(self) -> None: ...

    async def receive(self, *_: Incoming) -> None:
        raise InboxError("its part of the cluster is away")


async def test_what_failed_for_one_companion_is_tried_again_only_once_the_others_have_theirs() -> None:
    fleet = fleet_in(SETTINGS, Path("relay.toml"), {})
    bus = Bus(InboxSection(engine="redis", url=SecretStr("redis://127.0.0.1:1/0")), uuid.uuid4().hex)
    [account] = accounts(fleet.companions)
    adapter = SharedAdapter(account, fleet, bus, Watch(1.0, asyncio.Event()))
    is_there = asyncio.Event()
    slow = SlowIngress(is_there)
    adapter._ingress = {"ann": BrokenIngress(), "ben": slow}

    asyncio.get_running_loop().call_later(0.01, is_there.set)
    with pytest.raises(InboxError, match="away"):
        await adapter.receive(message("1"), message("2"))
    assert slow.has_all
