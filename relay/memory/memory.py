"""What is remembered of people, as the rest of the relay asks for it and adds to it."""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Final

from relay.config import FiltersSection, MemorySection
from relay.errors import RelayError
from relay.inbox.base import Inbox
from relay.inbox.retry import with_retries
from relay.memory.base import MemoryStore
from relay.memory.codes import LinkCodes, LinkRefused
from relay.memory.context import PeopleContext, people_of
from relay.memory.notes import NoteFilter
from relay.memory.records import (
    MOST_LINKED,
    Acquaintance,
    Note,
    Sighting,
    linked,
    noted,
    seen,
    unlinked,
    without_notes,
)
from relay.memory.sightings import Sightings, told_since
from relay.memory.summaries import Summaries
from relay.model import AudienceMessage
from relay.system.bounded import remember
from relay.system.clock import now as wall_time
from relay.system.periodic import repeat
from relay.text.sanitise import sanitise_name

log = logging.getLogger(__name__)

LATELY: Final = 900.0
"""Seconds for which notes can be made about who spoke."""
RECENT: Final = 500
"""People who spoke last, of whom there can be notes."""
TRIM_EVERY: Final = 900.0
"""Seconds between two looks for people who may be forgotten."""
NOTE: Final = "summed up"
"""The inbox's note of until when summaries have all that was said."""
DAY: Final = 86_400.0


class UnknownViewer(RelayError):
    """A name that is nobody's who spoke lately, or that several people have."""


class NoteRefused(RelayError):
    """A note that the filters do not let through."""


