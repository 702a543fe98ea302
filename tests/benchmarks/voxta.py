"""Whether the relay joins and is answered by each kind of Voxta server there may be, and how long that takes.

The servers are the tests' local Voxta, turned one way after the other. Two questions are asked of each: the second is
only answered when the server knows that the answer to the first is over.
"""

import asyncio
import tempfile
import time
from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from relay.application.composition import Relay
from relay.application.running import running
from relay.application.settings import load
from relay.application.statistics import Statistics
from relay.config import InboxSection, RelaySection, SpeechSection, VoxtaSection
from relay.config.loading import Config
from relay.errors import ConfigError
from relay.model import AudienceMessage, Author, Kind, Post
from relay.platforms.simulated import QuietPlatform
from tests.doubles.voxta import VARIATIONS, VoxtaDouble

LIMIT: Final = 10.0
"""Seconds after which something counts as never coming."""


@dataclass(frozen=True)
class Meeting:
    """How it went with one kind of server."""

    joined: bool
    answered: bool
    """Both questions were, and in the chat each answer is posted to."""
    join_ms: float | None
    """From the start of the relay to the joined chat; None when it never was."""
    answer_ms: float | None
    """From the first question to its posted answer; None when it never was."""


@dataclass(frozen=True)
class VoxtaFigures:
    servers: int
    joined: int
    answered: int
    switches: dict[str, Meeting]
    """By what is turned, as in the tests' local Voxta."""


async def run(only: Collection[str] = ()) -> VoxtaFigures:
    """Measure, with the servers named or with all. Raises ConfigError for unknown ones."""
    if unknown := set(only) - set(VARIATIONS):
        raise ConfigError(f"--only: there is no {sorted(unknown)[0]!r}; there are: {', '.join(VARIATIONS)}")
    meetings = {}
    for name in only or VARIATIONS:
        async with VoxtaDouble(VARIATIONS[name]) as voxta:
            meetings[name] = await meet(voxta)
    return VoxtaFigures(
        servers=len(meetings),
        joined=sum(meeting.joined for meeting in meetings.values()),
        answered=sum(meeting.answered for meeting in meetings.values()),
        switches=meetings,
    )


class _Readers(QuietPlatform):
    """Counts the answers they read."""

    def __init__(self) -> None:
        super().__init__("twitch")
        self.answers = 0

    async def post(self, post: Post) -> None:
        self.answers += 1


def _config(voxta: VoxtaDouble, folder: Path) -> Config:
    own = {"mode": "server", "url": voxta.url, "join": "character", "character_id": voxta.characters[0].id}
    return load(
        relay=RelaySection(name="bench", data_dir=folder),
        inbox=InboxSection(),
        voxta=VoxtaSection.model_validate(own | {"api_key": voxta.key}),
        speech=SpeechSection(enabled=True),
    )


async def meet(voxta: VoxtaDouble) -> Meeting:
    """Let a relay of its own meet a local Voxta."""
    with tempfile.TemporaryDirectory() as folder:
        readers = _Readers()
        relay = Relay(_config(voxta, Path(folder)), lambda *_: [readers], voxta_url=voxta.url, statistics=Statistics())
        return await _timed(relay, readers)


async def _timed(relay: Relay, readers: _Readers) -> Meeting:
    began = time.perf_counter()
    async with running(relay) as task:
        joined = await _milliseconds(lambda: relay.session.chat is not None or task.done(), began)
        if relay.session.chat is None:
            return Meeting(joined=False, answered=False, join_ms=None, answer_ms=None)
        asked = time.perf_counter()
        await relay.receive(_question(1))
        answered = await _milliseconds(lambda: readers.answers == 1, asked)
        await relay.receive(_question(2))
        again = await _milliseconds(lambda: readers.answers == 2, time.perf_counter())
    return Meeting(joined=True, answered=answered is not None and again is not None, join_ms=joined, answer_ms=answered)


def _question(number: int) -> AudienceMessage:
    return AudienceMessage(
        platform="twitch",
        id=str(number),
        channel="lobby",
        kind=Kind.CHAT,
        author=Author(id=f"viewer{number}", name=f"Viewer{number}"),
        text=f"question {number}?",
        at=time.time(),
    )


async def _milliseconds(happened: Callable[[], bool], since: float) -> float | None:
    """From `since` until it has happened; None when it does not within LIMIT."""
    with suppress(TimeoutError):
        async with asyncio.timeout(LIMIT):
            while not happened():  # noqa: ASYNC110 - what is waited for has no event to offer
                await asyncio.sleep(0.001)
            return round((time.perf_counter() - since) * 1000, 1)
    return None
