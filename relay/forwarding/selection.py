"""Which of the waiting messages are heard next: by lanes, by score, sampled rather than maximised, and fairly.

Choosing the best score each time would let whoever writes most own the companion. So every message gets a sort key
-ln(U) / exp(S / T) when it arrives (weighted sampling after Efraimidis and Spirakis, 2006), which holds for as long as
it waits (`scoring.py`). Arriving, choosing and leaving cost O(log n).
"""

import random
from collections import OrderedDict
from collections.abc import Callable, Container, Iterator
from heapq import merge
from itertools import islice

from sortedcontainers import SortedKeyList

from relay.commands.explaining import QueuePlace
from relay.config import SelectionSection
from relay.forwarding.duplicates import Duplicates, RecentTexts
from relay.forwarding.fairness import Fairness
from relay.forwarding.lanes import AT_ONCE, MAX_ECHOES, POOLED, Choice, Ended, Lane, PooledMessage, lane_of
from relay.forwarding.pace import RoomPace
from relay.forwarding.scoring import Scoring
from relay.forwarding.shouts import Shouts
from relay.model import AudienceMessage, Outcome
from relay.moderation.features import TextFeatures

LOOK_PAST = 4
"""How many times as many messages as are picked may be looked at, since some repeat and some are of another type."""
FIRST = -1e6
"""The luck of a message that has to go first."""


