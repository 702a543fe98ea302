"""A recorded audience: one JSON object a line, read, played at its own pace, and accounted for line by line."""

import asyncio
import hashlib
import json
import time
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from relay.app import Relay
from relay.errors import ConfigError
from relay.inbox.base import Inbox
from relay.journal import Journal, reason_class, summary
from relay.model import AudienceMessage, Author, Kind, Outcome, Role, SendAs


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


@dataclass(frozen=True)
class Recording:
    digest: str
    """Names the recording: the same content has the same digest."""
    lines: Sequence[tuple[int, RecordedLine]]
    """Line numbers and lines, in order of time."""
    problems: Sequence[str]
    """What was skipped, one sentence each, with its line number."""


def read(path: Path) -> Recording:
    """Read a recording; bad lines are skipped and reported. Raises ConfigError when there is nothing to read."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from None
    lines: list[tuple[int, RecordedLine]] = []
    problems: list[str] = []
    for number, raw in enumerate(content.split(b"\n"), 1):
        if not raw.strip():
            continue
        try:
            lines.append((number, RecordedLine.model_validate(json.loads(raw))))
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            key = ".".join(map(str, first["loc"])) or "the line"
            problems.append(f"line {number}: {key}: {first['msg']}")
        except (ValueError, RecursionError) as error:
            problems.append(f"line {number}: not JSON: {str(error)[:80]}")
    if not lines:
        raise ConfigError(f"{path}: no line can be played\n" + "\n".join(problems[:10]))
    return Recording(hashlib.sha256(content).hexdigest()[:12], sorted(lines, key=lambda line: line[1].at), problems)


async def play(relay: Relay, recording: Recording, *, speed: float, run_id: str) -> None:
    """Feed every line at its time divided by `speed`, then wait until each has its outcome and is answered.

    A line fed before, by a run that was cut off, is a duplicate and counts once.
    """
    began = time.monotonic()
    for number, line in recording.lines:
        await asyncio.sleep(max(0.0, began + line.at / speed - time.monotonic()))
        await relay.receive(_message(number, line, run_id))
    await relay.quiet(empty=True)


async def run_id_of(inbox: Inbox, recording: Recording) -> str:
    """The run that was cut off before, or a new one."""
    note = _note(recording)
    run_id = await inbox.get_note(note)
    if not run_id:
        run_id = f"{recording.digest}-{time.time_ns():x}"
        await inbox.set_note(note, run_id)
    return run_id


async def account(inbox: Inbox, recording: Recording, run_id: str, journal: Journal) -> dict[str, object]:
    """The summary of a finished run, read from the store: what became of every line."""
    outcomes: Counter[Outcome] = Counter()
    reasons: Counter[str] = Counter()
    sent: Counter[SendAs] = Counter()
    heard: set[tuple[str, str]] = set()
    delays: dict[str, list[float]] = defaultdict(list)
    for number, line in recording.lines:
        record = await inbox.why(_message(number, line, run_id).key)
        if record is None or record.settlement is None:
            continue
        outcomes[record.settlement.outcome] += 1
        reasons[f"{record.settlement.outcome}: {reason_class(record.settlement.reason)}"] += 1
        if record.settlement.outcome is Outcome.FORWARDED:
            sent[SendAs(record.settlement.reason.split(",")[0])] += 1
            heard.add((line.platform, line.author.id))
            delays[line.kind].append(record.settlement.at - record.message.at)
    await inbox.set_note(_note(recording), "")
    return summary(len(recording.lines), sent, outcomes, journal.replies, journal.posted) | {
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
        at=time.time(),
        amount=line.amount,
        detail=line.detail,
    )
