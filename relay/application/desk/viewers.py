"""One viewer as the desk shows them, and the rows of a log that a page has not been told."""

from collections.abc import Callable, Iterator
from typing import Any, Final, Literal

from pydantic import Field

from relay.application.composition import Relay
from relay.application.desk.feed import Feed
from relay.application.desk.past import Past
from relay.application.desk.support import Support
from relay.errors import MemoryUnavailable
from relay.model import Caller
from relay.platforms import listed
from relay.text.unicode import folded
from relay.web.desk.actions import DeskAction, Fields
from relay.web.desk.log import AT_ONCE, LogRow

NEWEST: Final = 50
"""Rows of one viewer."""


class ViewerId(Fields):
    viewer: str = Field(pattern=r"^[a-z]{1,32}:.{1,200}$", description="as `platform:id`")


class Older(Fields):
    topic: Literal["feed", "support"] = Field(description="which log")
    before: int = Field(ge=0, description="the number `n` of the oldest row that is there already")
    count: int = Field(AT_ONCE, ge=1, le=AT_ONCE, description="rows at most")
    text: str = Field("", max_length=200, description="what has to stand in the row's text or name; empty for any")


class Viewers:
    """Answers questions about the past."""

    def __init__(self, relay: Relay, feed: Feed, support: Support, past: Past) -> None:
        self._relay = relay
        self._feed = feed
        self._support = support
        self._past = past

    def actions(self) -> Iterator[DeskAction[Any]]:
        """What can be asked."""
        yield DeskAction("viewer", "What a viewer wrote, and what is remembered of them", ViewerId, self._viewer)
        yield DeskAction("older", "Older rows of the feed or of support", Older, self._older)

    async def _viewer(self, given: ViewerId, by: Caller) -> dict[str, object]:
        rows = self._feed.of(given.viewer, NEWEST)
        await self._past.find_ends(rows)
        name = rows[-1].message.author.name if rows else None
        muted = self._relay.runtime.switches().muted
        return {
            "viewer": given.viewer,
            "name": name,
            "roles": sorted(rows[-1].message.author.roles) if rows else [],
            "muted": given.viewer in muted or (name is not None and folded(name) in muted),
            "rows": self._feed.topic.told([*rows]),
            "remembered": await self._remembered(given.viewer),
        }

    async def _remembered(self, viewer: str) -> list[str] | None:
        """In sentences; None where nothing is remembered of anybody, or cannot be read now."""
        if self._relay.memory is None:
            return None

        from relay.memory.wording import for_viewer  # only where something is remembered

        try:
            person = await self._relay.memory.get(viewer)
        except MemoryUnavailable:
            return None
        return for_viewer(person, label=lambda name: listed.labels().get(name, name)) if person is not None else []

    async def _older(self, given: Older, by: Caller) -> object:
        wanted = given.text.casefold()
        fits: Callable[[LogRow], bool] = (lambda row: _has(row, wanted)) if wanted else (lambda row: True)
        if given.topic == "support":
            return self._support.topic.told(self._support.topic.before(given.before, given.count, fits))
        rows = self._feed.topic.before(given.before, given.count, fits)
        await self._past.find_ends(rows)
        return self._feed.topic.told(rows)


def _has(row: LogRow, wanted: str) -> bool:
    return any(wanted in words.casefold() for words in row.words)