class Selector:
    """The waiting messages that ask for an answer. All times are seconds since the epoch.

    What selection ends itself (merged, passed over, expired) is collected until `take_ended`.
    """

    def __init__(self, settings: SelectionSection, *, alike: Callable[[AudienceMessage], object]) -> None:
        """`alike` names what events need in common to go into one forward."""
        self._settings = settings
        self._alike = alike
        self._random = random.Random(settings.seed)
        self._lanes: dict[Lane, OrderedDict[str, PooledMessage]] = {lane: OrderedDict() for lane in Lane}
        self._by_age: dict[Lane, SortedKeyList[PooledMessage, float]] = {lane: SortedKeyList(key=_age) for lane in Lane}
        self._pool: SortedKeyList[PooledMessage, float] = SortedKeyList(key=_rank)
        self._newest: dict[str, PooledMessage] = {}
        self._duplicates = Duplicates()
        self._fairness = Fairness(settings.rest)
        self._scoring = Scoring(settings, self._fairness)
        self._recent = RecentTexts(settings.recent)
        self._shouts = Shouts(at_least=settings.shout, most=settings.pool)
        self._room_pace = RoomPace(settings.loud_per_minute)
        self._ended: list[Ended] = []
        self._events_in_a_row = 0

    def __len__(self) -> int:
        return sum(map(len, self._lanes.values()))

    def __iter__(self) -> Iterator[PooledMessage]:
        """All that waits, lane by lane."""
        return (waiting for lane in self._lanes.values() for waiting in lane.values())

    def is_loud(self, now: float) -> bool:
        """Whether more comes in than can be answered one by one."""
        return self._room_pace.is_loud(now)

    def take_ended(self) -> list[Ended]:
        """What selection is done with since the last call."""
        ended, self._ended = self._ended, []
        return ended

    # In

    def offer(self, message: AudienceMessage, text: str, reading: TextFeatures, now: float) -> None:
        """Take a message in, to be told as `text`."""
        waiting = PooledMessage(message, text, reading, lane_of(message), message.at)
        if message.at <= now - self._time_to_live(waiting.lane, now):
            self._ended.append(Ended(message, Outcome.EXPIRED, "waited too long"))
            return
        if waiting.lane not in POOLED:
            self._line_up(waiting)
            return
        self._room_pace.count(now)
        if self._repeats(waiting, now):
            return
        waiting.luck = self._fairness.luck(waiting.viewer, now, self._settings.chat_ttl, self._random)
        self._replace(waiting, now)
        self._insert(waiting, now)
        if len(self._pool) > self._settings.pool:
            self._end(self._pool[-1], Outcome.EXPIRED, "passed over: too many were waiting")

    def noticed(self, message: AudienceMessage, now: float) -> None:
        """Somebody wrote something, whatever becomes of it."""
        self._fairness.spoke(message.viewer, now)

    def place_of(self, key: str, now: float) -> QueuePlace | None:
        """How the message with this key waits; None when it does not."""
        if (waiting := self._waiting(key)) is None:
            return None
        left, others = self.expiry(waiting, now) - now, len(self) - 1
        if waiting.lane in POOLED and self.is_loud(now):
            return QueuePlace(left, others=others)
        first = [lane for lane in Lane if lane < waiting.lane and lane not in POOLED]
        beside = POOLED if waiting.lane in POOLED else (waiting.lane,)
        older = sum(self._by_age[lane].bisect_key_left(waiting.at) for lane in beside)
        return QueuePlace(left, sum(len(self._lanes[lane]) for lane in first) + older, others)

    def of(self, viewer: str) -> list[str]:
        """The keys of what waits of a viewer."""
        return [key for lane in self._lanes.values() for key, waiting in lane.items() if waiting.viewer == viewer]

    def restore(self, message: AudienceMessage, text: str, reading: TextFeatures) -> None:
        """Put back a message that was chosen and did not arrive; it goes first."""
        waiting = PooledMessage(message, text, reading, lane_of(message), message.at)
        if waiting.lane in POOLED:
            waiting.luck = FIRST
            self._insert(waiting, message.at)
        else:
            self._enter(waiting)
        self._lanes[waiting.lane].move_to_end(message.key, last=False)

    def clear(self) -> list[AudienceMessage]:
        """Take everything out."""
        everything = list(self)
        for waiting in everything:
            self._discard(waiting)
        return [waiting.message for waiting in everything]

    # What moderators do to it

    @property
    def has_first(self) -> bool:
        return bool(self._lanes[Lane.FIRST])

    @property
    def has_spoken(self) -> bool:
        """Whether somebody waits who said something aloud."""
        return bool(self._lanes[Lane.SPOKEN])

    def choose_spoken(self) -> Choice | None:
        """What was said aloud first, taken out; None when nothing is."""
        first = next(iter(self._lanes[Lane.SPOKEN].values()), None)
        return None if first is None else Choice((self._take(first),))

    def put_first(self, key: str) -> bool:
        """Tell this one before all others. Whether it waits."""
        if waiting := self._waiting(key):
            self._discard(waiting)
            waiting.lane = Lane.FIRST
            self._enter(waiting)
        return bool(waiting)

    def drop(self, key: str, outcome: Outcome, reason: str) -> bool:
        """End one. Whether it waited."""
        if waiting := self._waiting(key):
            self._end(waiting, outcome, reason)
        return bool(waiting)

    def in_order(self, now: float) -> Iterator[PooledMessage]:
        """All that waits, in the order in which it would be heard if nothing more came."""
        for lane in AT_ONCE:
            yield from self._lanes[lane].values()
        events = list(self._lanes[Lane.EVENT].values())
        is_loud, in_a_row = self.is_loud(now), self._events_in_a_row
        chat = iter(self._pool if is_loud else merge(*(self._lanes[lane].values() for lane in POOLED), key=_age))
        while True:
            if events and in_a_row < self._settings.events_in_a_row:
                in_a_row += 1
                kind = self._alike(events[0].message)
                together = [each for each in events if self._alike(each.message) == kind][: self._settings.events]
                yield from together
                events = [each for each in events if each not in together]
            else:
                in_a_row = 0
                picked = list(islice(chat, self._settings.picks if is_loud else 1))
                if not picked and not events:
                    return
                yield from picked

    # Out

    def choose(self, now: float) -> Choice | None:
        """What is heard next, taken out; None when nothing waits. Call `mark_sent` once it is sent."""
        events = self._lanes[Lane.EVENT]
        if at_once := next((waiting for lane in AT_ONCE for waiting in self._lanes[lane].values()), None):
            return Choice((self._take(at_once),))
        if events and (self._events_in_a_row < self._settings.events_in_a_row or not self._pool):
            self._events_in_a_row += 1
            first = self._alike(next(iter(events.values())).message)
            together = [waiting for waiting in events.values() if self._alike(waiting.message) == first]
            return Choice(tuple(self._take(waiting) for waiting in together[: self._settings.events]))
        if not self._pool:
            return None
        self._events_in_a_row = 0
        if not self.is_loud(now):
            firsts = [next(iter(self._lanes[lane].values())) for lane in POOLED if self._lanes[lane]]
            return Choice((self._take(min(firsts, key=lambda waiting: waiting.at)),))
        return self._sample(now)

    def mark_sent(self, choice: Choice, keys: Container[str], now: float) -> None:
        """What of the choice has one of these keys was sent."""
        for waiting in choice.picks:
            if waiting.lane in (Lane.FIRST, *POOLED) and waiting.message.key in keys:
                self._fairness.was_heard(waiting.viewer, waiting.message.platform, now)
                self._recent.add(waiting.message.key, waiting.reading.digest, waiting.reading.simhash)

    def expire(self, now: float) -> None:
        """End what is no longer worth an answer."""
        for lane in [lane for lane, entries in self._lanes.items() if entries]:
            waiting_by_age, limit = self._by_age[lane], now - self._time_to_live(lane, now)
            while waiting_by_age and (oldest := waiting_by_age[0]).at <= limit:
                self._end(oldest, Outcome.EXPIRED, "waited too long")

    def next_expiry(self, now: float) -> float | None:
        """When the next message expires."""
        oldest = [self._by_age[lane][0] for lane, entries in self._lanes.items() if entries]
        return min((self.expiry(first, now) for first in oldest), default=None)

    def oldest(self) -> float | None:
        """When the message came in that waits for longest; None when nothing waits."""
        return min((entries[0].at for entries in self._by_age.values() if entries), default=None)

    # Inside

    def _sample(self, now: float) -> Choice:
        picks: list[PooledMessage] = []
        group = self._alike(self._pool[0].message)
        for waiting in list(islice(self._pool, self._settings.picks * LOOK_PAST)):
            if self._recent.has(waiting.reading.digest, waiting.reading.simhash):
                self._end(waiting, Outcome.MERGED, "the companion was told the same before")
            elif self._alike(waiting.message) == group and len(picks) < self._settings.picks:
                picks.append(self._take(waiting))
        return Choice(tuple(picks), self._shouts.take())

    def _line_up(self, waiting: PooledMessage) -> None:
        self._enter(waiting)
        lane = self._lanes[waiting.lane]
        if len(lane) > self._settings.pool:
            self._end(next(iter(lane.values())), Outcome.EXPIRED, "passed over: too many were waiting")

    def _repeats(self, waiting: PooledMessage, now: float) -> bool:
        """Whether it is counted with another instead of waiting itself."""
        reading = waiting.reading
        if waiting.lane is Lane.CHAT and reading.is_noise and self.is_loud(now):
            self._shouts.add(reading.plain, waiting.viewer)
            self._ended.append(Ended(waiting.message, Outcome.MERGED, "counted: the room said it together"))
            return True
        name = self._duplicates.find(reading.digest, reading.simhash)
        if name is None:
            return False
        first = self._find(name)
        if first.viewer != waiting.viewer and len(first.viewers) < MAX_ECHOES:
            first.viewers.add(waiting.viewer)
            if len(first.viewers).bit_count() == 1:
                self._rerank(first, now)
        self._ended.append(Ended(waiting.message, Outcome.MERGED, f"same as {name}"))
        return True

    def _replace(self, waiting: PooledMessage, now: float) -> None:
        older = self._newest.get(waiting.viewer)
        if older is not None and self.is_loud(now):
            self._end(older, Outcome.EXPIRED, "the viewer wrote something newer")
        self._newest[waiting.viewer] = waiting

    def _insert(self, waiting: PooledMessage, now: float) -> None:
        waiting.rank = self._scoring.rank(waiting, now)
        self._enter(waiting)
        self._pool.add(waiting)
        self._duplicates.add(waiting.message.key, waiting.reading.digest, waiting.reading.simhash)

    def _enter(self, waiting: PooledMessage) -> None:
        self._lanes[waiting.lane][waiting.message.key] = waiting
        self._by_age[waiting.lane].add(waiting)

    def _rerank(self, waiting: PooledMessage, now: float) -> None:
        self._pool.remove(waiting)
        waiting.rank = self._scoring.rank(waiting, now)
        self._pool.add(waiting)

    def _waiting(self, key: str) -> PooledMessage | None:
        return next((lane[key] for lane in self._lanes.values() if key in lane), None)

    def _find(self, key: str) -> PooledMessage:
        return self._lanes[Lane.CHAT].get(key) or self._lanes[Lane.ADDRESSED][key]

    def _take(self, waiting: PooledMessage) -> PooledMessage:
        self._discard(waiting)
        return waiting

    def _end(self, waiting: PooledMessage, outcome: Outcome, reason: str) -> None:
        self._discard(waiting)
        self._ended.append(Ended(waiting.message, outcome, reason))

    def _discard(self, waiting: PooledMessage) -> None:
        key = waiting.message.key
        del self._lanes[waiting.lane][key]
        self._by_age[waiting.lane].remove(waiting)
        if waiting.lane not in POOLED:
            return
        self._pool.remove(waiting)
        self._duplicates.remove(key, waiting.reading.digest, waiting.reading.simhash)
        if self._newest.get(waiting.viewer) is waiting:
            del self._newest[waiting.viewer]

    def expiry(self, waiting: PooledMessage, now: float) -> float:
        return waiting.at + self._time_to_live(waiting.lane, now)

    def _time_to_live(self, lane: Lane, now: float) -> float:
        settings = self._settings
        if lane is Lane.CHAT:
            return settings.chat_ttl if self.is_loud(now) else settings.quiet_ttl
        return settings.addressed_ttl if lane in (Lane.SPOKEN, Lane.ADDRESSED) else settings.event_ttl


def _rank(waiting: PooledMessage) -> float:
    return waiting.rank


def _age(waiting: PooledMessage) -> float:
    return waiting.at
