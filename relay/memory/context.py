"""Tells the character what it knows of whom it is about to hear, and of nobody else."""

import asyncio
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Final, Protocol

from relay.config import MemorySection
from relay.errors import RelayError
from relay.memory.base import MemoryStore
from relay.memory.records import VISIT_GAP, Acquaintance, together
from relay.memory.wording import Clean, briefing
from relay.model import Forward
from relay.system.clock import now as wall_time
from relay.text.sanitise import label_of, sanitise_name
from relay.voxta.chat import JoinedChat
from relay.wire.messages import ContextText

log = logging.getLogger(__name__)

KEY: Final = "relay.people"
"""The context key under which the relay tells of people."""
LATELY: Final = 120.0
"""Seconds for which the character keeps in mind whom it heard last, unless it hears somebody else."""
LOOK_EVERY: Final = 5.0
"""Seconds between two looks whether it does."""
PATIENCE: Final = 1.0
"""Seconds a message waits for the memory; it is told without what is remembered then."""


class ContextLink(Protocol):
    """What is needed of a Link; see there."""

    @property
    def chat(self) -> JoinedChat | None: ...

    async def update_context(
        self, key: str, contexts: Sequence[ContextText] = (), set_flags: Sequence[str] = ()
    ) -> None: ...


class PeopleContext:
    """`brief` before each forward; `run` takes back what was told when nobody has spoken for a while.

    `clean` says what of a text may be told; `labels` are what people call the platforms, by their names.
    """

    def __init__(
        self,
        settings: MemorySection,
        store: MemoryStore,
        session: ContextLink,
        *,
        clean: Clean,
        labels: Mapping[str, str],
        clock: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = wall_time,
    ) -> None:
        self._settings = settings
        self._store = store
        self._session = session
        self._clean = clean
        self._labels = labels
        self._clock = clock
        self._wall = wall
        self._telling = asyncio.Lock()
        self._about: frozenset[str] = frozenset()
        """The accounts of those whom the character has in mind."""
        self._lines: tuple[str, ...] = ()
        self._until = 0.0
        self._forgotten = 0
        """How often somebody was forgotten: what was read before that is read again."""
        self._told: tuple[JoinedChat, tuple[str, ...]] | None = None
        """As Voxta has it; None where that is not known, as in a chat that an earlier run has told of somebody."""

    async def brief(self, forward: Forward) -> None:
        """The character is about to be told this. Returns when it has heard who that comes from; never raises."""
        people = await self._known(forward.authors)
        shown = forward.names[0] if len(forward.authors) == len(forward.names) == 1 else None
        self._about = frozenset[str]().union(*(person.accounts for person in people))
        self._lines = briefing(
            [(person, shown or self._name(person)) for person in people],
            label=self.label,
            clean=self._clean,
            now=self._wall(),
            length=self._settings.length,
        )
        self._until = self._clock() + LATELY
        await self._tell()

    async def forget(self, accounts: frozenset[str]) -> None:
        """These are erased: if the character has one of them in mind, it no longer has."""
        self._forgotten += 1
        if accounts & self._about:
            self._about, self._lines = frozenset(), ()
            await self._tell()

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            if self._lines and (self._clock() >= self._until or await self._are_gone(self._about)):
                self._about, self._lines = frozenset(), ()
            await self._tell()
            await asyncio.sleep(LOOK_EVERY)

    def label(self, platform: str) -> str:
        """What a platform is called."""
        return label_of(platform, self._labels)

    async def _are_gone(self, accounts: frozenset[str]) -> bool:
        """Whether one of these was erased by another process."""
        try:
            return len(await self._store.get(accounts)) < len(accounts)
        except RelayError as error:
            log.debug("whether people are still remembered is not known: %s", error)
            return False

    async def _known(self, viewers: Sequence[str]) -> list[Acquaintance]:
        """Those of the people whom there is something to tell of, each with all their accounts."""
        try:
            async with asyncio.timeout(PATIENCE):
                before, people = -1, list[Acquaintance]()
                while before != self._forgotten:
                    before = self._forgotten
                    people = await people_of(self._store, viewers)
        except (RelayError, TimeoutError) as error:
            log.warning("the character was not told what is remembered: %s", error)
            return []
        return [person for person in people if self._is_regular(person)]

    def _is_regular(self, person: Acquaintance) -> bool:
        """Who came often enough, was thanked, or has a note."""
        visits = person.visits + (self._wall() - person.last_seen > VISIT_GAP)
        return visits >= self._settings.visits or bool(person.thanks or person.notes or person.summary)

    def _name(self, person: Acquaintance) -> str:
        chat = self._session.chat
        return sanitise_name(person.name, chat.reserved if chat is not None else frozenset())

    async def _tell(self) -> None:
        """Tell Voxta, if it does not know."""
        async with self._telling:
            chat = self._session.chat
            if chat is None or (self._told and self._told[0] is chat and self._told[1] == self._lines):
                return
            lines, self._told = self._lines, None
            try:
                await self._session.update_context(KEY, [ContextText(text=line) for line in lines])
            except RelayError as error:
                log.warning("the character was not told whom it hears: %s", error)
            else:
                self._told = (chat, lines)


async def people_of(store: MemoryStore, viewers: Sequence[str]) -> list[Acquaintance]:
    """These people, each once, with what is remembered of all their accounts. Raises MemoryUnavailable."""
    known = await store.get(viewers)
    others = {other for person in known.values() for other in person.linked} - known.keys()
    everyone = known | await store.get(sorted(others)) if others else known
    found: dict[frozenset[str], Acquaintance] = {}
    for viewer in viewers:
        if (person := known.get(viewer)) is not None and person.accounts not in found:
            accounts = [person, *(everyone[other] for other in person.linked if other in everyone)]
            found[person.accounts] = together(accounts)
    return list(found.values())
