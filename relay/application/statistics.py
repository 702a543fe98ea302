"""What happened in this run: counters for the summary, and the newest lines for people to watch."""

import re
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from relay.model import DESK, AudienceMessage, Forward, Kind, Outcome, Post, ReplyText, SendAs, Settlement

LINES = 200
"""Lines kept."""
REASONS = 200
"""Reasons told apart; servers word theirs as they like."""


class PipelineStage(StrEnum):
    """Where on its way a line was written."""

    IN = "in"
    SENT = "sent"
    REPLY = "reply"
    POST = "post"
    OUT = "out"
    """Ended without being forwarded."""


@dataclass(frozen=True)
class ActivityLine:
    stage: PipelineStage
    who: str
    text: str


class Statistics:
    """Counts and remembers; every method returns at once. `watch` is shown each line."""

    def __init__(self, watch: Callable[[ActivityLine], None] = lambda _: None) -> None:
        self._watch = watch
        self.received = 0
        self.duplicates = 0
        self.replies = 0
        self.sent: Counter[SendAs] = Counter()
        self.outcomes: Counter[Outcome] = Counter()
        self.reasons: Counter[tuple[Outcome, str]] = Counter()
        self.posted: Counter[str] = Counter()
        self.failed_posts: Counter[str] = Counter()
        self.lines: deque[ActivityLine] = deque(maxlen=LINES)

    def message(self, message: AudienceMessage, *, is_new: bool) -> None:
        if not is_new:
            self.duplicates += not message.pretended
            return
        self.received += not message.pretended
        what = message.text if message.kind is Kind.CHAT else f"<{message.kind}> {message.text}".strip()
        self._write(ActivityLine(PipelineStage.IN, f"{message.author.name} ({_place(message)})", what))

    def forwarded(self, forward: Forward) -> None:
        if not forward.pretended:
            self.sent[forward.send_as] += 1
        self._write(ActivityLine(PipelineStage.SENT, forward.send_as.value, forward.body))

    def settled(self, settlements: Sequence[Settlement]) -> None:
        """Messages have their outcomes. Of many that ended alike it is one line that tells how many."""
        alike: defaultdict[tuple[Outcome, str], list[Settlement]] = defaultdict(list)
        for settlement in settlements:
            alike[settlement.outcome, reason_class(settlement.reason)].append(settlement)
        for (outcome, reason), ended in alike.items():
            self._count(outcome, reason, sum(not each.pretended for each in ended))
            if outcome is not Outcome.FORWARDED:
                who = ended[0].key if len(ended) == 1 else f"{len(ended)} messages"
                self._write(
                    ActivityLine(PipelineStage.OUT, outcome.value, f"{who}: {_common([each.reason for each in ended])}")
                )

    def reply(self, reply: ReplyText) -> None:
        self.replies += not reply.pretended
        self._write(ActivityLine(PipelineStage.REPLY, reply.character, reply.text))

    def post(self, platform: str, post: Post, error: str | None) -> None:
        if platform != DESK:
            (self.failed_posts if error else self.posted)[platform] += 1
        self._write(ActivityLine(PipelineStage.POST, platform, error or post.text))

    def _count(self, outcome: Outcome, reason: str, count: int) -> None:
        if not count:
            return
        self.outcomes[outcome] += count
        is_known = (outcome, reason) in self.reasons or len(self.reasons) < REASONS
        self.reasons[outcome, reason if is_known else "another reason"] += count

    def _write(self, line: ActivityLine) -> None:
        self.lines.append(line)
        self._watch(line)

    def summary(self) -> dict[str, object]:
        """The run in numbers, as printed by `--json`."""
        return summary(self.received, self.sent, self.outcomes, self.replies, self.posted)


def _place(message: AudienceMessage) -> str:
    return "pretended" if message.pretended else message.platform


def _common(reasons: Sequence[str]) -> str:
    """The reason, or where several differ in details what they have in common."""
    return reasons[0] if len(set(reasons)) == 1 else reason_class(reasons[0])


def reason_class(reason: str) -> str:
    """A reason without what differs from message to message, so that reasons can be counted."""
    return re.split(r" [a-z]+:|: more than|,", reason)[0]


_ALWAYS_SHOWN = (SendAs.USER, SendAs.EVENT, SendAs.NOREPLY)


def summary(
    received: int,
    sent: Mapping[SendAs, int],
    outcomes: Mapping[Outcome, int],
    replies: int,
    posted: Mapping[str, int],
) -> dict[str, object]:
    """The one shape of a summary."""
    return {
        "received": received,
        "forwarded": {s.value: sent.get(s, 0) for s in SendAs if s in _ALWAYS_SHOWN or sent.get(s)},
        "outcomes": {outcome.value: count for outcome, count in outcomes.items() if count},
        "replies": replies,
        "posted": dict(posted),
    }
