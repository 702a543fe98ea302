"""A day of a big stream: chat in waves, events, edits, deletions, moderators at work. The same seed, the same day."""

import random
import time
from collections import deque
from collections.abc import Callable, Iterator
from typing import Final

from relay.model import AudienceMessage, Author, Edit, Incoming, Kind, Retraction, Role
from tests.benchmarks.crowd import crowd

DAY: Final = 86_400.0
"""Seconds."""
MESSAGES: Final = 1_000_000
VIEWERS: Final = 60_000
PACE: Final = 10_000
"""Messages a minute in the rooms whose chat it is."""
EVENTS: Final = {Kind.FOLLOW: 60, Kind.CHEER: 20, Kind.SUBSCRIBE: 15, Kind.RAID: 5}
"""What happens besides chat, by how often."""
REACH: Final = 200
"""The newest messages, among which one is edited or deleted."""
HELD: Final = "pineapple"
"""What a moderator has to decide on."""
COMMANDS: Final = (
    "mute viewer{n}", "status", "rate kind.follow 90000", "block term{n}", "held", "approve all", "mode subscribers",
    "mode all", "volume 80", "why flood-{n}", "pause", "resume", "skip", "reject all", "volume reset",
    "unblock term{n}", "rate kind.follow reset", "unmute viewer{n}",
)  # fmt: skip
"""Everything that is switched on is switched off again."""


def day(messages: int, viewers: int, *, seed: int = 0, wall: Callable[[], float] = time.time) -> Iterator[Incoming]:
    """So many messages, and between them edits and deletions of the newest. Half of them come from the regulars."""
    chance = random.Random(seed)
    newest: deque[AudienceMessage] = deque(maxlen=REACH)
    for number, line in enumerate(crowd(seconds=messages * 60 / PACE, per_minute=PACE, seed=seed)):
        said = _said(line, number, viewers, chance).model_copy(update={"at": wall()})
        newest.append(said)
        yield said
        yield from _changes(number, newest, chance)


def _said(line: AudienceMessage, number: int, viewers: int, chance: random.Random) -> AudienceMessage:
    if number % 500 == 499:
        cycle, step = divmod(number // 500, len(COMMANDS))
        words = f"!relay {COMMANDS[step].format(n=cycle % 50)}"
        return line.model_copy(update={"author": _MODERATOR, "kind": Kind.CHAT, "text": words})
    author = line.author if number % 2 else _guest(number // 2 % viewers)
    if number % 40 == 7:
        kind = chance.choices(list(EVENTS), list(EVENTS.values()))[0]
        text = line.text if kind is Kind.CHEER else ""
        return line.model_copy(update={"author": author, "kind": kind, "amount": 1 + number % 500, "text": text})
    if number % 300 == 11:
        return line.model_copy(update={"author": author, "text": f"{line.text} with {HELD}"})
    return line.model_copy(update={"author": author, "reply_to": line.id})


_MODERATOR: Final = Author(id="mod", name="Mod", roles=frozenset({Role.MODERATOR}))


def _guest(place: int) -> Author:
    return Author(id=f"guest{place}", name=f"Guest_{place}")


def _changes(number: int, newest: deque[AudienceMessage], chance: random.Random) -> Iterator[Incoming]:
    if number % 200 == 30:
        said = chance.choice(newest)
        yield Edit(platform=said.platform, id=said.id, text=f"{said.text} (edited)")
    if number % 300 == 45:
        said = chance.choice(newest)
        yield Retraction(platform=said.platform, reason="deleted by its author", id=said.id)
    if number % 3_000 == 1_500:
        said = chance.choice(newest)
        yield Retraction(platform=said.platform, reason="author timed out", author_id=said.author.id)