class Memory:
    """Everything that is asked of the memory. `run` keeps it, once it is open."""

    def __init__(
        self,
        settings: MemorySection,
        store: MemoryStore,
        *,
        inbox: Inbox,
        context: PeopleContext,
        clean: NoteFilter,
        summaries: Summaries | None = None,
        wall: Callable[[], float] = wall_time,
    ) -> None:
        self.sightings = Sightings(inbox, store, self._heard)
        self.context = context
        self.summaries = summaries
        self.codes = LinkCodes()
        self._settings = settings
        self._inbox = inbox
        self._store = store
        self._clean = clean
        self._wall = wall
        self._recent: OrderedDict[str, tuple[str, float]] = OrderedDict()
        """The names of those who spoke, and when, by account; who spoke last is last."""

    def adopt(self, filters: FiltersSection) -> None:
        """Tell and keep nothing that these refuse, from now on."""
        self._clean.adopt(filters)

    async def open(self) -> None:
        """Once, before anything else but the inbox. Raises ConfigError."""
        await self._store.open()
        await with_retries(self._resume)

    async def _resume(self) -> None:
        """Go on with what was said before the restart and is not summed up. Raises InboxError."""
        if self.summaries is None:
            return
        since = float(await self._inbox.get_note(NOTE) or 0)
        if before := await told_since(self._inbox, since):
            for message in before:
                self._heard(message)
            self.summaries.resume(self._wall() - before[-1].at)

    async def close(self) -> None:
        await self._store.close()

    async def run(self) -> None:
        """Keep what is worth remembering and forget what is not, until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self.sightings.run())
            tasks.create_task(self.context.run())
            tasks.create_task(repeat(self.trim, TRIM_EVERY, "forgetting people"))
            if self.summaries is not None:
                tasks.create_task(self.summaries.run(self.summarise, self._summed_up))

    async def trim(self) -> None:
        """Forget those not seen for too long, and those who are too many. Raises MemoryUnavailable."""
        older_than = self._wall() - self._settings.days * DAY
        if count := await self._store.trim(older_than, self._settings.people):
            log.info("%d people were forgotten: not seen for %g days, or too many", count, self._settings.days)

    def _heard(self, message: AudienceMessage) -> None:
        viewer = f"{message.platform}:{message.author.id}"
        remember(self._recent, viewer, (sanitise_name(message.author.name, None), message.at), RECENT)
        if self.summaries is not None and (text := self._clean(viewer, message.author.name, message.text)):
            self.summaries.heard(viewer, message, text)

    # Asking

    async def get(self, viewer: str) -> Acquaintance | None:
        """What is remembered of a person by one of their accounts; raises MemoryUnavailable, as all of these."""
        return next(iter(await people_of(self._store, [viewer])), None)

    def find(self, name: str, platform: str = "") -> str:
        """The account of who spoke lately and has this name; "" is who spoke last. Raises UnknownViewer."""
        since = self._wall() - LATELY
        wanted = name.removeprefix("@").casefold()
        found = [
            viewer
            for viewer, (called, at) in reversed(self._recent.items())
            if at >= since
            and platform.casefold() in ("", viewer.partition(":")[0])
            and wanted in ("", viewer.casefold(), called.casefold(), f"viewer {called}".casefold())
        ]
        if not found:
            raise UnknownViewer(f"nobody called {name!r:.60} spoke lately")
        if wanted and len(found) > 1:
            raise UnknownViewer(f"several people are called {name!r:.60}: name the platform too")
        return found[0]

    # Notes

    async def remember(self, viewer: str, text: str, by: str = "companion") -> str:
        """Keep a note about somebody who is known; what was kept. Raises UnknownViewer, NoteRefused."""
        known = (await self._store.get([viewer])).get(viewer)
        if known is None:
            raise UnknownViewer(f"{viewer} is not known")
        kept = self._clean(viewer, known.name, text)
        if kept is None:
            raise NoteRefused(f"the filters refuse a note about {viewer}")
        note = Note(text=kept, by=by, at=self._wall())

        def change(found: Mapping[str, Acquaintance]) -> Mapping[str, Acquaintance | None]:
            return {viewer: noted(found[viewer], note, self._settings.notes)} if viewer in found else {}

        await self._store.change([viewer], change)
        return kept

    async def forget_notes(self, viewer: str, part: str = "") -> None:
        """Erase the notes about a person in which this occurs; "" erases all."""
        accounts = await self.accounts(viewer)
        await self._store.change(
            sorted(accounts), lambda found: {v: without_notes(p, part) for v, p in found.items()}, erase=True
        )
        await self.context.forget(accounts)

    async def summarise(self, viewer: str, text: str, since: float) -> None:
        """Keep what the model made of a stream with somebody; not of who was forgotten after `since`."""

        def change(found: Mapping[str, Acquaintance]) -> Mapping[str, Acquaintance | None]:
            known = found.get(viewer)
            if known is None or known.first_seen > since:
                return {}
            kept = self._clean(viewer, known.name, text)
            summary = Note(text=kept, by="summary", at=self._wall()) if kept else known.summary
            return {viewer: known.model_copy(update={"summary": summary})}

        await self._store.change([viewer], change)

    async def _summed_up(self, until: float) -> None:
        await with_retries(self._inbox.set_note, NOTE, str(until))

    # Forgetting

    async def forget(self, viewer: str) -> None:
        """Erase all that is known of a person: every linked account, and whatever is on its way.

        May be repeated. Raises MemoryUnavailable; what is on its way is gone then all the same.
        """
        self._drop(frozenset({viewer}))
        accounts = await self.accounts(viewer)
        self._drop(accounts)
        await self._store.change(sorted(accounts), lambda found: dict.fromkeys(found), erase=True)
        await self.context.forget(accounts)

    def _drop(self, accounts: frozenset[str]) -> None:
        self.sightings.forget(accounts, self._wall())
        self.codes.forget(accounts)
        for account in accounts:
            self._recent.pop(account, None)
        if self.summaries is not None:
            self.summaries.forget(accounts)

    async def accounts(self, viewer: str) -> frozenset[str]:
        """All that their owner has linked with this one, it included."""
        known = (await self._store.get([viewer])).get(viewer)
        return known.accounts if known is not None else frozenset({viewer})

    # Several accounts

    async def know(self, viewer: str, name: str) -> None:
        """Remember an account from now on, if it is not: its owner wants to link it."""
        sighting = Sighting(viewer, name, self._wall())
        await self._store.change([viewer], lambda found: {} if found else {viewer: seen(None, sighting)})

    async def link(self, one: str, other: str) -> None:
        """Make two accounts one person's. Raises LinkRefused."""
        accounts = await self.accounts(one) | await self.accounts(other)
        if len(accounts) > MOST_LINKED:
            raise LinkRefused(f"At most {MOST_LINKED} accounts can be linked.")

        def change(found: Mapping[str, Acquaintance]) -> Mapping[str, Acquaintance | None]:
            if not {one, other} <= found.keys():
                raise LinkRefused("I do not know one of the accounts any more.")
            return dict(linked(found.values()))

        await self._store.change(sorted(accounts), change)

    async def unlink(self, viewer: str) -> bool:
        """Make an account one of its own again, with what was remembered of it. False when it was that."""
        accounts = await self.accounts(viewer)
        if len(accounts) > 1:
            await self._store.change(sorted(accounts), lambda found: dict(unlinked(found.values(), viewer)))
        return len(accounts) > 1
