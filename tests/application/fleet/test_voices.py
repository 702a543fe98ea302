"""Companions of one account in its voice channels: each starts, fails and ends alone."""

import asyncio
from pathlib import Path

import pytest
from pydantic import SecretStr

from relay.application.fleet import keeper, voices
from relay.application.fleet.voices import SharedVoices
from relay.application.settings.fleet import fleet_in
from relay.bus.bus import Bus
from relay.config import InboxSection
from relay.config.loading import Config
from relay.errors import PlatformUnavailable
from relay.platforms.discord.info import DISCORD
from tests.support import eventually

SETTINGS = """
discord = { enabled = true, token = 'of a bot' }
speech = { enabled = true, sinks = ['discord'] }
companions.ann = { discord = { channels = [1] }, voice = { channels = [11], streamer = 7 }, speech = { volume = 1.0 } }
companions.ben = { discord = { channels = [2] }, voice = { channels = [12], streamer = 8 } }
companions.cleo = { discord = { channels = [3] }, speech = { enabled = false } }
"""


class Host:
    """Stands where the one does that is in a voice channel."""

    made: list[str]
    failing: set[str]

    def __init__(self, _: object, config: Config, __: object) -> None:
        self.channels = object()
        self._name = config.relay.name
        self.made.append(self._name)

    async def run(self) -> None:
        if self._name in self.failing:
            raise PlatformUnavailable("nobody is there")
        await asyncio.Event().wait()


@pytest.fixture
def hosts(monkeypatch: pytest.MonkeyPatch) -> type[Host]:
    monkeypatch.setattr(voices, "VoiceHost", Host)
    monkeypatch.setattr(keeper, "SOON", 0.0)
    monkeypatch.setattr(keeper, "AGAIN", (0.0, 0.0))
    Host.made, Host.failing = [], set()
    return Host


async def test_who_speaks_as_before_goes_on_and_who_fails_fails_alone(hosts: type[Host]) -> None:
    def companions(settings: str) -> dict[str, Config]:
        return dict(fleet_in(settings, Path("relay.toml"), {}).companions)

    async def share() -> None:
        shared.append({name for name in ("ann", "ben", "cleo") if found.of(name) is not None})

    shared: list[set[str]] = []
    bus = Bus(InboxSection(engine="redis", url=SecretStr("redis://127.0.0.1:1/0")), "fleet")
    found = SharedVoices(DISCORD, bus, share)
    hosts.failing.add("ben")

    await found.follow(companions(SETTINGS))
    await eventually(lambda: hosts.made.count("ben") > 2)
    hosts.failing.clear()
    await eventually(lambda: shared[-1] == {"ann", "ben"})
    await found.follow(companions(SETTINGS.replace("volume = 1.0", "volume = 0.5").replace("[12]", "[13]")))
    await eventually(lambda: shared[-1] == {"ann", "ben"})
    assert hosts.made.count("ann") == 1
    assert "cleo" not in hosts.made

    await found.follow(companions(SETTINGS.replace("streamer = 7 }", "streamer = 9 }")))
    await eventually(lambda: hosts.made.count("ann") == 2)
    await found.end()
    assert shared[-1] == set()
