"""The double's voice behaves as Discord's does, seen through discord.py itself."""

import asyncio
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import discord as library
import numpy as np
import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from relay.platforms.discord.connection import make_connector
from tests.doubles.discord import DiscordDouble
from tests.doubles.discord.double import TOKEN
from tests.doubles.discord.voice_rtp import AES, XCHACHA
from tests.doubles.discord.voice_sound import encode, pitch, tone
from tests.platforms.discord.conftest import knows_guild, section
from tests.support import PATIENCE, eventually


class Packets(library.AudioSource):
    """Plays Opus packets as they are."""

    def __init__(self, packets: list[bytes]) -> None:
        self._packets = iter(packets)

    def is_opus(self) -> bool:
        return True

    def read(self) -> bytes:
        return next(self._packets, b"")


class AesClient(library.VoiceClient):
    """What discord.py lacks: the mode that Discord prefers."""

    supported_modes: Any = (AES,)

    def _encrypt_aead_aes256_gcm_rtpsize(self, header: bytes, data: bytes) -> bytes:
        self._incr_nonce += 1
        nonce = struct.pack(">I", self._incr_nonce)
        return bytes(header) + AESGCM(bytes(self.secret_key)).encrypt(nonce + bytes(8), data, bytes(header)) + nonce


@pytest.fixture
async def discord() -> AsyncIterator[DiscordDouble]:
    async with DiscordDouble() as double:
        yield double


@asynccontextmanager
async def connected(discord: DiscordDouble, cls: type[library.VoiceClient] = library.VoiceClient) -> AsyncIterator[Any]:
    """A client that is in the lounge."""
    intents = library.Intents(guilds=True, voice_states=True)
    client = library.Client(intents=intents, connector=make_connector(section(discord)), guild_ready_timeout=0.01)
    async with client, asyncio.timeout(PATIENCE):
        await client.login(TOKEN)
        running = asyncio.create_task(client.connect())
        await knows_guild(client)
        channel: Any = client.get_channel(int(discord.lounge))
        voice = await channel.connect(timeout=PATIENCE, reconnect=False, cls=cls)
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


async def test_the_other_mode_is_understood_too(discord: DiscordDouble) -> None:
    await discord.enter("ann")
    async with connected(discord, AesClient) as voice:
        assert voice.mode == AES
        voice.play(Packets(encode(tone(440, 0.3))))
        await discord.voice.wait_words(15)
    assert pitch(discord.voice.samples()) == pytest.approx(440, abs=10)


@asynccontextmanager
async def voice_socket(discord: DiscordDouble) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
    async with (
        aiohttp.ClientSession(connector=make_connector(section(discord))) as session,
        session.ws_connect("wss://local-1.discord.media/?v=8") as socket,
    ):
        assert (await socket.receive_json())["op"] == 8
        yield socket


def credentials(discord: DiscordDouble, voice: library.VoiceClient, **over: Any) -> dict[str, Any]:
    known = {"server_id": discord.world.guild_id, "session_id": voice.session_id, "token": voice.token}
    return known | {"user_id": discord.world.bot.id, "max_dave_protocol_version": 1} | over


@pytest.mark.parametrize(
    ("over", "code"),
    [({"session_id": "old"}, 4006), ({"token": "wrong"}, 4004), ({"max_dave_protocol_version": 0}, 4017)],
)
async def test_who_may_not_come_in_is_told_why(discord: DiscordDouble, over: dict[str, Any], code: int) -> None:
    async with connected(discord) as voice, voice_socket(discord) as socket:
        await socket.send_json({"op": 0, "d": credentials(discord, voice, **over)})
        await socket.receive()
        assert socket.close_code == code


async def test_on_a_stage_nobody_has_to_encrypt(discord: DiscordDouble) -> None:
    discord.lounge = discord.open_voice_channel("stage", stage=True)
    async with connected(discord) as voice, voice_socket(discord) as socket:
        await socket.send_json({"op": 0, "d": credentials(discord, voice, max_dave_protocol_version=0)})
        assert (await socket.receive_json())["op"] == 2


async def test_a_resume_brings_what_was_missed(discord: DiscordDouble) -> None:
    discord.voice.dave = False
    async with connected(discord) as voice:
        seen = voice.ws.seq_ack
        await discord.enter("ann")
        async with voice_socket(discord) as socket:
            await socket.send_json({"op": 7, "d": credentials(discord, voice, seq_ack=seen)})
            resumed, missed = await socket.receive_json(), await socket.receive_json()
    assert (resumed["op"], missed["op"], missed["d"]["user_ids"]) == (9, 11, [discord.person("ann").id])


async def test_nothing_may_come_before_identifying(discord: DiscordDouble) -> None:
    async with voice_socket(discord) as socket:
        await socket.send_json({"op": 5, "d": {}})
        await socket.receive()
        assert socket.close_code == 4003


async def test_it_answers_heartbeats_and_knows_what_was_received(discord: DiscordDouble) -> None:
    discord.voice.sockets.heartbeat_interval = 0.02
    await discord.enter("ann")
    async with connected(discord) as voice:
        await eventually(lambda: voice.latency < 1 and voice.ws.seq_ack in discord.voice.sockets.acknowledged)
