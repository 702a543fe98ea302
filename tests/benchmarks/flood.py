"""A loud room of ten minutes through filters, rates and selection, in accelerated time.

Time is simulated: the companion takes `ANSWER` seconds for each forward, as in a real room; what is measured in
real time is only how fast messages are taken in.
"""

import heapq
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from statistics import quantiles

from relay.commands.gate import CommandGate
from relay.config.loading import Config
from relay.forwarding.lanes import Batch
from relay.forwarding.notices import CAPACITY
from relay.forwarding.policy import Policy
from relay.forwarding.rendering import Place, Renderer
from relay.forwarding.waiting import Waiting
from relay.model import AudienceMessage, Kind, Outcome
from relay.moderation.budget import Budget
from relay.moderation.features import features_of
from tests.benchmarks.crowd import crowd, is_spam
from tests.commands.room import no_commands

ANSWER = 8.0
"""Seconds from a forward to the end of its answer."""
PLACE = Place("bench", 0)
STEP = 0.25
"""Seconds of simulated time between two looks, and the size of a claimed batch."""


@dataclass(frozen=True)
class FloodFigures:
    messages: int
    viewers: int
    viewers_heard: int
    jain: float
    """Jain's index of the times each viewer was heard, over those heard at least once; 1 is perfectly even."""
    age_p95_s: float
    duplicates: int
    """Chat messages forwarded although the same words were forwarded before."""
    spam_share: float
    """Flooders' messages among the chat messages forwarded."""
    events_p95_s: float
    without_outcome: int
    ingest_per_s: float


@dataclass
class Tally:
    """What happened to the crowd."""

    told: list[tuple[AudienceMessage, float]] = field(default_factory=list)
    ended: Counter[Outcome] = field(default_factory=Counter)
    outcomes: Counter[str] = field(default_factory=Counter)
    working: float = 0.0
    """Seconds of real time spent on messages."""


def run(
    *,
    seconds: float = 600.0,
    per_minute: float = 10_000.0,
    seed: int = 0,
    commands: CommandGate | None = None,
    uses: Iterable[AudienceMessage] = (),
) -> FloodFigures:
    """Play the room and measure. `uses` of `commands` are written beside it; nobody carries them out."""
    room = crowd(seconds=seconds, per_minute=per_minute, seed=seed)
    messages = list(heapq.merge(room, uses, key=lambda message: message.at))
    tally = Tally()
    now = [0.0]
    commands = commands or no_commands()
    waiting = _waiting(Config(), seed, now, commands)
    _play(messages, waiting, now, tally, seconds, commands)
    return _figures(messages, tally)


def _waiting(config: Config, seed: int, now: list[float], commands: CommandGate) -> Waiting:
    policy = Policy(config.forwarding, commands.table)
    settings = config.selection.model_copy(update={"seed": seed})
    return Waiting(
        config.model_copy(update={"selection": settings}),
        policy=policy,
        budget=Budget(config.budget),
        commands=commands,
        steady=lambda: now[0],
    )


def _play(
    messages: list[AudienceMessage],
    waiting: Waiting,
    now: list[float],
    tally: Tally,
    seconds: float,
    commands: CommandGate,
) -> None:
    position, free_at = 0, 0.0
    renderer = Renderer(Policy(Config().forwarding), Config().selection.length)
    while now[0] < seconds + ANSWER:
        now[0] += STEP
        end = position
        while end < len(messages) and messages[end].at <= now[0]:
            end += 1
        began = time.perf_counter()
        for start in range(position, end, CAPACITY):
            waiting.admit(messages[start : min(end, start + CAPACITY)], now[0])
            _note(tally, (message.key for message in commands.clear()))
        waiting.expire(now[0])
        batch = waiting.next(now[0], floor_is_free=now[0] >= free_at)
        told = _tell(batch, waiting, renderer, now[0]) if batch is not None else []
        _note(tally, (ended.message.key for ended in waiting.take_ended()))
        tally.working += time.perf_counter() - began
        position = end
        if told:
            tally.told += [(message, now[0]) for message in told]
            _note(tally, (message.key for message in told))
            free_at = now[0] + ANSWER
    waiting.clear(Outcome.DROPPED, "the bench ended")
    waiting.give_up_held("the bench ended")
    _note(tally, (ended.message.key for ended in waiting.take_ended()))


def _tell(batch: Batch, waiting: Waiting, renderer: Renderer, now: float) -> list[AudienceMessage]:
    """What of the batch fits into one forward; the rest waits on."""
    _, left_over = renderer.render(list(batch.picks), PLACE, batch.digest)
    waiting.restore(left_over)
    told = batch.picks[: len(batch.picks) - len(left_over)]
    waiting.told(batch, told, now)
    return [pick.message for pick in told]


def _note(tally: Tally, keys: Iterable[str]) -> None:
    tally.outcomes.update(keys)


def _figures(messages: list[AudienceMessage], tally: Tally) -> FloodFigures:
    chat = [(message, at) for message, at in tally.told if message.kind is Kind.CHAT]
    events = [at - message.at for message, at in tally.told if message.kind is not Kind.CHAT]
    heard = Counter(message.author.id for message, _ in chat)
    said = Counter(features_of(message.text).digest for message, _ in chat)
    return FloodFigures(
        messages=len(messages),
        viewers=len({message.author.id for message in messages}),
        viewers_heard=len(heard),
        jain=jain(heard),
        age_p95_s=_p95([at - message.at for message, at in chat]),
        duplicates=sum(count - 1 for count in said.values()),
        spam_share=round(sum(is_spam(message) for message, _ in chat) / max(1, len(chat)), 4),
        events_p95_s=_p95(events),
        without_outcome=sum(tally.outcomes[message.key] != 1 for message in messages),
        ingest_per_s=round(len(messages) / tally.working),
    )


def jain(heard: Counter[str]) -> float:
    """Jain's fairness index: 1 when everybody was heard equally often, 1/n when one was heard alone."""
    if not heard:
        return 0.0
    return round(sum(heard.values()) ** 2 / (len(heard) * sum(count * count for count in heard.values())), 4)


def _p95(values: list[float]) -> float:
    return round(quantiles(values, n=20)[18], 2) if len(values) > 1 else 0.0
