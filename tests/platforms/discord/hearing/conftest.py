"""The ears in a call of the local Discord, through discord.py."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, Literal

import discord as library
import pytest

from relay.config import HearingSection, VoiceSection
from relay.hearing.base import SpokenText
from relay.hearing.echo import Echoes
from relay.hearing.one_stream import OneStream
from relay.platforms.discord.connection import make_connector
from relay.platforms.discord.hearing.ears import Ears
from relay.platforms.voice import Listener
from tests.doubles.discord import DiscordDouble
from tests.doubles.discord.double import TOKEN
from tests.doubles.discord.voice_person import VoicePerson
from tests.platforms.discord.conftest import knows_guild, section
from tests.support import PATIENCE, eventually


class Room:
    """The ears, and what they told. Their clock stands unless it is moved, so that who talks slowly still talks."""

    def __init__(
        self,
        discord: DiscordDouble,
        detector: Literal["level", "neural"] = "level",
        echoes: Echoes | None = None,
        **settings: Any,
    ) -> None:
        self.hearing = OneStream(clock=lambda: self.now)
        self.hearing.hearer = self
        self.hearing.open()
        self.onsets: list[int] = []
        self.threads: list[str] = []
        self.told: list[tuple[str, str]] = []
        chosen = {"listen_to": "everyone"} | settings
        self.now = 1_000.0
        self.muted = frozenset[str]()
        self.turns = 0
        """How many are over."""
        self.ears = Ears(
            VoiceSection(**chosen),
            on_onset=self._onset,
            listener=Listener(
                self,
                self.hearing,
                may_pause=lambda: True,
                settings=HearingSection(detector=detector),
                ends_after=lambda who: 0.5,
                echoes=echoes,
                muted=lambda: self.muted,
            ),
            clock=lambda: self.now,
        )
        self.voice: Any = None
        """discord.py's connection."""
        self._discord = discord

    async def enter(self, name: str) -> VoicePerson:
        """Somebody comes, whose packets can be opened: of what is said before that, the beginning is lost."""
        person = await self._discord.enter(name)
        await eventually(lambda: self._can_open(int(person.id)))
        return person

    def _can_open(self, user: int) -> bool:
        session = self.voice._connection.dave_session
        return not self._discord.voice.dave or (session is not None and user in map(int, session.get_user_ids()))

    def _onset(self, user: int) -> None:
        self.onsets.append(user)
        self.threads.append(threading.current_thread().name)

    def may_be_done(self, who: str, text: str) -> None: ...

    def goes_on(self, who: str) -> None: ...

    def is_spoken_over(self) -> bool:
        return False

    def so_far(self, who: str, text: str) -> None: ...

    def is_all(self, who: str, text: str) -> bool:
        return False

    def expect(self, *, is_expected: bool) -> None:
        self.turns += 1

    async def said(self, spoken: SpokenText) -> None: ...

    def talks(self, speaker: str) -> None:
        self.told.append(("talks", speaker))

    def speaks(self, speaker: str) -> None:
        self.told.append(("speaks", speaker))

    def stopped(self, speaker: str) -> None:
        self.told.append(("stopped", speaker))


Join = Callable[..., AbstractAsyncContextManager[Room]]


@pytest.fixture
def join(discord: DiscordDouble) -> Join:
    """Join the lounge with ears of the settings given."""

    @asynccontextmanager
    async def joined(**settings: Any) -> AsyncIterator[Room]:
        intents = library.Intents(guilds=True, voice_states=True)
        connector = make_connector(section(discord))
        room = Room(discord, **settings)
        client = library.Client(intents=intents, connector=connector, guild_ready_timeout=0.01)
        async with client, asyncio.TaskGroup() as tasks:
            await client.login(TOKEN)
            tasks.create_task(client.connect())
            listening = tasks.create_task(room.ears.run())
            async with asyncio.timeout(PATIENCE):
                await knows_guild(client)
                channel = client.get_channel(int(discord.lounge))
                assert isinstance(channel, library.VoiceChannel)
                room.voice = await channel.connect(cls=room.ears.client, timeout=PATIENCE)
                await discord.voice.wait_joined(discord.lounge)
            yield room
            if room.voice.is_connected():
                async with asyncio.timeout(PATIENCE):
                    await room.voice.disconnect(force=True)
            listening.cancel()
            await client.close()

    return joined


@pytest.fixture
async def room(join: Join) -> AsyncIterator[Room]:
    """Everybody is heard."""
    async with join() as room:
        yield room
