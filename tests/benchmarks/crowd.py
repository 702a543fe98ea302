"""An invented loud room: about 10,000 messages a minute from 2,000 viewers, five flooders, and a few events.

What they write follows real floods: most lines are one token or emote repeated, in waves; the same line again
with an invisible suffix; stretched words; commands of other bots; a real question in every few hundred lines.
"""

import itertools
import random
from collections.abc import Iterator
from typing import Final

from relay.model import AudienceMessage, Author, Kind, Role

VIEWERS: Final = 2_000
FLOODERS: Final = 5
FLOODER_SHARE: Final = 0.12
"""Of all messages, written by the flooders."""
EVENTS: Final = 33
"""In ten minutes."""

_SHOUTS: Final = ("LUL", "KEKW", "PogChamp", "W", "LMAO", "OMEGALUL", "gg", "hype", "F", "monkaS", "Clap", "?")
_SUFFIXES: Final = ("", "", "", "\u034f", "\U000e0000", " ", "\u200b")
_SUBJECTS: Final = (
    "boss", "map", "jump", "quest", "weapon", "build", "song", "outfit", "level", "puzzle", "dragon", "castle", "chat",
    "guild", "mount", "potion", "shield", "spell", "wizard", "village", "river", "tower", "market", "engine", "race",
)  # fmt: skip
_QUESTIONS: Final = (
    "how do you beat the {0} without the {1}?", "what is your favourite {0} in this {1}?",
    "why is the {0} next to the {1}?", "where did you find that {0}, near the {1}?",
    "can you explain the {0} and the {1} again?", "is the {0} better than the {1}?",
    "did you ever lose a {0} to a {1}?", "when do we see the {0} of the {1}?",
)  # fmt: skip
_REMARKS: Final = (
    "that {0} near the {1} was so close", "the {0} reminds me of my first {1}",
    "nobody talks about the {0} and its {1}",
    "my brother built a {0} out of a {1} once", "I would trade every {0} for one good {1}",
    "this {0} music while the {1} loads is great", "the {0} looks different since the {1} patch",
)  # fmt: skip
_SPAM: Final = (
    "FREE {0} at {1} dot example",
    "BUY my {0} {1} NOW NOW NOW",
    "{0} {0} {0} {1} {1} {1}",
    "follow {0}{1} for skins",
)
_EVENT_KINDS: Final = (Kind.SUBSCRIBE, Kind.RESUBSCRIBE, Kind.CHEER, Kind.GIFT, Kind.RAID, Kind.REDEMPTION)


def is_spam(message: AudienceMessage) -> bool:
    """The truth about a message of this crowd: whether a flooder wrote it."""
    return message.author.id.startswith("flooder")


def crowd(*, seconds: float = 600.0, per_minute: float = 10_000.0, seed: int = 0) -> Iterator[AudienceMessage]:
    """The messages in order of time; `at` counts from 0."""
    source = random.Random(seed)
    weights = list(itertools.accumulate(1 / (rank + 1) for rank in range(VIEWERS)))
    count = round(seconds * per_minute / 60)
    events = set(source.sample(range(count), min(count, round(EVENTS * seconds / 600))))
    wave = source.choice(_SHOUTS)
    for number in range(count):
        if source.random() < 0.002:
            wave = source.choice(_SHOUTS)
        at = number * seconds / count
        if number in events:
            yield _event(source, number, at)
        elif source.random() < FLOODER_SHARE:
            yield _message(number, at, f"flooder{source.randrange(FLOODERS)}", _spam(source))
        else:
            viewer = source.choices(range(VIEWERS), cum_weights=weights)[0]
            yield _message(number, at, f"viewer{viewer}", _line(source, wave), addressed=source.random() < 0.005)


def _line(source: random.Random, wave: str) -> str:
    lot = source.random()
    if lot < 0.80:
        shout = wave if source.random() < 0.7 else source.choice(_SHOUTS)
        stretched = shout + shout[-1] * source.choice((0, 0, 0, 5))
        return " ".join([stretched] * source.choice((1, 1, 2, 3))) + source.choice(_SUFFIXES)
    if lot < 0.83:
        return f"!{source.choice(('followage', 'uptime', 'discord'))}"
    template = source.choice(_QUESTIONS if lot < 0.85 else _REMARKS)
    return template.format(*source.sample(_SUBJECTS, 2)) + source.choice(_SUFFIXES)


def _spam(source: random.Random) -> str:
    return source.choice(_SPAM).format(*source.sample(_SUBJECTS, 2))


def _message(number: int, at: float, viewer: str, text: str, *, addressed: bool = False) -> AudienceMessage:
    platform = "discord" if viewer.endswith(("3", "7")) and viewer.startswith("viewer") else "twitch"
    roles = frozenset({Role.VIEWER, Role.SUBSCRIBER} if viewer.endswith("0") else {Role.VIEWER})
    return AudienceMessage(
        platform=platform,
        id=f"flood-{number}",
        channel="lobby",
        kind=Kind.CHAT,
        author=Author(id=viewer, name=viewer, roles=roles),
        text=text,
        at=at,
        addressed=addressed,
    )


def _event(source: random.Random, number: int, at: float) -> AudienceMessage:
    kind = source.choice(_EVENT_KINDS)
    supporter = f"supporter{number}"
    return AudienceMessage(
        platform="twitch",
        id=f"flood-{number}",
        channel="lobby",
        kind=kind,
        author=Author(id=supporter, name=supporter),
        at=at,
        amount=source.randrange(1, 500),
        detail="Hydrate" if kind is Kind.REDEMPTION else None,
    )
