"""What an open page can be shown. Pages are never sent what happened, but how things are when they can take it."""

import asyncio
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final, NoReturn, Protocol

from relay.model import Caller, Role

EVERY: Final = 0.25
"""Seconds between two states of one topic to one page, at least."""

ROUNDING: Final = 0.05
"""Seconds by which a look may come early: who looks has a beat of its own."""

Clock = Callable[[], float]


@dataclass(frozen=True)
class Age:
    """A moment in a state, by the clock of its topic; pages are told how many seconds ago it was."""

    since: float


@dataclass(frozen=True)
class Left:
    """A moment to come in a state; pages are told how many seconds are left."""

    until: float


class TopicNews(Protocol):
    """What pages can be shown under one name."""

    name: str
    role: Role
    every: float
    revision: int

    def news(self, seen: int | None) -> str:
        """The newest frame for a page that has seen that revision; None for one that has seen nothing."""
        ...

    def look(self) -> None:
        """Find out whether something has changed that nobody tells of. Called a few times a second."""
        ...

    def watch(self, dirty: Callable[[], None]) -> Callable[[], None]:
        """Call `dirty` at each change, until what is returned is called."""
        ...


class Watched:
    """Who wants to know that something has changed."""

    def __init__(self, name: str, role: Role, every: float) -> None:
        self.name = name
        self.role = role
        """Who may see it: a moderator, or the streamer alone."""
        self.every = every
        self.revision = 0
        self._watching: list[Callable[[], None]] = []

    @property
    def is_watched(self) -> bool:
        return bool(self._watching)

    def changed(self) -> None:
        """It is another than before."""
        self.revision += 1
        for dirty in self._watching:
            dirty()

    def watch(self, dirty: Callable[[], None]) -> Callable[[], None]:
        """See TopicNews."""
        self._watching.append(dirty)
        return lambda: self._watching.remove(dirty)


class Topic(Watched):
    """One state. `state` makes it of what JSON can hold, and of Age and Left."""

    def __init__(
        self,
        name: str,
        state: Callable[[], object],
        clock: Clock,
        *,
        role: Role = Role.MODERATOR,
        every: float = EVERY,
        mark: Callable[[], object] | None = None,
    ) -> None:
        """`mark` is another value whenever the state is another, for what nobody calls `changed` for."""
        super().__init__(name, role, every)
        self._state = state
        self._clock = clock
        self._mark = mark
        self._marked: object = None
        self._look_at = 0.0
        self._frame = ""
        self._framed: tuple[int, float] | None = None

    def look(self) -> None:
        if self._mark is None or not self._watching or (now := self._clock()) < self._look_at:
            return
        self._look_at = now + self.every - ROUNDING
        self._compare()

    def _compare(self) -> None:
        if self._mark is not None and (mark := self._mark()) != self._marked:
            self._marked = mark
            self.changed()

    def shown(self) -> object:
        """The state as those are told who ask once."""
        return json.loads(json.dumps(self._state(), default=MomentEncoder(self._clock())))

    def news(self, seen: int | None) -> str:
        now = self._clock()
        is_old = self._framed is None or self._framed[0] != self.revision or now - self._framed[1] > self.every
        if is_old or seen is None:  # a page that opens must not take what was so a moment ago for news
            self._compare()  # the next look has to compare with what is told now
            self._framed = (self.revision, now)
            self._frame = json.dumps({"topic": self.name, "state": self._state()}, default=MomentEncoder(now))
        return self._frame


class MomentEncoder:
    """Tells JSON how to write moments."""

    def __init__(self, now: float) -> None:
        self._now = now

    def __call__(self, value: object) -> object:
        match value:
            case Age(since):
                return round(max(0.0, self._now - since), 1)
            case Left(until):
                return round(max(0.0, until - self._now), 1)
        raise TypeError(f"{type(value).__name__} cannot be shown")


class Topics:
    """All of them, by name."""

    def __init__(self) -> None:
        self._table: dict[str, TopicNews] = {}
        self._watching = 0
        self._is_watched = asyncio.Event()

    def __iter__(self) -> Iterator[TopicNews]:
        return iter(self._table.values())

    def add(self, *topics: TopicNews) -> None:
        """Show more. Raises ValueError for a name that is taken."""
        for topic in topics:
            if topic.name in self._table:
                raise ValueError(f"there is a topic {topic.name!r} already")
            self._table[topic.name] = topic

    def visible_to(self, by: Caller) -> dict[str, TopicNews]:
        return {t.name: t for t in self if by.may_act_as(t.role)}

    def watch(self, topic: TopicNews, dirty: Callable[[], None]) -> Callable[[], None]:
        """Call `dirty` at each change of one of them, until what is returned is called."""
        unwatch = topic.watch(dirty)
        self._watching += 1
        self._is_watched.set()

        def end() -> None:
            unwatch()
            self._watching -= 1
            if not self._watching:
                self._is_watched.clear()

        return end

    async def keep_looking(self, every: float) -> NoReturn:
        """Find out what nobody tells of, every so many seconds for as long as anybody would see it."""
        while True:
            await self._is_watched.wait()
            for topic in self._table.values():
                topic.look()
            await asyncio.sleep(every)
