"""What is remembered of one account on one platform, and how that changes. Pure.

Every change may be made twice and changes nothing the second time, since a store that did not answer is asked again.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from relay.model import Kind, Value
from relay.text.sanitise import sanitise_name

VISIT_GAP: Final = 6 * 3600.0
"""Seconds of absence after which somebody who writes again has come back: longer than a break, shorter than a night."""
MOST_LINKED: Final = 5
"""Accounts that one person may have linked."""

LARGEST: Final = frozenset({Kind.RESUBSCRIBE, Kind.RAID})
"""Where the largest amount is kept: months, and viewers brought along. Elsewhere amounts add up."""
THANKED: Final = frozenset({
    Kind.FOLLOW, Kind.SUBSCRIBE, Kind.RESUBSCRIBE, Kind.UPGRADE, Kind.GIFT, Kind.PAY_IT_FORWARD, Kind.CHARITY,
    Kind.CHEER, Kind.RAID,
})  # fmt: skip
"""What the companion thanks people for."""


class Note(Value):
    """A sentence about somebody."""

    text: str
    by: str
    """Who made it: `companion`, `scenario`, `summary` or `streamer`."""
    at: float
    """Seconds since the epoch."""


class Thanks(Value):
    """What somebody was thanked for, all of one kind together."""

    kind: str
    """A Kind; kinds of other versions are kept and not told."""
    times: int = 1
    amount: int = 0
    """Bits, subscriptions, months or viewers; see LARGEST."""
    at: float
    """The newest, in seconds since the epoch."""


class Acquaintance(Value):
    """All that is remembered of one account."""

    viewer: str
    """`platform:id`."""
    name: str
    """As it was shown last, harmless."""
    first_seen: float
    """Seconds since the epoch, as all times here."""
    last_seen: float
    came_before: float | None = None
    """When the visit before this one ended."""
    visits: int = 1
    thanks: tuple[Thanks, ...] = ()
    notes: tuple[Note, ...] = ()
    """The newest last."""
    summary: Note | None = None
    """What the model made of the last stream's talk with them."""
    linked: tuple[str, ...] = ()
    """The other accounts of the same person."""

    @property
    def accounts(self) -> frozenset[str]:
        """All accounts of the person."""
        return frozenset({self.viewer, *self.linked})


@dataclass(frozen=True, slots=True)
class Sighting:
    """Somebody was heard, or supported the stream."""

    viewer: str
    name: str
    at: float
    kind: Kind = Kind.CHAT
    amount: int = 0
    is_thanked: bool = False
    """The companion was told of it, so it has thanked them."""


def seen(known: Acquaintance | None, sighting: Sighting) -> Acquaintance:
    """What is known after a sighting."""
    name, at = sanitise_name(sighting.name, None), sighting.at
    if known is None:
        known = Acquaintance(viewer=sighting.viewer, name=name, first_seen=at, last_seen=at)
    changes: dict[str, object] = {"first_seen": min(known.first_seen, at)}
    if at >= known.last_seen:
        changes |= {"name": name, "last_seen": at}
        if at - known.last_seen > VISIT_GAP:
            changes |= {"visits": known.visits + 1, "came_before": known.last_seen}
    if sighting.is_thanked and sighting.kind in THANKED:
        changes["thanks"] = _thanked(known.thanks, sighting)
    return known.model_copy(update=changes)


def _thanked(thanks: tuple[Thanks, ...], sighting: Sighting) -> tuple[Thanks, ...]:
    kind, amount = sighting.kind.value, max(0, sighting.amount)
    before = next((each for each in thanks if each.kind == kind), None)
    if before is None:
        return (*thanks, Thanks(kind=kind, amount=amount, at=sighting.at))
    if sighting.at <= before.at:
        return thanks
    total = max(before.amount, amount) if sighting.kind in LARGEST else before.amount + amount
    after = Thanks(kind=kind, times=before.times + 1, amount=total, at=sighting.at)
    return tuple(after if each is before else each for each in thanks)


def noted(known: Acquaintance, note: Note, most: int) -> Acquaintance:
    """With one more note; what says the same is replaced, and the oldest beyond `most` is forgotten."""
    others = [each for each in known.notes if each.text.casefold() != note.text.casefold()]
    return known.model_copy(update={"notes": tuple([*others, note][-most:])})


def without_notes(known: Acquaintance, part: str) -> Acquaintance:
    """Without the notes, and the summary, in which this occurs, in capitals or not; "" takes all."""
    wanted = part.casefold()
    notes = tuple(note for note in known.notes if wanted not in note.text.casefold())
    summary = None if known.summary and wanted in known.summary.text.casefold() else known.summary
    return known.model_copy(update={"notes": notes, "summary": summary})


def linked(known: Iterable[Acquaintance]) -> dict[str, Acquaintance]:
    """The same accounts as one person's."""
    people = list(known)
    return {p.viewer: _linked_to(p, accounts_of(people)) for p in people}


def unlinked(known: Iterable[Acquaintance], viewer: str) -> dict[str, Acquaintance]:
    """The same accounts with one of them on its own again."""
    return {p.viewer: _linked_to(p, () if p.viewer == viewer else p.accounts - {viewer}) for p in known}


def forgotten(known: Mapping[str, Acquaintance], gone: Collection[str]) -> dict[str, Acquaintance | None]:
    """These accounts known no more, and out of what they were linked with; `known` are all of those."""
    left = {viewer: _linked_to(p, p.accounts.difference(gone)) for viewer, p in known.items() if viewer not in gone}
    return {**left, **dict.fromkeys(gone)}


def accounts_of(known: Iterable[Acquaintance]) -> frozenset[str]:
    """All accounts of these people."""
    return frozenset[str]().union(*(person.accounts for person in known))


def _linked_to(person: Acquaintance, accounts: Iterable[str]) -> Acquaintance:
    return person.model_copy(update={"linked": tuple(sorted(set(accounts) - {person.viewer}))})


def together(accounts: Sequence[Acquaintance]) -> Acquaintance:
    """One person, under the name of the first account: what is remembered of all of their accounts."""
    first, *others = accounts
    first = _linked_to(first, (person.viewer for person in others))  # not with what is known no more
    if not others:
        return first
    kinds = {each.kind for person in accounts for each in person.thanks}
    summaries = [person.summary for person in accounts if person.summary]
    earlier = [person.came_before for person in accounts if person.came_before is not None]
    return first.model_copy(
        update={
            "first_seen": min(person.first_seen for person in accounts),
            "last_seen": max(person.last_seen for person in accounts),
            "came_before": max(earlier, default=None),
            "visits": sum(person.visits for person in accounts),
            "thanks": tuple(_sum(kind, accounts) for kind in sorted(kinds)),
            "notes": tuple(sorted((n for person in accounts for n in person.notes), key=lambda note: note.at)),
            "summary": max(summaries, key=lambda summary: summary.at, default=None),
        }
    )


def _sum(kind: str, accounts: Sequence[Acquaintance]) -> Thanks:
    found = [each for person in accounts for each in person.thanks if each.kind == kind]
    amounts = [each.amount for each in found]
    return Thanks(
        kind=kind,
        times=sum(each.times for each in found),
        amount=max(amounts) if kind in LARGEST else sum(amounts),
        at=max(each.at for each in found),
    )
