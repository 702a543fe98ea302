"""Forwards on their way to Voxta, until it is known and recorded what became of each.

Those that expect no answer go in a window: several are under way at once, in order, each with a completion of its own.
What is begun, settled and found out about is written into the store for many at once.
"""

import asyncio
import logging
from collections.abc import Callable, Container, Sequence
from dataclasses import dataclass
from typing import Final

from relay.errors import VoxtaError, VoxtaForbidden, VoxtaUnavailable
from relay.forwarding.observer import Observer
from relay.forwarding.recovery import Doubts, Fate
from relay.forwarding.rendering import Pick
from relay.forwarding.settling import Settling
from relay.forwarding.waiting import Waiting
from relay.inbox.base import Inbox
from relay.inbox.retry import with_retries
from relay.model import Forward, Outcome
from relay.system.cancellation import checkpoint
from relay.voxta.chat import JoinedChat
from relay.voxta.link import Link

log = logging.getLogger(__name__)

WINDOW: Final = 64
"""Forwards under way at most: enough that no server is waited for, few enough to be looked up after a cut."""


@dataclass(frozen=True, slots=True, eq=False)
class ReadyForward:
    """A forward, and what it carries, which waits again when it is not sent."""

    forward: Forward
    picks: Sequence[Pick]


class Sending:
    """Serves the forwarder alone. `run` owns what is under way and records what becomes of it.

    `changed` is called when something has come to its end. `wall` is in seconds since the epoch.
    """

    def __init__(
        self,
        inbox: Inbox,
        session: Link,
        observer: Observer,
        settling: Settling,
        waiting: Waiting,
        *,
        changed: Callable[[], None],
        wall: Callable[[], float],
    ) -> None:
        self._inbox = inbox
        self._session = session
        self._observer = observer
        self._settling = settling
        self._waiting = waiting
        self._changed = changed
        self._wall = wall
        self._under_way: dict[str, Forward] = {}
        """By their ids, until what became of them is recorded."""
        self._ended: list[tuple[Forward, Outcome, str]] = []
        """What became of them and is not recorded yet."""
        self._some_ended = asyncio.Event()
        self._all_over = asyncio.Event()
        self._all_over.set()
        self._begun: dict[str, Sequence[Pick]] = {}
        """What forwards carry that the store may know as begun, by their ids, in the order in which they go."""
        self.doubts = Doubts()

    @property
    def room(self) -> int:
        """How many more may be sent now."""
        return WINDOW - len(self._under_way)

    @property
    def is_busy(self) -> bool:
        """Something is under way."""
        return bool(self._under_way)

    def bodies(self) -> set[str]:
        """What is under way says: after a cut the chat could not tell it from what says the same."""
        return {forward.body for forward in self._under_way.values()}

    async def run(self) -> None:
        """Until cancelled."""
        async with asyncio.TaskGroup() as self._tasks:
            while True:
                checkpoint()
                await self._some_ended.wait()
                self._some_ended.clear()
                ended, self._ended = self._ended, []
                await self._settling.messages((key, how, why) for each, how, why in ended for key in each.keys)
                for each, _, _ in ended:
                    del self._begun[each.id]
                    self._over(each)

    async def over(self) -> None:
        """Wait until nothing is under way any more."""
        await self._all_over.wait()

    # Out

    async def begin(self, several: Sequence[ReadyForward], chat: JoinedChat) -> list[ReadyForward]:
        """Note that these are about to be sent. Those that may be `start`ed now, before anything else happens."""
        self._begun |= {each.forward.id: each.picks for each in several}
        begun = await self._inbox.begin([each.forward for each in several])
        await self._inbox.make_sure()
        if self._session.chat is not chat:
            return []
        return [each for each, is_begun in zip(several, begun, strict=True) if is_begun]

    def start(self, loaded: ReadyForward, chat: JoinedChat) -> asyncio.Task[bool]:
        """Send one that is begun, after those that were started before. Whether Voxta took it."""
        self._under_way[loaded.forward.id] = loaded.forward
        self._all_over.clear()
        return self._tasks.create_task(self._send(loaded.forward, chat))

    async def _send(self, forward: Forward, chat: JoinedChat) -> bool:
        if self._session.chat is not chat:
            self._over(forward)
            return False
        try:
            await self._session.send(forward)
        except VoxtaUnavailable as error:
            if not self.is_cut_off(chat):
                log.warning("%s; will find out whether the message arrived", error)
            self.doubts.add([forward], cut_in=chat)
        except VoxtaForbidden as error:
            log.debug("%s", error)
        except VoxtaError as error:
            self._end(forward, Outcome.REJECTED, str(error))
            return False
        else:
            self._observer.forwarded(forward)
            self._end(forward, Outcome.FORWARDED, forward.send_as.value)
            return True
        self._over(forward)
        return False

    def _end(self, forward: Forward, outcome: Outcome, reason: str) -> None:
        self._ended.append((forward, outcome, reason))
        self._some_ended.set()

    def _over(self, forward: Forward) -> None:
        del self._under_way[forward.id]
        if not self._under_way:
            self._all_over.set()
        self._changed()

    # What did not arrive

    async def keep_unsent(self) -> None:
        """What was not sent waits on: the store failed, one of several was taken back, or Voxta takes nothing."""
        if all(id in self._under_way or id in self.doubts for id in self._begun):
            return
        await self.over()
        unsent = {id: picks for id, picks in self._begun.items() if id not in self.doubts}
        for id in unsent:
            await self._inbox.abandon(id)
        picks = [pick for carried in unsent.values() for pick in carried]
        current = await self._inbox.current([pick.message.key for pick in picks])
        self._waiting.restore([pick for pick in picks if pick.message.key in current])
        for id in unsent:
            del self._begun[id]

    def is_cut_off(self, chat: JoinedChat) -> bool:
        """Whether the connection broke in this chat, which will therefore be left."""
        return self.doubts.has_cut(chat)

    async def resolve_doubts(self, chat: JoinedChat) -> None:
        """Find out in a chat that was joined after a cut what had arrived; what had not waits on."""
        if not self.doubts:
            return
        await self.over()
        fates = list(self.doubts.fates(chat))
        await self._take_back([forward for forward, fate in fates if fate is Fate.LOST])
        taken = {forward.id for forward, fate in fates if fate is Fate.TAKEN}
        for forward, fate in fates:
            if fate is Fate.TAKEN:
                self._observer.forwarded(forward)
        await self._count_as_sent([forward for forward, fate in fates if fate is not Fate.LOST], taken)

    async def give_up(self) -> None:
        """The run ends: what is under way comes to its end, and what is in doubt counts as sent."""
        await self.over()
        await with_retries(self.keep_unsent)
        await self._count_as_sent(list(self.doubts))

    async def _count_as_sent(self, forwards: Sequence[Forward], found: Container[str] = ()) -> None:
        how = [(each, "found in the chat" if each.id in found else "unconfirmed") for each in forwards]
        reasons = [(key, Outcome.FORWARDED, f"{each.send_as}, {known}") for each, known in how for key in each.keys]
        await self._settling.messages(reasons)
        self._known(forwards)

    async def _take_back(self, lost: Sequence[Forward]) -> None:
        """These never arrived: what they carried waits on, in the order in which it went."""
        for forward in lost:
            await self._inbox.abandon(forward.id)
        place = {id: place for place, id in enumerate(self._begun)}
        in_order = sorted(lost, key=lambda forward: place.get(forward.id, -1))
        current = await self._inbox.current([key for forward in in_order for key in forward.keys])
        self._waiting.restore([self._waiting.again(message, self._wall()) for message in current.values()])
        self._known(lost)

    def _known(self, forwards: Sequence[Forward]) -> None:
        self.doubts.settled(forwards)
        for forward in forwards:
            self._begun.pop(forward.id, None)
