"""What dies in mid-speech leaves nothing stuck: the floor is free within a stated time, and the next answer comes."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from relay.application.audio import LiveAudio
from relay.application.composition import Relay
from relay.application.describing import description_of
from relay.application.serving import serving
from relay.companion.serving.server import CompanionServer
from relay.config import CompanionSection
from relay.replies.reply import CUT_OFF
from tests.doubles.discord import DiscordDouble
from tests.doubles.obs import ObsDouble
from tests.end_to_end.call import PATIENT, SAGA, STORY, Teller, calling, voice
from tests.end_to_end.stage import RecordingPlatform, message, relaying, settings
from tests.support import eventually

NEVER = {"reply_timeout": 3_600}
"""No answer is given up for its age: what frees the floor is that somebody noticed."""


@pytest.fixture(autouse=True)
def nothing_is_late(monkeypatch: pytest.MonkeyPatch) -> None:
    """How fast the machine is decides nothing: no lease ends, no page counts as gone, and no clip as overdue."""
    for limit in ("relay.speech.people.LEASE", "relay.web.overlay.page.SILENCE", "relay.speech.playback.GRACE"):
        monkeypatch.setattr(limit, 3_600.0)


@pytest.fixture
async def discord() -> AsyncIterator[DiscordDouble]:
    async with DiscordDouble() as double:
        yield double


async def test_voxta_dies_in_mid_speech(discord: DiscordDouble, tmp_path: Path) -> None:
    async with calling(discord, tmp_path, forwarding=NEVER) as call:
        await discord.say("tell us a saga")
        await call.says(60)

        call.proxy.drop()

        await call.is_free()
        heard = (await call.posted()).removesuffix(CUT_OFF)
        assert heard and SAGA.startswith(f"{heard} "), "what was heard is there to be read"
        await eventually(lambda: call.relay.session.chat is not None)
        said = len(discord.voice.words)
        await discord.say("still there?")
        await call.says(10, since=said)
        assert await call.posted(2) == "All right."


@pytest.mark.parametrize("how", ["mute", "deaf"])
async def test_a_moderator_mutes_it_in_mid_speech(discord: DiscordDouble, tmp_path: Path, how: str) -> None:
    async with calling(discord, tmp_path) as call:
        await discord.say("tell us a story")
        await call.says(20)

        await discord.voice.set_bot(**{how: True})

        await eventually(lambda: not call.is_heard)
        assert await call.posted() == STORY, "what nobody could hear any more is there to be read"
        assert "moderator has to undo the server" in await description_of(call.relay)
        unheard = discord.voice.unheard
        await discord.say("still there?")
        assert await call.posted(2) == "All right."
        assert discord.voice.unheard <= unheard + 1, "nothing is said to nobody but what was on its way"

        await discord.voice.set_bot(**{how: False})
        await eventually(lambda: call.is_heard)
        said = len(discord.voice.words)
        await discord.say("and now?")
        await call.says(10, since=said)
        await call.posted(3)


@pytest.mark.parametrize("how", ["dropped and refused", "closed"])
async def test_the_voice_gateway_dies_in_mid_speech(
    discord: DiscordDouble, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    async with calling(discord, tmp_path, forwarding=NEVER) as call:
        await discord.say("tell us a saga")
        await call.says(20)

        if how == "closed":
            await discord.voice.close(4006)
        else:
            discord.voice.sockets.refuse = 1
            discord.voice.drop()

        await call.is_free()
        assert await call.posted() == SAGA, "what nobody could hear any more is there to be read"
        await eventually(lambda: call.is_heard)
        said = len(discord.voice.words)
        await discord.say("still there?")
        await call.says(10, since=said)
        await call.is_free()
        heard = asyncio.Event()
        speaks = call.relay.voice.speaks

        def note(who: str) -> None:
            heard.set()
            speaks(who)

        monkeypatch.setattr(call.relay.voice, "speaks", note)
        await call.ann.speak(voice(1.0))
        await heard.wait()


class PageDouble:
    """An overlay page that plays, without a browser. It can freeze: be there and say nothing; and be very slow."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self.is_frozen = False
        self.playing: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.started: list[str] = []
        self.told: list[str] = []
        """What it was told besides clips, but for pings."""
        self.may_end = asyncio.Event()
        """No clip is over before."""
        self.may_end.set()

    async def tell(self, **message: Any) -> None:
        if not self.is_frozen:
            await self._socket.send_str(json.dumps(message))

    async def read(self) -> None:
        async for frame in self._socket:
            told = json.loads(frame.data)
            match told["type"]:
                case "ping":
                    await self.tell(type="pong")
                case "clip":
                    self.playing.put_nowait(told)
                case other:
                    self.told.append(other)

    async def play(self) -> None:
        while True:
            clip = await self.playing.get()
            self.started.append("".join(text for text, _ in clip["words"]))
            await self.tell(type="started", id=clip["id"], at=0)
            await asyncio.sleep(clip["duration"])
            await self.may_end.wait()
            await self.tell(type="ended", id=clip["id"])


