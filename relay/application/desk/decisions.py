"""What is held and waits for a decision, as the desk shows it."""

from collections.abc import Iterable, Iterator
from typing import Final

from relay.application.composition import Relay
from relay.model import Held
from relay.system import clock
from relay.web.desk.topics import Age, Left, Topic

MOST: Final = 100
"""Shown at once; the others come up as these are decided."""


class Decisions:
    """What moderators have to look at, oldest first."""

    def __init__(self, relay: Relay) -> None:
        self._relay = relay
        self.topic = Topic("held", self.state, clock.now, mark=self._ids)

    def state(self) -> dict[str, object]:
        held = self._relay.runtime.held()
        return {"total": len(held), "rows": [_row(each) for each in held[:MOST]]}

    def _ids(self) -> list[str]:
        return [each.id for each in self._relay.runtime.held()]


def _row(held: Held) -> dict[str, object]:
    return {
        "id": held.id,
        "from": "companion" if held.key is None else "platform" if held.is_withheld else "audience",
        "who": held.who,
        "platform": held.platform,
        "pretended": held.pretended,
        "viewer": held.viewer,
        "key": held.key,
        "text": held.text,
        "spans": list(_in_browser(held.text, held.spans)),
        "reason": held.reason,
        "waited": Age(held.at),
        "left": Left(held.until) if held.until is not None else None,
    }


def _in_browser(text: str, spans: Iterable[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """The same places counted as browsers count: in UTF-16, where an emoji takes two."""
    for start, end in spans:
        yield _length(text[:start]), _length(text[:end])


def _length(text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2
