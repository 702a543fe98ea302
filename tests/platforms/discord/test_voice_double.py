"""The double's voice behaves as Discord's does, seen through discord.py itself."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import discord as library
import numpy as np
import pytest

from relay.platforms.discord.connection import make_connector
from tests.doubles.discord import DiscordDouble
from tests.doubles.discord.double import TOKEN
from tests.doubles.discord.voice_rtp import AES, XCHACHA
from tests.doubles.discord.voice_sound import encode, pitch, tone


class Packets(library.AudioSource):
    """Plays Opus packets as they are."""

    def __init__(self, packets: list[bytes]) -> None:
        self._packets = iter(packets)

    def is_opus(self) -> bool:
        return True

    def read(self) -> bytes:
        return next(self._packets, b"")


@pytest.fixture
async def discord() -> AsyncIterator[DiscordDouble]:
    async with DiscordDouble() as double:
        yield double


@asynccontextmanager
async def connected(discord: DiscordDouble, cls: type[library.VoiceClient] = library.VoiceClient) -> AsyncIterator[Any]:
    """A client that is in the lounge."""
    intents = library.Intents(guilds=True, voice_states=True)
    client = library.Client(intents=intents, connector=make_connector(discord.settings()), guild_ready_timeout=0.01)
    async with client, asyncio.timeout(10):
        await client.login(TOKEN)
        running = asyncio.create_task(client.connect())
        await client.wait_until_ready()
        channel: Any = client.get_channel(int(discord.lounge))
        voice = await channel.connect(timeout=5, reconnect=False, cls=cls)
        await discord.voice.wait_joined(discord.lounge)
        yield voice
        await voice.disconnect(force=True)
        await client.close()
        await running


@pytest.mark.parametrize("dave", [True, False])
@pytest.mark.parametrize("modes", [(XCHACHA,), (AES, XCHACHA)])
async def test_a_tone_that_is_played_is_heard(discord: DiscordDouble, dave: bool, modes: tuple[str, ...]) -> None:
    discord.voice.dave, discord.voice.modes = dave, modes
    await discord.enter("ann")
    async with connected(discord) as voice:
        voice.play(Packets(encode(tone(440, 0.3))))
        words = await discord.voice.wait_words(15)
    assert pitch(discord.voice.samples()) == pytest.approx(440, abs=10)
    assert {packet.encrypted for packet in words} == {dave}
    assert np.diff([packet.sequence for packet in words]).tolist() == [1] * 14
