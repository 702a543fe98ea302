"""What a stream's talk with somebody comes down to, in a sentence that a model writes when the stream is over."""

import asyncio
import logging
from collections import OrderedDict, deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from relay.errors import RelayError
from relay.model import AudienceMessage, Kind

log = logging.getLogger(__name__)

PEOPLE: Final = 200
"""People whose lines are kept; who spoke longest ago makes room."""
LINES: Final = 20
"""Lines of each that are kept, the newest."""
LEAST: Final = 3
"""Lines that are worth a summary."""
QUIET: Final = 3_600.0
"""Seconds without a line after which a stream counts as over where nothing says so."""

Summarise = Callable[[str, Sequence[str]], Awaitable[str]]
"""From a name and lines to a sentence. Raises RelayError."""
Keep = Callable[[str, str, float], Awaitable[None]]
"""Takes a viewer, the sentence, and since when lines were kept."""
Done = Callable[[float], Awaitable[None]]
"""Called when all that was said until then is summed up, in seconds since the epoch."""


@dataclass
class StreamTalk:
    name: str
    since: float
    lines: deque[str] = field(default_factory=lambda: deque(maxlen=LINES))


class Summaries:
    """Keeps what people say until the stream is over, in the process alone.

    `allows` is asked for each viewer and their name whether anything may be kept of them still.
    """

    def __init__(self, summarise: Summarise, allows: Callable[[str, str], bool], quiet: float = QUIET) -> None:
        self._summarise = summarise
        self._allows = allows
        self._quiet = quiet
        self._talks: OrderedDict[str, StreamTalk] = OrderedDict()
        self._latest = 0.0
        """When the newest line was said."""
        self._news = asyncio.Event()
        self._is_over = False

    def heard(self, viewer: str, message: AudienceMessage, text: str) -> None:
        """The companion was told something; `text` is what the filters leave of it."""
        talk = self._talks.setdefault(viewer, StreamTalk(message.author.name, message.at))
        talk.lines.append(text)
        self._latest = max(self._latest, message.at)
        self._talks.move_to_end(viewer)
        if len(self._talks) > PEOPLE:
            self._talks.popitem(last=False)
        self._news.set()

    def stream_changed(self, message: AudienceMessage) -> None:
        """The companion's stream has ended, or something else is new about it."""
        if message.kind is Kind.OFFLINE:
            self._over()

    def resume(self, silence: float) -> None:
        """What was heard so far was told to an earlier run, so many seconds ago the last of it."""
        if silence >= self._quiet:
            self._over()

    def _over(self) -> None:
        self._is_over = True
        self._news.set()

    def forget(self, accounts: frozenset[str]) -> None:
        """Drop what these accounts said."""
        for account in accounts:
            self._talks.pop(account, None)

    async def run(self, keep: Keep, done: Done) -> None:
        """Write a summary for each whenever a stream is over, until cancelled."""
        while True:
            self._news.clear()
            if self._is_over:
                self._is_over, until = False, self._latest
                await self._write(keep)
                if until:
                    await done(until)
            try:
                async with asyncio.timeout(self._quiet if self._talks else None):
                    await self._news.wait()
            except TimeoutError:
                self._is_over = True

    async def _write(self, keep: Keep) -> None:
        for viewer, talk in list(self._talks.items()):
            if viewer not in self._talks:  # forgotten meanwhile
                continue
            is_wanted = len(talk.lines) >= LEAST and self._allows(viewer, talk.name)
            try:
                text = await self._summarise(talk.name, tuple(talk.lines)) if is_wanted else ""
                if text and self._talks.get(viewer) is talk:
                    await keep(viewer, text, talk.since)
            except RelayError as error:
                log.warning("a summary was not written: %s", error)
            if self._talks.get(viewer) is talk:
                del self._talks[viewer]
