"""Viewers' commands beside a flood: how fast they are answered, whether cooldowns hold, and whether chat suffers.

A whole relay with its store and an embedded companion gets as many commands as chat messages, at a steady rate. A
delay counts from the moment the platform has a command until its answer is handed to posting. The budget of answers is
lifted, since it would leave most of them out. Fairness is measured in accelerated time, with and without commands.
"""

import asyncio
import random
import resource
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import quantiles

from relay.application.composition import Relay
from relay.application.connect import voxta
from relay.application.running import running, until
from relay.application.settings import load
from relay.application.statistics import Statistics
from relay.commands.answers import Answers
from relay.commands.definition import Command, Use
from relay.commands.gate import CommandGate
from relay.config import CommandsSection, CompanionSection, OutboundSection, RelaySection
from relay.config.loading import Config
from relay.inbox.sqlite import SqliteInbox
from relay.model import AudienceMessage, Author, Incoming, Kind, Origin, Outcome, Settlement
from relay.moderation.outbound import Outbound
from relay.platforms.intake import Intake
from relay.platforms.simulated import QuietPlatform
from relay.platforms.twitch.client import TwitchPlatform
from relay.platforms.twitch.settings import TwitchSection
from relay.system import clock
from tests.benchmarks import flood
from tests.benchmarks.crowd import crowd
from tests.doubles.twitch import TwitchDouble

GOAL_MS = 20.0
"""For p99."""
TICK = 0.005
"""Seconds between two looks at what is due."""
FAIR_FOR = 10
"""How much longer fairness is measured for, in accelerated time."""
WARM_UP = 1.0
"""Seconds at the start, while the chat is joined, whose delays are not counted; half of a shorter run."""
QUIET = 5.0
"""Seconds without anything new after which a burst counts as over."""
PATIENCE = 60.0
"""Seconds that the last ones may take."""
OWN = CommandsSection.model_validate(
    {
        "own": [
            {"name": "lurk", "answer": "Enjoy the lurk, {author}!", "viewer_cooldown": 10},
            {"name": "deaths", "count": "deaths", "answer": "{count} deaths so far.", "viewer_cooldown": 10},
            {"name": "song", "answer": "No song plays.", "cooldown": 0.5, "viewer_cooldown": 0},
        ]
    }
)
MIX = ("!lurk", "!lurk", "!deaths", "!song", "!why", "!queue", "!commands")
"""What is written, each as likely."""


@dataclass(frozen=True)
class CommandFigures:
    commands: int
    answered: int
    """Those carried out; the others were in their cooldown, and each viewer was told once."""
    per_minute: float
    """Commands that were really written, and as many chat messages."""
    p50_ms: float
    p99_ms: float
    max_ms: float
    goal_p99_ratio: float
    """p99 over its goal of 20 ms; 1 or less reaches it."""
    processor_share: float
    """Of one core, that this process used meanwhile, the companion and the crowd included."""
    wrong_uses: int
    """Commands that were carried out in their cooldown, or refused outside of it."""
    wrong_answers: int
    """Answers that are missing, or too many."""
    without_outcome: int
    """Of all messages, chat included."""
    jain: float
    """Jain's index of who was heard in the flood alone."""
    jain_ratio: float
    """The same beside commands, over that."""
    burst: int
    burst_lost: int
    """Notifications of one burst through the platform's socket that are not in the store."""
    burst_s: float


@dataclass
class Notes:
    """What happened to the commands, by their keys."""

    began: dict[str, float] = field(default_factory=dict)
    delays: dict[str, float] = field(default_factory=dict)
    answers: int = 0
    outcomes: dict[str, Outcome] = field(default_factory=dict)
    news: asyncio.Event = field(default_factory=asyncio.Event)

    def answered(self, origin: Origin, _: str) -> None:
        key = f"{origin.platform}:{origin.reply_to}"
        if key in self.began:
            self.answers += 1
            self.delays.setdefault(key, time.perf_counter() - self.began[key])

    def counted(self, warm_up: float) -> list[float]:
        """The delays, but for those at the very start."""
        first = min(self.began.values()) + warm_up
        return [delay for key, delay in self.delays.items() if self.began[key] >= first]

    def settled(self, settlements: Sequence[Settlement]) -> None:
        self.outcomes |= {each.key: each.outcome for each in settlements}
        self.news.set()


