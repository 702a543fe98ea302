"""Codes by which one person shows that two accounts are theirs. Pure; time and chance are injected.

A code that was given where others read along could be used by them. So only one that was given in private links at
once; of any other, the account it was given to is asked whether the account that used it is really theirs.
"""

import secrets
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from relay.errors import RelayError

MINUTES: Final = 5.0
VALID_FOR: Final = MINUTES * 60
"""Seconds in which a code can be used, and a link confirmed."""
LETTERS: Final = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
"""Without those that are taken for each other."""
LENGTH: Final = 6
"""A billion codes: of the few that are valid at a time nobody guesses one in five minutes."""
MOST: Final = 1_000
"""Codes, and links to be confirmed, at a time."""
TRIES: Final = 5
"""Wrong codes after which a viewer has to wait until those are forgotten."""


class LinkRefused(RelayError):
    """Two accounts were not linked. Its text tells viewers why."""


@dataclass(frozen=True, slots=True)
class _Offer:
    viewer: str
    at: float
    in_private: bool = True


class LinkCodes:
    """Viewers are `platform:id`, and times seconds. Remembers for some minutes, and nothing over a restart."""

    def __init__(self, draw: Callable[[str], str] = secrets.choice) -> None:
        self._draw = draw
        self._offers: OrderedDict[str, _Offer] = OrderedDict()
        """By code."""
        self._asked: OrderedDict[str, _Offer] = OrderedDict()
        """Who wants to be linked with an account, by that account."""
        self._wrong: OrderedDict[str, list[float]] = OrderedDict()

    def offer(self, viewer: str, now: float, *, in_private: bool) -> str:
        """A code for this account; an earlier one is void. `in_private`: nobody else reads it."""
        self.forget({viewer})
        while (code := "".join(self._draw(LETTERS) for _ in range(LENGTH))) in self._offers:
            pass
        self._offers[code] = _Offer(viewer, now, in_private)
        _bound(self._offers)
        return code

    def use(self, code: str, viewer: str, now: float) -> str | None:
        """The account to link with, which is proven to be the same person's; None when it is to be asked first.

        A code works once. Raises LinkRefused.
        """
        if self._has_guessed(viewer, now):
            raise LinkRefused("Too many wrong codes. Wait some minutes.")
        offer = self._offers.get(code.strip().upper())
        if offer is None or now - offer.at > VALID_FOR:
            self._wrong.setdefault(viewer, []).append(now)
            _bound(self._wrong)
            raise LinkRefused("This code is wrong or too old. Write the command without a code to get a new one.")
        if offer.viewer.partition(":")[0] == viewer.partition(":")[0]:
            raise LinkRefused("Use the code on the other platform, with the account you want to link.")
        del self._offers[code.strip().upper()]
        if offer.in_private:
            return offer.viewer
        self._asked[offer.viewer] = _Offer(viewer, now)
        _bound(self._asked)
        return None

    def confirm(self, viewer: str, now: float) -> str:
        """This account says that the link asked for is theirs: the account to link with. Raises LinkRefused."""
        asked = self._asked.pop(viewer, None)
        if asked is None or now - asked.at > VALID_FOR:
            raise LinkRefused("There is nothing to confirm.")
        return asked.viewer

    def forget(self, viewers: set[str] | frozenset[str]) -> None:
        """Nothing of what these accounts asked for is valid any more."""
        for code in [code for code, offer in self._offers.items() if offer.viewer in viewers]:
            del self._offers[code]
        for whose in [whose for whose, asked in self._asked.items() if viewers & {whose, asked.viewer}]:
            del self._asked[whose]

    def _has_guessed(self, viewer: str, now: float) -> bool:
        recent = [at for at in self._wrong.get(viewer, ()) if now - at <= VALID_FOR]
        if recent:
            self._wrong[viewer] = recent
        else:
            self._wrong.pop(viewer, None)
        return len(recent) >= TRIES


def _bound(entries: OrderedDict[str, _Offer] | OrderedDict[str, list[float]]) -> None:
    if len(entries) > MOST:
        entries.popitem(last=False)
