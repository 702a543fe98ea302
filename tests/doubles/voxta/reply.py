"""One reply on its way: what was sent of it, what was heard of it, and whether its player has said so."""

import asyncio
from dataclasses import dataclass, field

from tests.doubles.voxta.cast import Entry, Participant
from tests.doubles.voxta.checks import Message
from tests.doubles.voxta.client import HubClient
from tests.doubles.voxta.wire import new_id

Span = tuple[int, int]
"""Where a chunk begins and ends in the text."""


@dataclass(eq=False)
class SpokenReply:
    sender: Participant
    index: int
    player: HubClient | None
    """Whose playback is waited for."""
    id: str = field(default_factory=new_id)
    text: str = ""
    sent: list[Span] = field(default_factory=list)
    started: list[Span] = field(default_factory=list)
    entry: Entry | None = None
    """In the history, once the reply is over."""
    interrupted: asyncio.Event = field(default_factory=asyncio.Event)
    settled: asyncio.Event = field(default_factory=asyncio.Event)
    """The player has acknowledged everything, or is gone."""
    complete: bool = False
    is_over: bool = False
    """The turn has gone on."""

    @property
    def heard(self) -> str:
        """The text as far as its playback began."""
        return self.text[: max((end for _, end in self.started), default=0)]

    def start(self, message: Message) -> str | None:
        """Take a `speechPlaybackStart`; what is wrong with it, if anything."""
        span = (message["startIndex"], message["endIndex"])
        if span not in self.sent:
            return f"playback of a chunk that was never sent: {span} of {self.sent}"
        if span in self.started:
            return f"playback of a chunk began twice: {span}"
        self.started.append(span)
        return "playback began after it was complete" if self.complete else None

    def finish(self) -> str | None:
        """Take a `speechPlaybackComplete`; what is wrong with it, if anything."""
        if self.complete:
            return "a reply's playback was complete twice"
        silent = [span for span in self.sent if span not in self.started]
        if silent and not self.interrupted.is_set():
            return f"playback was complete while these chunks had not begun: {silent}"
        if self.entry is None and not self.interrupted.is_set():
            return "playback was complete before the reply was"
        self.complete = True
        self.settled.set()
        return None