async def run(
    *, seconds: float = 60.0, per_minute: float = 10_000.0, viewers: int = 2_000, burst: int = 10_000, seed: int = 0
) -> CommandFigures:
    """Measure."""
    notes = Notes()
    with tempfile.TemporaryDirectory() as folder:
        config = _config(Path(folder) / "commands")
        async with voxta(config, port=0) as url:
            played, cooldowns, took, busy = await _play(config, url, notes, seconds, per_minute, viewers, seed)
        lost, burst_s = await _burst(Path(folder) / "burst", burst)
    uses = [each for each in played if each.text.startswith("!") and each.key in notes.began]
    accepted, told = expected(uses, cooldowns)
    carried_out = {each.key for each in uses if notes.outcomes.get(each.key) is Outcome.ANSWERED}
    delays = notes.counted(min(WARM_UP, seconds / 2))
    cuts = quantiles(delays, n=100)
    alone, beside = _fairness(FAIR_FOR * seconds, per_minute, viewers, seed)
    return CommandFigures(
        commands=len(uses),
        answered=len(carried_out),
        per_minute=round(len(uses) * 60 / took),
        p50_ms=round(cuts[49] * 1000, 3),
        p99_ms=round(cuts[98] * 1000, 3),
        max_ms=round(max(delays) * 1000, 3),
        goal_p99_ratio=round(cuts[98] * 1000 / GOAL_MS, 3),
        processor_share=round(busy / took, 3),
        wrong_uses=len(carried_out ^ accepted),
        wrong_answers=abs(notes.answers - len(accepted) - told),
        without_outcome=sum(each.key not in notes.outcomes for each in played),
        jain=alone,
        jain_ratio=round(beside / alone, 4) if alone else 1.0,
        burst=burst,
        burst_lost=lost,
        burst_s=round(burst_s, 3),
    )


def commands(*, seconds: float, per_minute: float, viewers: int, seed: int) -> Iterator[AudienceMessage]:
    """Uses of commands in order of time, each by any viewer; `at` counts from 0."""
    source = random.Random(f"commands {seed}")
    count = round(seconds * per_minute / 60)
    for number in range(count):
        viewer = f"caller{source.randrange(viewers)}"
        yield AudienceMessage(
            platform="twitch",
            id=f"command-{number}",
            channel="lobby",
            kind=Kind.CHAT,
            author=Author(id=viewer, name=viewer),
            text=source.choice(MIX),
            at=number * seconds / count,
            reply_to=f"command-{number}",
        )


def expected(uses: Sequence[AudienceMessage], cooldowns: dict[str, tuple[float, float]]) -> tuple[set[str], int]:
    """The keys of those that may be carried out, and how many refusals are told: each rest once to whom it concerns.

    `cooldowns` are seconds by what is written, for everybody and for each viewer.
    """
    rests: dict[tuple[str, str], float] = {}
    told: dict[tuple[str, str], float] = {}
    accepted, refusals = set(), 0
    for use in uses:
        mine, everybodys = (use.text, use.viewer), (use.text, "")
        longest = max((everybodys, mine), key=lambda rest: rests.get(rest, 0.0))
        ends = rests.get(longest, 0.0)
        if ends <= use.at:
            accepted.add(use.key)
            for rest, seconds in zip((everybodys, mine), cooldowns[use.text], strict=True):
                if seconds:
                    rests[rest] = use.at + seconds
        elif told.get(longest, 0.0) <= use.at:
            told[longest] = ends
            refusals += 1
    return accepted, refusals


async def _play(
    config: Config, url: str, notes: Notes, seconds: float, per_minute: float, viewers: int, seed: int
) -> tuple[list[AudienceMessage], dict[str, tuple[float, float]], float, float]:
    """What was written, the cooldowns there were, and the seconds it took, real ones and the processor's."""
    relay = Relay(config, lambda *_: [QuietPlatform("twitch"), QuietPlatform("discord")], voxta_url=url,
                  statistics=Statistics())  # fmt: skip
    relay.events.obeyed.subscribe(notes.answered)
    relay.events.settled.subscribe(notes.settled)
    room = crowd(seconds=seconds, per_minute=per_minute, seed=seed)
    uses = commands(seconds=seconds, per_minute=per_minute, viewers=viewers, seed=seed)
    due = sorted([*room, *uses], key=lambda message: message.at)
    intake = Intake("twitch", relay.receive)
    async with running(relay) as task:
        taking = asyncio.create_task(intake.run())
        try:
            began, busy = time.perf_counter(), _processor()
            played = await _write(due, intake, notes)
            took, used = time.perf_counter() - began, _processor() - busy
            await until(task, asyncio.create_task(_all_settled(relay, played, notes)))
        finally:
            taking.cancel()
            await asyncio.gather(taking, return_exceptions=True)
    cooldowns = {text: _cooldown(relay.commands.gate.table.named(text)) for text in MIX}
    return played, cooldowns, took, used


