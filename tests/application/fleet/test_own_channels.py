"""Companions who share an account: each writes, acts and looks at a stream in its own channels, and in no other."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from relay.acts import ActRefused
from relay.application.fleet.accounts import accounts
from relay.application.fleet.adapter import SharedAdapter
from relay.application.fleet.changes import changes
from relay.application.fleet.left_out import LeftOut
from relay.application.processes.adapter import shape
from relay.application.processes.kinds import platform_service
from relay.application.processes.remote_platform import remote
from relay.application.settings import Fleet
from relay.application.settings.fleet import fleet_in
from relay.application.watching import Watch
from relay.bus.bus import Bus
from relay.config import InboxSection
from relay.errors import PlatformError, PlatformUnavailable
from relay.platforms.base import Acting
from tests.doubles.discord import DiscordDouble
from tests.doubles.discord.certificate import authority
from tests.doubles.redis_server import RedisServer
from tests.doubles.twitch import SCOPES, TwitchDouble
from tests.end_to_end.test_fleet import as_toml
from tests.support import PATIENCE, alongside, eventually

CLIPS = (*SCOPES, "clips:edit", "channel:manage:redemptions")


class Company:
    """The adapter of an account, and the cores of companions as far as they have the platform."""

    def __init__(self, sections: Mapping[str, Any], redis: RedisServer) -> None:
        self.fleet = self._read(sections)
        self.bus = Bus(InboxSection(engine="redis", url=SecretStr(redis.url)), uuid.uuid4().hex)
        [account] = accounts(self.fleet.companions)
        self._info = account.info
        self.adapter = SharedAdapter(account, self.fleet, self.bus, Watch(PATIENCE, asyncio.Event()), LeftOut())

    def _read(self, sections: Mapping[str, Any]) -> Fleet:
        return fleet_in(as_toml(sections), Path("relay.toml"), {})

    async def follow(self, sections: Mapping[str, Any]) -> None:
        before, self.fleet = self.fleet, self._read(sections)
        await self.adapter.follow(self.fleet, changes(before, self.fleet))

    def is_heard(self) -> bool:
        platform = self.adapter.platform
        return platform is not None and platform.listening.is_set()

    def of(self, name: str) -> Any:
        """The platform as this companion's core has it."""
        config = self.fleet.companions[name]
        service = platform_service(self._info, config)
        return remote(shape(self._info, config, self.bus), service, self.bus, name, self.bus.lease(name))


@asynccontextmanager
async def together(sections: Mapping[str, Any], redis: RedisServer) -> AsyncIterator[Company]:
    company = Company(sections, redis)
    async with company.bus.running(), alongside(company.adapter.run()):
        await eventually(lambda: all(company.of(name).channels() for name in company.fleet.companions))
        yield company


async def perform(platform: Acting, name: str, *given: object) -> str:
    [act] = [act for act in platform.acts() if act.name == name]
    return await act(given)


def on_twitch(twitch: TwitchDouble, folder: Path, **channels: str) -> dict[str, Any]:
    token = twitch.write_token(folder / "token.json")
    login = {key: value for key, value in twitch.settings(token_file=str(token)).items() if key != "channels"}
    return {
        "twitch": login,
        "companions": {name: {"twitch": {"channels": [channel]}} for name, channel in channels.items()},
    }


@pytest.fixture
async def twitch() -> AsyncIterator[TwitchDouble]:
    async with TwitchDouble(account="vox", channels=("ann", "ben"), scopes=CLIPS) as double:
        double.broadcast.viewers = 42  # in the first channel
        yield double


async def test_a_companion_writes_acts_and_looks_in_its_own_channel(
    twitch: TwitchDouble, redis_server: RedisServer, tmp_path: Path
) -> None:
    ids = {each.login: each.id for each in twitch.state.channels}
    async with together(on_twitch(twitch, tmp_path, ann="ann", ben="ben"), redis_server) as company:
        of = {name: company.of(name) for name in ("ann", "ben")}
        written_in = {name: each.channels() for name, each in of.items()}
        live = {name: (await each.stream()).is_live for name, each in of.items()}
        for each in of.values():
            await perform(each, "clip")

    assert written_in == {"ann": [ids["ann"]], "ben": [ids["ben"]]}
    assert live == {"ann": True, "ben": False}
    assert [asked["broadcaster_id"] for _, asked in twitch.broadcast.done] == [ids["ann"], ids["ben"]]


async def test_the_rewards_of_who_has_the_login_are_no_other_companions(
    redis_server: RedisServer, tmp_path: Path
) -> None:
    async with (
        TwitchDouble(account="ann", channels=("ann", "ben"), scopes=CLIPS) as twitch,
        together(on_twitch(twitch, tmp_path, ann="ann", ben="ben"), redis_server) as company,
    ):
        await company.of("ann").rewards.check()
        assert (await company.of("ann").rewards.stream()).channel == twitch.state.channels[0].id
        with pytest.raises(PlatformError, match="the streamer's own"):
            await company.of("ben").rewards.check()


async def test_a_channel_that_is_given_to_another_companion_is_that_ones_alone(
    twitch: TwitchDouble, redis_server: RedisServer, tmp_path: Path
) -> None:
    async with together(on_twitch(twitch, tmp_path, ann="ann", ben="ben"), redis_server) as company:
        ann, ben = company.of("ann"), company.of("ben")
        its_own = ben.channels()
        await company.follow(on_twitch(twitch, tmp_path, ann="ben", ben="ann"))
        await eventually(lambda: ann.channels() == its_own)
        await perform(ben, "clip")
        await company.follow(on_twitch(twitch, tmp_path, ann="ben"))
        with pytest.raises(PlatformUnavailable, match="no channel of this companion"):
            await perform(ben, "clip")
        await eventually(lambda: not ben.channels())

    [(_, asked)] = twitch.broadcast.done
    assert [asked["broadcaster_id"]] != its_own


async def test_a_message_of_another_companions_channel_is_not_acted_on(redis_server: RedisServer) -> None:
    async with DiscordDouble() as discord:
        discord.gateway.starts.per = 0.0
        rooms = {name: discord.open_server(name) for name in ("ann", "ben")}
        places = {name: (room, await discord.open_thread(parent=room)) for name, room in rooms.items()}
        companions = {name: {"discord": {"channels": [int(room)]}} for name, room in rooms.items()}
        login = {key: value for key, value in discord.settings(ca_file=str(authority())).items() if key != "channels"}
        async with together({"discord": login, "companions": companions}, redis_server) as company:
            await discord.wait_ready()
            await eventually(company.is_heard)
            written = {
                (name, place): await discord.say("hi", channel=place) for name in rooms for place in places[name]
            }
            for (name, place), message in written.items():
                asked = f"discord:{place}/{message}"
                await perform(company.of(name), "pin", asked)
                for other in rooms.keys() - {name}:
                    with pytest.raises(ActRefused, match="in no channel of this companion"):
                        await perform(company.of(other), "pin", asked)

    assert discord.rest.pins == [*written.values()]
