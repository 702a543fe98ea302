"""Forwards on their way to Voxta, until it is known and recorded what became of each.

Those that expect no answer go in a window: several are under way at once, in order, each with a completion of its own.
What is begun, settled and found out about is written into the store for many at once.
"""

import asyncio
import logging
from collections.abc import Callable, Container, Sequence
from contextlib import suppress
from functools import partial
from typing import Final

from relay.errors import InboxError, RelayError, VoxtaError, VoxtaForbidden, VoxtaNotTold, VoxtaUnavailable
from relay.forwarding.observer import Observer
from relay.forwarding.preparing import ReadyForward
from relay.forwarding.recovery import Doubts, Fate, Recalled
from relay.forwarding.settling import Settling
from relay.forwarding.waiting import Waiting
from relay.inbox.base import Inbox
from relay.inbox.retry import with_retries
from relay.model import AudienceMessage, Forward, Outcome, Retraction
from relay.system.cancellation import checkpoint
from relay.system.company import Company
from relay.voxta.chat import JoinedChat
from relay.voxta.link import Link

log = logging.getLogger(__name__)

WINDOW: Final = 64
"""Forwards under way at most: enough that no server is waited for, few enough to be looked up after a cut."""
RECORDED_WITHIN: Final = 0.02
"""Seconds in which what was sent is recorded, unless somebody waits for that; a relay that dies before leaves it to the
next one to find it in the chat."""
RECORDED_AT_THE_END: Final = 1.0
"""Seconds for which a relay that ends waits until what was sent is recorded: whoever ends it does not wait for long."""


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
        self._some_ended = Company()
        self._is_needed = False
        """There is no room until what has ended is recorded."""
        self._is_awaited = False
        """Somebody waits until nothing is under way any more."""
        self._all_over = asyncio.Event()
        self._all_over.set()
        self._begun: dict[str, ReadyForward] = {}
        """Those that the store may know as begun, by their ids, in the order in which they go."""
        self._recalled = Recalled()
        self._in_vain = 0
        """How often in a row the store let none of them be begun."""
        self._waited_for = 0
        """How many are sent by a task that has not begun yet: what comes later goes behind them."""
        self._is_running = True
        self._failure: Exception | None = None
        self.doubts = Doubts()

    def room(self, waiting: int) -> int:
        """How many more may be sent now of so many; none yet when soon many can go together, at the price of one."""
        room = WINDOW - len(self._under_way)
        if room >= min(waiting, WINDOW // 2):
            return room
        self._hurry()
        return 0

    @property
    def is_busy(self) -> bool:
        """Something is under way."""
        return bool(self._under_way)

    def bodies(self) -> set[str]:
        """What is under way says: after a cut the chat could not tell it from what says the same."""
        return {forward.body for forward in self._under_way.values()}

    async def run(self) -> None:
        """Until cancelled."""
        try:
            async with asyncio.TaskGroup() as self._tasks:
                while True:
                    checkpoint()
                    await self._some_ended.wait()
                    if self._failure is not None:
                        raise self._failure
                    await self._record()
        finally:
            self._is_running = False
            with suppress(RelayError, TimeoutError):
                async with asyncio.timeout(RECORDED_AT_THE_END):
                    await self._record()

    async def _record(self) -> None:
        ended, self._is_needed = list(self._ended), False
        await self._settling.messages((key, how, why) for each, how, why in ended for key in each.keys)
        del self._ended[: len(ended)]
        for each, _, _ in ended:
            self._forget(each.id)
            self._take_off(each)
        if len(self._waiting):
            self._changed()

    def _hurry(self) -> None:
        """What has ended, and what ends next, is to be recorded at once."""
        self._is_needed = True
        if self._ended:
            self._some_ended.set()

    async def over(self) -> None:
        """Wait until nothing is under way any more."""
        self._is_awaited = True
        try:
            while self._under_way:
                self._hurry()
                await self._all_over.wait()
        finally:
            self._is_awaited = False

    # Out

    async def begin(self, several: Sequence[ReadyForward], chat: JoinedChat) -> list[ReadyForward]:
        """Note that these are about to be sent. Those that may be `start`ed now, before anything else happens.

        Raises InboxError, also when the store lets begin none of those that wait there, as it says: not at once, since
        one may have been taken back in this moment.
        """
        self._begun |= {each.forward.id: each for each in several}
        begun = await self._inbox.begin([each.forward for each in several])
        self._in_vain = 0 if any(begun) or not several else self._in_vain + 1
        if self._in_vain > 1:
            raise InboxError("the inbox lets nothing be sent of what waits in it")
        await self._inbox.make_sure()
        if self._session.chat is not chat:
            return []
        return [each for each, is_begun in zip(several, begun, strict=True) if is_begun]

    def start(self, loaded: ReadyForward, chat: JoinedChat) -> asyncio.Task[bool] | None:
        """Send one that is begun, after those that were started before. Whether Voxta took it, of one that asks."""
        forward = loaded.forward
        self._under_way[forward.id] = forward
        self._all_over.clear()
        is_next = not self._waited_for and self._session.chat is chat
        if is_next and (over := self._session.begin_send(forward)) is not None:
            over.add_done_callback(partial(self._answered, forward, chat))
            return None
        self._waited_for += 1
        return self._tasks.create_task(self._send(forward, chat))

    async def _send(self, forward: Forward, chat: JoinedChat) -> bool:
        self._waited_for -= 1
        if self._session.chat is not chat:
            self._over(forward)
            return False
        try:
            await self._session.send(forward)
        except VoxtaError as error:
            return self._note(forward, chat, error)
        return self._note(forward, chat)

    def _answered(self, forward: Forward, chat: JoinedChat, over: asyncio.Future[None]) -> None:
        if over.cancelled() or not self._is_running:
            return
        try:
            self._note(forward, chat, over.exception())
        except Exception as error:
            self._failure = error
            self._some_ended.set()

    def _note(self, forward: Forward, chat: JoinedChat, error: BaseException | None = None) -> bool:
        """What became of one that was sent. Whether Voxta took it."""
        match error:
            case None:
                self._observer.forwarded(forward)
                self._end(forward, Outcome.FORWARDED, forward.send_as.value)
                return True
            case VoxtaUnavailable():
                if not self.is_cut_off(chat):
                    log.warning("%s; will find out whether the message arrived", error)
                self.doubts.add([forward], cut_in=chat)
            case VoxtaForbidden() | VoxtaNotTold():
                log.debug("%s", error)
            case VoxtaError():
                self._end(forward, Outcome.REJECTED, str(error))
                return False
            case _:
                raise error
        self._over(forward)
        return False

    def _end(self, forward: Forward, outcome: Outcome, reason: str) -> None:
        self._ended.append((forward, outcome, reason))
        if self._is_needed or self._is_awaited:
            self._some_ended.set()
        else:
            self._some_ended.set_within(RECORDED_WITHIN)

    def _over(self, forward: Forward) -> None:
        self._take_off(forward)
        self._changed()

    def _take_off(self, forward: Forward) -> None:
        del self._under_way[forward.id]
        if not self._under_way:
            self._all_over.set()

    # What did not arrive

    def retract(self, retraction: Retraction) -> None:
        """What is on its way or in doubt is not told again, if it has to be."""
        begun = [each.forward for each in self._begun.values()]
        self._recalled.note(retraction, [*begun, *(each for each in self.doubts if each.id not in self._begun)])

    def given_up(self, forward: Forward) -> None:
        """Nobody is to answer it: whoever paid for that has been refunded, so it is not told again, if it has to be."""
        if forward.id in self._begun:
            self._recalled.give_up(forward)

    @property
    def has_unsent(self) -> bool:
        """Something was begun and not sent."""
        return any(id not in self.doubts for id in self._begun.keys() - self._under_way.keys())

    async def keep_unsent(self) -> None:
        """What was not sent waits on: the store failed, one of several was taken back, or Voxta takes nothing."""
        if not self.has_unsent:
            return
        await self.over()
        unsent = [each for id, each in self._begun.items() if id not in self.doubts]
        current = await self._abandon([each.forward for each in unsent])
        self._waiting.restore([pick for each in unsent for pick in each.picks if pick.message.key in current])
        for each in unsent:
            self._forget(each.forward.id)

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
        """These never arrived: what they carried waits on, in the order in which it went, and as it was let through."""
        place = {id: place for place, id in enumerate(self._begun)}
        current = await self._abandon(sorted(lost, key=lambda forward: place.get(forward.id, -1)))
        known = {pick.message.key: pick for each in self._begun.values() for pick in each.picks}
        again = self._waiting.judging.again  # for those of the relay before
        self._waiting.restore([known.get(key) or again(message, self._wall()) for key, message in current.items()])
        self._known(lost)

    async def _abandon(self, forwards: Sequence[Forward]) -> dict[str, AudienceMessage]:
        """What these carry and is to be told all the same, by its keys; what was taken back meanwhile ends."""
        for forward in forwards:
            await self._inbox.abandon(forward.id)
        current = await self._inbox.current([key for forward in forwards for key in forward.keys])
        carried = [(each.id, current[key]) for each in forwards for key in each.keys if key in current]
        reasons = {message.key: self._recalled.reason(id, message) for id, message in carried}
        await self._settling.messages((key, Outcome.DROPPED, why) for key, why in reasons.items() if why is not None)
        return {key: message for key, message in current.items() if reasons[key] is None}

    def _known(self, forwards: Sequence[Forward]) -> None:
        self.doubts.settled(forwards)
        for forward in forwards:
            self._forget(forward.id)

    def _forget(self, id: str) -> None:
        self._begun.pop(id, None)
        self._recalled.forget(id)
