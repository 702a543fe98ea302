"""A recorded audience: one JSON object a line, read, played at its own pace, and accounted for line by line."""

import asyncio
import hashlib
import json
import time
from array import array
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import BinaryIO, Final, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from relay.application.composition import Relay
from relay.application.statistics import Statistics, reason_class, summary
from relay.errors import ConfigError
from relay.forwarding.follows import NOTE_FOLLOWS
from relay.inbox.base import Inbox
from relay.inbox.retry import with_retries
from relay.model import AudienceMessage, Author, Kind, Outcome, Role, SendAs
from relay.system import clock

PROBLEMS_SHOWN: Final = 20
"""How many bad lines are named; a recording may have any number of them."""
LINES_A_TURN: Final = 500
"""Lines looked through before others get their turn, a few milliseconds."""


class RecordedAuthor(BaseModel):
    model_config = ConfigDict(extra="forbid")

    id: str
    name: str
    roles: frozenset[Role] = frozenset({Role.VIEWER})


class RecordedLine(BaseModel):
    """One line of a recording."""

    model_config = ConfigDict(extra="forbid")

    at: float = Field(ge=0, allow_inf_nan=False)
    """Seconds since the start of the recording."""
    platform: str = Field(min_length=1)
    channel: str = "lobby"
    kind: Kind = Kind.CHAT
    author: RecordedAuthor
    text: str = ""
    amount: int | None = None
    detail: str | None = None


class Recording:
    """A recorded audience in its file; in memory is only where each line is, as recordings may be long."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._at = array("d")
        self._numbers = array("Q")
        self._places = array("Q")
        self._order = array("Q")
        self._digest = hashlib.sha256()
        self._platforms: set[str] = set()
        self.problems: list[str] = []
        """What was skipped, one sentence each, with its line number; the first few."""
        self.skipped = 0

    @classmethod
    async def read(cls, path: Path) -> Self:
        """Look through the file. Raises ConfigError when there is nothing to play."""
        self, place = cls(path), 0
        with self._open() as file:
            for number, raw in enumerate(file, 1):
                self._note(number, raw, place)
                place += len(raw)
                if number % LINES_A_TURN == 0:
                    await asyncio.sleep(0)
        if not self._at:
            raise ConfigError(f"{path}: no line can be played\n" + "\n".join(self.problems))
        self._order = array("Q", sorted(range(len(self._at)), key=self._at.__getitem__))
        return self

    @property
    def digest(self) -> str:
        """Names the recording: the same content has the same digest."""
        return self._digest.hexdigest()[:12]

    @property
    def platforms(self) -> list[str]:
        """All that occur."""
        return sorted(self._platforms)

    def __len__(self) -> int:
        return len(self._order)

    def __iter__(self) -> Iterator[tuple[int, RecordedLine]]:
        """Line numbers and lines, in order of time. Raises ConfigError when the file is another than before."""
        with self._open() as file:
            for index in self._order:
                file.seek(self._places[index])
                try:
                    yield self._numbers[index], read_line(file.readline())
                except ValueError:
                    raise ConfigError(f"{self._path}: was changed while it was played; play it again") from None

    def _open(self) -> BinaryIO:
        try:
            return self._path.open("rb")
        except OSError as error:
            raise ConfigError(f"{self._path}: cannot be read: {error.strerror}") from None

    def _note(self, number: int, raw: bytes, place: int) -> None:
        self._digest.update(raw)
        if not raw.strip():
            return
        try:
            line = read_line(raw)
        except ValueError as error:
            self.skipped += 1
            if len(self.problems) < PROBLEMS_SHOWN:
                self.problems.append(f"line {number}: {error}")
        else:
            self._at.append(line.at)
            self._numbers.append(number)
            self._places.append(place)
            self._platforms.add(line.platform)


def read_line(raw: bytes) -> RecordedLine:
    """Raises ValueError that says in a few words what is wrong."""
    try:
        return RecordedLine.model_validate(json.loads(raw))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        key = ".".join(map(str, first["loc"])) or "the line"
        raise ValueError(f"{key}: {first['msg']}") from None
    except (ValueError, RecursionError) as error:
        raise ValueError(f"not JSON: {str(error)[:80]}") from None


async def play(relay: Relay, recording: Recording, *, speed: float, run_id: str) -> None:
    """Feed every line at its time divided by `speed`, then wait until each has its outcome and is answered.

    It goes on after the lines that a run which was cut off has fed. One fed before counts once.
    """
    began = time.monotonic() - await _fed_until(relay.inbox, recording, run_id) / speed
    for number, line in recording:
        await asyncio.sleep(max(0.0, began + line.at / speed - time.monotonic()))
        await with_retries(relay.receive, _message(number, line, run_id))
    await relay.quiet(empty=True)


async def _fed_until(inbox: Inbox, recording: Recording, run_id: str) -> float:
    """The time of the last line, from the first on, that the store knows."""
    at = 0.0
    for number, line in recording:
        if await with_retries(inbox.why, _message(number, line, run_id).key) is None:
            break
        at = line.at
    return at


async def run_id_of(inbox: Inbox, recording: Recording) -> str:
    """The run that was cut off before, or a new one."""
    note = _note(recording)
    run_id = await with_retries(inbox.get_note, note)
    if not run_id:
        run_id = f"{recording.digest}-{time.time_ns():x}"
        await with_retries(inbox.set_note, NOTE_FOLLOWS, "")  # who follows in it has not followed before
        await with_retries(inbox.set_note, note, run_id)
    return run_id


async def account(inbox: Inbox, recording: Recording, run_id: str, statistics: Statistics) -> dict[str, object]:
    """The summary of a finished run, read from the store: what became of every line."""
    outcomes: Counter[Outcome] = Counter()
    reasons: Counter[str] = Counter()
    sent: Counter[SendAs] = Counter()
    heard: set[tuple[str, str]] = set()
    delays: dict[str, list[float]] = defaultdict(list)
    for number, line in recording:
        record = await with_retries(inbox.why, _message(number, line, run_id).key)
        if record is None or record.settlement is None:
            continue
        outcomes[record.settlement.outcome] += 1
        reasons[f"{record.settlement.outcome}: {reason_class(record.settlement.reason)}"] += 1
        if record.settlement.outcome is Outcome.FORWARDED:
            sent[SendAs(record.settlement.reason.split(",")[0])] += 1
            heard.add((line.platform, line.author.id))
            delays[line.kind].append(record.settlement.at - record.message.at)
    await with_retries(inbox.set_note, _note(recording), "")
    return summary(len(recording), sent, outcomes, statistics.replies, statistics.posted) | {
        "reasons": dict(reasons.most_common()),
        "viewers_heard": len(heard),
        "delay_s": {kind: _spread(values) for kind, values in sorted(delays.items())},
    }


def _spread(delays: list[float]) -> dict[str, float]:
    """How long messages waited, in seconds."""
    ordered = sorted(delays)
    return {"p50": round(median(ordered), 3), "p95": round(ordered[int(0.95 * (len(ordered) - 1))], 3)}


def _note(recording: Recording) -> str:
    return f"replay:{recording.digest}"


def _message(number: int, line: RecordedLine, run_id: str) -> AudienceMessage:
    return AudienceMessage(
        platform=line.platform,
        id=f"{run_id}-{number}",
        channel=line.channel,
        kind=line.kind,
        author=Author(id=line.author.id, name=line.author.name, roles=line.author.roles),
        text=line.text,
        at=clock.now(),
        amount=line.amount,
        detail=line.detail,
    )
