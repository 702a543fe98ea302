import asyncio
from pathlib import Path
from typing import Any

import pytest

from relay.application.processes.kinds import voice_service
from relay.application.processes.voice_host import VoiceHost
from relay.bus.bus import Bus
from relay.bus.line import Line
from relay.platforms import listed
from relay.platforms.discord.audio import DiscordAudio
from relay.platforms.discord.voice.sink import DiscordSink
from relay.speech.base import RATE, Clip
from tests.end_to_end.stage import settings
from tests.support import eventually

ANN = "voice:7"


class Hosted:
    """A voice host whose core the test is; something is being said in the channel."""

    def __init__(self, folder: Path) -> None:
        config = settings(
            folder,
            inbox={"engine": "redis", "url": "redis://localhost:1"},
            discord={"enabled": True, "channels": [1], "token": "of a bot"},
            voice={"channels": [2], "listen_to": "everyone", "streamer": 7},
            speech={"enabled": True, "sinks": ["discord"]},
        )
        [info] = [info for info in listed.enabled(config) if info.name == "discord"]
        bus = Bus(config.inbox, config.relay.name)
        self.host = VoiceHost(info, config, bus)
        self.hears = self.host._hears()
        self.host._line = Line(bus.pubsub, "here", "there", {})
        assert isinstance(self.host.channels, DiscordAudio)
        self.sink: DiscordSink = self.host.channels.sink
        self._say()

    def core(self, what: str, *about: Any) -> None:
        """The core says this."""
        self.hears[what](*about)
        if what == "cut":
            self._say()

    @property
    def is_silent(self) -> bool:
        return self.sink._packets.is_idle

    def _say(self) -> None:
        self.sink._packets.feed(Clip(id="one", message_id="", text="", pcm=bytes(2 * RATE)))


@pytest.fixture
def hosted(tmp_path: Path) -> Hosted:
    return Hosted(tmp_path)


@pytest.mark.parametrize("order", [("resume",), ("cut", 1)])
def test_what_the_core_ordered_before_it_knew_who_talks_gives_nobody_away(
    hosted: Hosted, order: tuple[Any, ...]
) -> None:
    hosted.core("may_pause", True)
    hosted.sink.pause()
    hosted.host.talks(ANN)

    hosted.core(*order, 0)
    assert hosted.is_silent

    hosted.core("resume", 1)
    assert not hosted.is_silent


def test_the_floors_patience_is_the_listeners(hosted: Hosted) -> None:
    listener = hosted.host._listener()
    assert listener.ends_after(ANN) == 0.5, "as it is set, until it is told"

    hosted.core("patience", 0.25, ANN)

    assert listener.ends_after(ANN) == 0.25


def test_whom_the_core_has_muted_is_not_heard(hosted: Hosted) -> None:
    listener = hosted.host._listener()

    hosted.core("muted", ["discord:7", "ann"])

    assert listener.muted() == {"discord:7", "ann"}

    hosted.host._forget()
    assert listener.muted() == frozenset(), "the next core tells whom it has muted"


async def test_a_host_that_ends_while_a_core_is_with_it_is_offered_no_more(
    hosted: Hosted, monkeypatch: pytest.MonkeyPatch
) -> None:
    host, never = hosted.host, asyncio.Event()

    async def be_there(*_: Any) -> None:
        await never.wait()

    monkeypatch.setattr(host.channels, "run", be_there)
    monkeypatch.setattr(Line, "run", be_there)
    monkeypatch.setattr("relay.application.processes.voice_host.until_left", be_there)
    offered, service = host._bus.presence._services, voice_service(host._companion)
    running = asyncio.create_task(host.run())
    await eventually(lambda: offered == {service: 0})
    joining = asyncio.create_task(host._join({"session": 1, "core": "a core"}))
    await eventually(lambda: offered == {service: 1})

    running.cancel()
    await asyncio.wait({running, joining})

    assert offered == {}, "cores would go on asking it"
