"""One bot in the voice channels of several companions at once, each on a server of its own."""

from contextlib import AsyncExitStack
from dataclasses import dataclass

import pytest

from relay.application.processes import core
from relay.application.processes.remote_voice import RemoteVoiceChannels
from relay.companion.serving.server import CompanionServer
from relay.config import CompanionSection
from tests.companion.endpoints import TranscriptionEndpoint, serving
from tests.doubles.discord import DiscordDouble
from tests.doubles.discord.certificate import authority
from tests.doubles.discord.voice import Voice
from tests.doubles.discord.voice_person import VoicePerson
from tests.end_to_end.call import Teller, voice
from tests.end_to_end.test_fleet import FleetFile, file, running, twitch
from tests.end_to_end.test_processes_voice import noted
from tests.support import eventually

__all__ = ["file", "twitch"]


@dataclass
class Room:
    """Where one companion is: its streamer is in its voice channel."""

    call: Voice
    lounge: str
    streamer: VoicePerson
    teller: Teller


async def furnished(file: FleetFile, discord: DiscordDouble, name: str, said: str, stack: AsyncExitStack) -> Room:
    """A server for the companion of that name; whatever its streamer says is understood as this."""
    room, teller = discord.open_server(name), Teller()
    lounge, call = discord.open_call(room)
    url = await stack.enter_async_context(serving("/audio/transcriptions", TranscriptionEndpoint(said).answer))
    own = CompanionSection(port=0, pace=0, speech="espeak")
    server = await stack.enter_async_context(CompanionServer(own, brain=teller))
    file.change(
        name,
        voxta={"mode": "server", "url": server.url, "timeout": 20.0},
        discord=discord.settings(channels=(int(room),), ca_file=str(authority())),
        voice={"streamer": int(discord.person(name).id), "channels": [int(lounge)], "listen_to": "everyone"},
        speech={"enabled": True, "sinks": ["discord"]},
        hearing={"through": "openai", "url": url, "echo": False},
        floor={"min_speech": 0.5, "silence": 0.3},
    )
    return Room(call, lounge, await discord.enter(name, lounge), teller)


@pytest.mark.usefixtures("twitch", "looks_for_garbage")
async def test_each_companion_hears_and_speaks_in_its_own_channel_alone(
    file: FleetFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    cores = noted(monkeypatch, core, RemoteVoiceChannels)
    async with DiscordDouble() as discord, AsyncExitStack() as stack:
        discord.gateway.starts.per = 0.0
        ann = await furnished(file, discord, "ann", "Tell us a story.", stack)
        ben = await furnished(file, discord, "ben", "Hello there.", stack)
        async with running(file, "core", "discord", "post"):
            for each in (ann, ben):
                await each.call.wait_joined(each.lounge)
            await eventually(lambda: len(cores) == 2 and all(each.sink.is_open for each in cores))
            await ben.streamer.speak(voice(0.8))
            await eventually(lambda: ben.teller.asked == ["Hello there."])
            await ben.call.wait_words(10)
            await eventually(lambda: all(packet.is_silence for packet in ben.call.heard[-3:]))
            said_to_ben = len(ben.call.words)
            assert (ann.call.words, ann.teller.asked) == ([], [])

            await ann.streamer.speak(voice(0.8))
            await eventually(lambda: ann.teller.asked == ["Tell us a story."])
            await ann.call.wait_words(50)

    assert len(ben.call.words) == said_to_ben
    assert ben.teller.asked == ["Hello there."]