@asynccontextmanager
async def page(url: str) -> AsyncIterator[PageDouble]:
    async with aiohttp.ClientSession() as http, http.ws_connect(f"{url}/overlay/ws") as socket:
        double = PageDouble(socket)
        tasks = [asyncio.create_task(double.read()), asyncio.create_task(double.play())]
        await double.tell(type="ready", version=2, sound="on")
        try:
            yield double
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


class Show:
    """A relay whose companion is heard in the overlay."""

    def __init__(self, relay: Relay, platform: RecordingPlatform, audio: LiveAudio, url: str) -> None:
        self.relay = relay
        self.platform = platform
        self.audio = audio
        self.url = url

    def is_free(self) -> bool:
        return self.relay.floor.is_free(time.monotonic())

    async def ask(self, number: int, text: str) -> None:
        await self.relay.receive(message(number, text))

    async def posted(self, count: int) -> str:
        await eventually(lambda: len(self.platform.posts) >= count)
        return self.platform.posts[count - 1].text


@asynccontextmanager
async def showing(folder: Path, **sections: Any) -> AsyncIterator[Show]:
    defaults: dict[str, Any] = {
        "speech": {"enabled": True, "sinks": ["overlay"]},
        "web": {"port": 0},
        "floor": {"silence": 0.3},
    }
    defaults["forwarding"] = NEVER
    config = settings(folder, **(defaults | sections))
    audio, platform = LiveAudio(config), RecordingPlatform("twitch")
    own = CompanionSection(port=0, pace=0, speech="espeak")
    async with (
        CompanionServer(own, brain=Teller()) as companion,
        relaying(config, companion.url, lambda *_: [platform], audio=audio) as (relay, _),
        serving(config, relay, audio) as server,
    ):
        yield Show(relay, platform, audio, server.url)


@pytest.mark.parametrize("how", ["closes", "freezes"])
async def test_the_overlay_dies_in_mid_speech(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: str) -> None:
    async with showing(tmp_path) as show:
        async with page(show.url) as first:
            await eventually(lambda: show.audio.overlay.is_open)
            await show.ask(1, "tell us a story")
            await eventually(lambda: bool(first.started))
            with monkeypatch.context() as soon:
                soon.setattr("relay.web.overlay.page.SILENCE", 0.1)
                await first.tell(type="pong")
                first.is_frozen = True
                if how == "freezes":
                    await eventually(lambda: not show.audio.overlay.is_open)

        assert await show.posted(1) == STORY
        await eventually(show.is_free)

        async with page(show.url) as second:
            await eventually(lambda: show.audio.overlay.is_open)
            await show.ask(2, "still there?")
            assert await show.posted(2) == "All right."
            assert second.started == ["All right."]


async def test_obs_dies_while_the_streamer_talks(tmp_path: Path) -> None:
    async with (
        ObsDouble() as obs,
        showing(tmp_path, obs={"enabled": True, "url": obs.url}, floor=PATIENT) as show,
        page(show.url) as shown,
    ):
        await eventually(lambda: show.audio.overlay.is_open and bool(obs.listeners))
        shown.may_end.clear()
        await show.ask(1, "hello")
        await eventually(lambda: bool(shown.started))
        await obs.meters({"Mic/Aux": 0.5})
        await eventually(lambda: "pause" in shown.told)

        await obs.stop()

        await eventually(lambda: "resume" in shown.told[shown.told.index("pause") :])
        shown.may_end.set()
        assert not show.relay.floor.speakers(time.monotonic())
        assert await show.posted(1) == "All right.", "nobody meant to interrupt it"
        await eventually(show.is_free)
        await show.ask(2, "still there?")
        assert await show.posted(2) == "All right."
        assert len(shown.started) == 2, "the next answer is heard"


async def test_a_game_that_never_says_it_is_done_gives_way_when_its_lease_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("relay.speech.people.LEASE", 1.0)
    async with showing(tmp_path) as show, aiohttp.ClientSession() as http:
        began = time.monotonic()
        await http.post(f"{show.url}/external_speaker_start", json={"source": "npc"})

        await eventually(show.is_free)

        assert time.monotonic() - began > 1.0


async def test_off_stream_the_audience_waits_and_the_companion_falls_silent_when_asked(tmp_path: Path) -> None:
    async with ObsDouble() as obs:
        asked = {"enabled": True, "url": obs.url, "quiet_off_stream": True}
        async with showing(tmp_path, obs=asked, floor=PATIENT) as show, page(show.url) as shown:
            await eventually(lambda: "not streaming" in "".join(show.audio.lines()))
            shown.may_end.clear()
            await show.ask(1, "tell us a story")
            await eventually(lambda: len(show.relay.forwarder.waiting) == 1)
            assert show.is_free()

            await obs.stream()
            await eventually(lambda: bool(shown.started))

            await obs.stream(False)
            await eventually(lambda: not show.relay.voice.playback.is_busy)
            await eventually(show.is_free)
            assert len(" ".join(shown.started)) < len(STORY), "it was cut off"