async def _write(due: Sequence[AudienceMessage], intake: Intake, notes: Notes) -> list[AudienceMessage]:
    """Each at its time, as it came to the relay."""
    played: list[AudienceMessage] = []
    began = time.perf_counter()
    while len(played) < len(due):
        await asyncio.sleep(TICK)
        passed = time.perf_counter() - began
        while len(played) < len(due) and due[len(played)].at <= passed:
            message = due[len(played)].model_copy(update={"at": clock.now()})
            if message.id.startswith("command-"):
                notes.began[message.key] = time.perf_counter()
            intake.put(message)
            played.append(message)
    return played


async def _all_settled(relay: Relay, played: Sequence[AudienceMessage], notes: Notes) -> None:
    """Wait for the commands, then end the rest."""
    async with asyncio.timeout(PATIENCE):
        while not notes.began.keys() <= notes.outcomes.keys():
            notes.news.clear()
            await notes.news.wait()
        await relay.end("the bench ended")


def _cooldown(command: Command | None) -> tuple[float, float]:
    assert command is not None
    return command.cooldown, command.viewer_cooldown


def _fairness(seconds: float, per_minute: float, viewers: int, seed: int) -> tuple[float, float]:
    """Jain's index of the flood alone, and beside commands."""
    alone = flood.run(seconds=seconds, per_minute=per_minute, seed=seed)
    gate = CommandGate(OWN, Answers(OWN, Outbound(OutboundSection()), lambda *_: None))
    for text in sorted(set(MIX)):
        if gate.table.named(text) is None:
            gate.table.register(Command(text.removeprefix(gate.table.prefix), do=_nothing), "bench")
    uses = commands(seconds=seconds, per_minute=per_minute, viewers=viewers, seed=seed)
    return alone.jain, flood.run(seconds=seconds, per_minute=per_minute, seed=seed, commands=gate, uses=uses).jain


async def _nothing(_: Use) -> str:
    return ""


async def _burst(folder: Path, count: int) -> tuple[int, float]:
    """How many of so many notifications, written at once, are not stored, and the seconds until the others are."""
    inbox = SqliteInbox(folder / "inbox.db", max_count=count * 2, timeout=PATIENCE)
    await inbox.open()

    async def receive(*incoming: Incoming) -> None:
        await inbox.append([each for each in incoming if isinstance(each, AudienceMessage)])

    try:
        async with TwitchDouble() as twitch:
            settings = TwitchSection.model_validate(twitch.settings())
            platform = TwitchPlatform(settings, twitch.write_token(folder / "token.json"), receive)
            running = asyncio.create_task(platform.run())
            try:
                await twitch.wait_subscribed()
                began = time.perf_counter()
                for number in range(count):
                    await twitch.chat(f"m{number}", author=f"viewer{number % 2_000}")
                stored = await _stored(inbox, count)
                return count - stored, time.perf_counter() - began
            finally:
                running.cancel()
                await asyncio.gather(running, return_exceptions=True)
    finally:
        await inbox.close()


async def _stored(inbox: SqliteInbox, count: int) -> int:
    """How many are there once all are, or once nothing has come for a while."""
    stored, since = 0, time.perf_counter()
    while stored < count and time.perf_counter() - since < QUIET:
        await asyncio.sleep(TICK)
        if (now := await inbox.waiting()) > stored:
            stored, since = now, time.perf_counter()
    return stored


def _processor() -> float:
    """Seconds of processor time this process has used."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _config(folder: Path) -> Config:
    lifted = OWN.model_copy(update={"answers_per_minute": 1e9, "answers_at_once": 1_000_000})
    config = load(None, relay=RelaySection(name="bench", data_dir=folder), companion=CompanionSection(pace=0))
    return config.model_copy(update={"commands": lifted})
