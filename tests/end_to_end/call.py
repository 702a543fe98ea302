"""The whole relay in a Discord voice call: what is said there, what is posted, and what stands in the chat."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache
from itertools import cycle, islice
from pathlib import Path
from typing import Any

from relay.application.audio import LiveAudio
from relay.application.composition import Relay
from relay.application.runs import platforms_of
from relay.application.statistics import Statistics
from relay.companion.brains.base import ChatView, Pieces
from relay.companion.scenario.files import Loaded
from relay.companion.serving.server import CompanionServer
from relay.companion.speaking.clips import Speech
from relay.companion.state.chat import MessageRole
from relay.companion.voice.espeak import Espeak
from relay.config import CompanionSection
from relay.platforms.discord.audio import DiscordAudio
from relay.platforms.discord.hearing.ears import Ears
from relay.platforms.discord.voice.sink import DiscordSink
from relay.speech.base import FRAME
from tests.companion.raw import Brains
from tests.doubles.discord import DiscordDouble
from tests.doubles.discord.voice_person import VoicePerson
from tests.doubles.faults import FaultyProxy
from tests.end_to_end.stage import relaying, settings
from tests.hearing.sounds import as_packets, speech
from tests.support import eventually

SENTENCES = ("Once upon a time there was a dragon.", "He lived behind a waterfall.")
STORY = " ".join(SENTENCES)
SAGA = f"{STORY} " + " ".join(f"Then came knight number {number}, who wanted his gold." for number in range(1, 13))
"""So long that nobody hears it to its end."""


PATIENT = {"silence": 0.3, "min_speech": 5.0, "max_pause": 10.0}
"""A floor on which only a long speech interrupts: what ends sooner must have ended for another reason."""


class Teller(Brains):
    """Answers what mentions a story or a saga with that, and everything else in a word."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.asked_at: list[float] = []
        """By the monotonic clock."""

    async def reply(self, view: ChatView) -> Pieces:
        said = next(line.text for line in reversed(view.lines) if line.role in (MessageRole.USER, MessageRole.EVENT))
        self.asked.append(said)
        self.asked_at.append(time.monotonic())
        yield SAGA if "saga" in said else STORY if "story" in said else "All right."


class Call:
    """A relay whose companion is in the lounge with ann and bob."""

    def __init__(self, relay: Relay, statistics: Statistics, discord: DiscordDouble, teller: Teller) -> None:
        self.relay = relay
        self.statistics = statistics
        self.discord = discord
        self.teller = teller
        self.proxy: FaultyProxy
        self.ann: VoicePerson
        self.bob: VoicePerson
        self.audio: LiveAudio
        self.sink: DiscordSink

    @property
    def ears(self) -> Ears:
        assert isinstance(self.audio.channels, DiscordAudio)
        assert self.audio.channels.ears is not None
        return self.audio.channels.ears

    @property
    def is_heard(self) -> bool:
        """Whether the companion can be heard in the call."""
        return self.sink.is_open

    async def says(self, words: int, *, since: int = 0) -> int:
        """Wait until the companion has said so many packets more. How many it has said in all."""
        await eventually(lambda: len(self.discord.voice.words) >= since + words)
        return len(self.discord.voice.words)

    async def said_to_its_end(self) -> int:
        """Wait until silence follows what was said. How many packets that were in all."""
        voice = self.discord.voice
        await eventually(lambda: bool(voice.words) and all(packet.is_silence for packet in voice.heard[-3:]))
        return len(voice.words)

    async def is_free(self) -> None:
        """Wait until the floor is free."""
        await eventually(lambda: self.relay.floor.is_free(time.monotonic()))

    def stands_in_the_chat(self) -> list[str]:
        """What the companion has said, as Voxta keeps it."""
        assert self.relay.session.chat is not None
        texts: dict[str, str] = {}
        for message in self.relay.session.chat.history or ():
            if message.role == "Assistant":
                texts[message.message_id] = message.text
        return list(texts.values())

    def posts(self) -> list[str]:
        """What was answered in the text channel."""
        return [post.text for post in self.discord.posts if post.channel == self.discord.channel]

    async def posted(self, count: int = 1) -> str:
        """Wait until so much was posted. The last of it."""
        await eventually(lambda: len(self.posts()) >= count)
        return self.posts()[count - 1]


async def length_of_the_story() -> float:
    """Seconds the whole story takes when nobody interrupts."""
    speech = Speech(Espeak(""))
    clips = [await speech.clip(sentence) for sentence in SENTENCES]
    return sum(clip.duration for clip in clips if clip is not None)


WITHOUT_A_BREATH = "I would go to the left and look for the key first and open all the doors of the castle then"


@cache
def _sentence() -> list[bytes]:
    return as_packets(speech("en-us", WITHOUT_A_BREATH))


def voice(seconds: float) -> list[bytes]:
    """A person's voice as packets."""
    return list(islice(cycle(_sentence()), round(seconds / FRAME)))


@asynccontextmanager
async def calling(
    discord: DiscordDouble,
    folder: Path,
    *,
    hearing_url: str | None = None,
    scenario: Loaded | None = None,
    **sections: Any,
) -> AsyncIterator[Call]:
    """The call, for as long as the context lasts; Voxta is behind a proxy that can fail."""
    ann = await discord.enter("ann")
    bob = await discord.enter("bob")
    teller = Teller()
    hearing = {"hearing": "openai", "hearing_url": hearing_url} if hearing_url else {}
    own = CompanionSection.model_validate({"port": 0, "pace": 0, "speech": "espeak"} | hearing)
    defaults = {
        "discord": discord.settings(),
        "voice": {"streamer": int(ann.id), "channels": [int(discord.lounge)], "listen_to": "everyone"},
        "speech": {"enabled": True, "sinks": ["discord"]},
        "floor": {"min_speech": 0.5, "silence": 0.3},
    }
    config = settings(folder, **(defaults | sections))
    audio = LiveAudio(config)
    async with (
        CompanionServer(own, brain=teller, scenario=scenario, hearing=config.hearing) as companion,
        FaultyProxy(int(companion.url.rpartition(":")[2])) as proxy,
        relaying(
            config,
            proxy.url,
            platforms_of(config, audio),
            audio=audio,
        ) as (relay, statistics),
    ):
        call = Call(relay, statistics, discord, teller)
        call.proxy, call.ann, call.bob = proxy, ann, bob
        assert isinstance(audio.channels, DiscordAudio)
        call.audio = audio
        call.sink = audio.channels.sink
        await eventually(lambda: call.is_heard)
        yield call
