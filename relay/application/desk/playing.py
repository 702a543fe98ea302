"""Plays a recorded audience to a running relay, pretended: a flood to rehearse with, or what led to a question."""

import asyncio
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any, Final

from pydantic import Field

from relay.application.composition import Relay
from relay.application.desk.pretending import author_of
from relay.application.replay import RecordedLine, read_line
from relay.inbox.retry import with_retries
from relay.model import DESK, AudienceMessage, Caller, Kind, Role
from relay.system import clock
from relay.web.desk.actions import DeskAction, DeskError, Fields, NoFields

MAX_LINES: Final = 10_000
"""Lines of a recording that are kept; a stream's busiest minutes."""
PIECE: Final = 30_000
"""Characters of one piece of it, so that a piece fits into a frame."""
SHOWN: Final = 3
"""Mistakes that are named; a file of another kind has one in each line."""

_UNPLAYED: Final = frozenset({Kind.ONLINE, Kind.OFFLINE, Kind.CHANNEL_UPDATE})
"""They would have the relay take the stream itself for another than it is."""
_KEPT: Final = frozenset({Role.SUBSCRIBER, Role.VIP})
"""Roles that are played; nobody steers the relay from a recording."""


class Piece(Fields):
    text: str = Field(max_length=PIECE, description="whole lines of a recording, as `relay replay` plays it")
    is_first: bool = Field(True, description="begin a new recording; false: go on with the one before")


class Speed(Fields):
    speed: float = Field(1.0, ge=0.1, le=100.0, allow_inf_nan=False, description="how many times as fast as recorded")


class RecordingPlayer:
    """Keeps one recording, and plays it while `run` does. `changed` is called whenever `state` is another."""

    def __init__(self, relay: Relay, changed: Callable[[], None]) -> None:
        self._relay = relay
        self._changed = changed
        self._lines: list[RecordedLine] = []
        self._skipped = 0
        self._speed = 1.0
        self._played = 0
        self._asked = asyncio.Event()
        """Somebody wants it played."""
        self._stopped = asyncio.Event()
        self._stopped.set()

    @property
    def is_playing(self) -> bool:
        return not self._stopped.is_set()

    def state(self) -> dict[str, object]:
        return {
            "lines": len(self._lines),
            "seconds": self._lines[-1].at if self._lines else 0.0,
            "skipped": self._skipped,
            "played": self._played,
            "is_playing": self.is_playing,
        }

    def actions(self) -> Iterator[DeskAction[Any]]:
        yield DeskAction("recording", "Bring a recording to be played, in pieces", Piece, self._take)
        yield DeskAction("play", "Play the recording, pretended", Speed, self._play)
        yield DeskAction("stop", "Stop playing the recording", NoFields, self._stop)

    async def run(self) -> None:
        """Play whenever somebody wants that, until cancelled."""
        while True:
            await self._asked.wait()
            self._asked.clear()
            try:
                await self._play_through()
            finally:
                self._stopped.set()
                self._changed()

    async def _take(self, given: Piece, by: Caller) -> dict[str, object]:
        if self.is_playing:
            raise DeskError("gone", "a recording is being played: stop it first")
        read, problems = list[RecordedLine](), list[str]()
        for number, raw in enumerate(given.text.splitlines(), 1):
            if raw.strip():
                try:
                    read.append(read_line(raw.encode(errors="replace")))
                except ValueError as error:
                    problems.append(f"line {number}: {error}")
        self._skipped = len(problems) + (0 if given.is_first else self._skipped)
        kept = [] if given.is_first else self._lines
        if len(kept) + len(read) > MAX_LINES:
            raise DeskError("invalid", f"text: a recording of more than {MAX_LINES} lines is too long", "text")
        self._lines = sorted([*kept, *read], key=lambda line: line.at)
        self._played = 0
        self._changed()
        return self.state() | {"problems": problems[:SHOWN]}

    async def _play(self, given: Speed, by: Caller) -> dict[str, object]:
        if not self._lines:
            raise DeskError("gone", "there is no recording yet: choose a file first")
        if self.is_playing:
            raise DeskError("gone", "it is being played already")
        self._speed, self._played = given.speed, 0
        self._stopped.clear()
        self._asked.set()
        self._changed()
        await self._relay.controls.note(by, f"play a recording of {len(self._lines)} lines, pretended")
        return self.state()

    async def _stop(self, _: NoFields, by: Caller) -> dict[str, object]:
        if self.is_playing:
            self._stopped.set()
            await self._relay.controls.note(by, "stop the recording")
        return self.state()

    async def _play_through(self) -> None:
        began, run = time.monotonic(), uuid.uuid4().hex[:8]
        for number, line in enumerate(self._lines):
            with suppress(TimeoutError):
                async with asyncio.timeout(max(0.0, began + line.at / self._speed - time.monotonic())):
                    await self._stopped.wait()
            if not self.is_playing:
                return
            if line.kind not in _UNPLAYED:
                await with_retries(self._relay.receive, _message(line, f"{run}-{number}"))
            self._played = number + 1
            self._changed()


def _message(line: RecordedLine, message_id: str) -> AudienceMessage:
    author = author_of(line.author.name, set(line.author.roles & _KEPT))
    return AudienceMessage(
        platform=DESK,
        id=message_id,
        channel=DESK,
        kind=line.kind,
        author=author.model_copy(update={"id": f"{line.platform}.{line.author.id}"}),
        text=line.text,
        at=clock.now(),
        amount=line.amount,
        detail=line.detail,
    )
