"""What is remembered, in words: for the character, and for the people themselves. Pure."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final, Protocol

from relay.memory.records import VISIT_GAP, Acquaintance, Thanks
from relay.model import Kind

LEAST: Final = 60
"""Characters that are worth telling of a person."""
PAGE: Final = 300
"""Characters of what is remembered that one answer shows; it is followed by how to see more."""
DAY: Final = 86_400.0


class Clean(Protocol):
    """What may be told; see NoteFilter."""

    def __call__(self, viewer: str, name: str, text: str) -> str | None: ...

    def allows(self, viewer: str, name: str) -> bool: ...


def briefing(
    people: Sequence[tuple[Acquaintance, str]], *, label: Callable[[str], str], clean: Clean, now: float, length: int
) -> tuple[str, ...]:
    """What the character is told of these people, each with the name it reads; `length` characters at most together.

    `label` is what a platform is called.
    """
    room = people[: max(1, length // LEAST)]
    share = length // max(1, len(room))
    lines = [_person(person, name, label(_platform(person)), clean=clean, now=now) for person, name in room]
    return tuple(line for parts in lines if (line := _fitted(parts, share)))


def _person(person: Acquaintance, name: str, where: str, *, clean: Clean, now: float) -> list[str]:
    """What is known of somebody, in sentences; the most important first."""
    if not clean.allows(person.viewer, person.name):
        return []
    before = person.last_seen if now - person.last_seen > VISIT_GAP else person.came_before
    visits = person.visits + (now - person.last_seen > VISIT_GAP)
    back = f", before that {ago(now - before)}" if before is not None else ""
    parts = [f"{name} ({where}) is known: first here on {date(person.first_seen)}, visit {visits}{back}."]
    thanked = [words for thanks in person.thanks if (words := _thanked(thanks))]
    parts += [f"{name} has {', '.join(thanked)}."] if thanked else []
    texts = [text for note in reversed(person.notes) if (text := clean(person.viewer, person.name, note.text))]
    parts += [f'Noted about {name}: "{text}".' for text in texts]
    if person.summary and (text := clean(person.viewer, person.name, person.summary.text)):
        parts.append(f'Last time: "{text}".')
    return parts


def _fitted(parts: Sequence[str], length: int) -> str:
    """As many of the parts as fit, those that come first before others."""
    line = ""
    for part in parts:
        longer = f"{line} {part}".strip()
        if len(longer) <= length:
            line = longer
        elif not line:
            return ""
    return line


def for_viewer(person: Acquaintance, *, label: Callable[[str], str]) -> list[str]:
    """All that is remembered of somebody, in sentences for themselves alone."""
    accounts = sorted(label(viewer.partition(":")[0]) for viewer in person.linked)
    where = f", linked with {' and '.join(accounts)}" if accounts else ""
    thanked = [words for thanks in person.thanks if (words := _thanked(thanks))]
    return [
        f"I have known you since {date(person.first_seen)} ({_count(person.visits, 'visit')}{where}).",
        *([f"You have {', '.join(thanked)}."] if thanked else []),
        *(f"Noted: {note.text}." for note in person.notes),
        *([f"Last time: {person.summary.text}."] if person.summary else []),
    ]


def pages(sentences: Sequence[str]) -> list[str]:
    """The sentences in order, as few answers as have room for them."""
    found = [""]
    for sentence in sentences:
        longer = f"{found[-1]} {sentence}".strip()
        if len(longer) > PAGE and found[-1]:
            found.append(sentence)
        else:
            found[-1] = longer
    return found


def explanation(prefix: str) -> str:
    """What viewers are told about being remembered."""
    return (
        "I remember who comes back: when, what you were thanked for, and short notes. "
        f"{prefix}remembered tells you yours, {prefix}forget me deletes it."
    )


def ago(seconds: float) -> str:
    """How long ago, as people say it."""
    days = round(seconds / DAY)
    if days < 1:
        return "earlier today"
    if days < 60:
        return f"{_count(days, 'day')} ago"
    return f"{_count(days // 30, 'month')} ago"


def date(at: float) -> str:
    """A day, by this machine's calendar."""
    day = datetime.fromtimestamp(at)
    return f"{day.day} {_MONTHS[day.month - 1]} {day.year}"


def _platform(person: Acquaintance) -> str:
    return person.viewer.partition(":")[0]


def _thanked(thanks: Thanks) -> str:
    """Such as `cheered 500 bits`; "" for what this version has no words for."""
    words = _WORDS.get(thanks.kind)
    return words(thanks) if words else ""


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def _often(what: str) -> Callable[[Thanks], str]:
    return lambda thanks: what if thanks.times == 1 else f"{what} {thanks.times} times"


_WORDS: Final[dict[str, Callable[[Thanks], str]]] = {
    Kind.FOLLOW: _often("followed"),
    Kind.SUBSCRIBE: _often("subscribed"),
    Kind.RESUBSCRIBE: lambda thanks: f"subscribed for {_count(max(1, thanks.amount), 'month')}",
    Kind.UPGRADE: _often("kept up a gifted subscription"),
    Kind.PAY_IT_FORWARD: _often("passed a gift on"),
    Kind.CHARITY: _often("donated to charity"),
    Kind.GIFT: lambda thanks: f"gifted {_count(max(1, thanks.amount), 'subscription')}",
    Kind.CHEER: lambda thanks: f"cheered {_count(max(1, thanks.amount), 'bit')}",
    Kind.RAID: lambda thanks: (
        f"raided {_often('')(thanks).strip() or 'once'} with up to {_count(thanks.amount, 'viewer')}"
    ),
}
_MONTHS: Final = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip
