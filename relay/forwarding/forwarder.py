"""The loop: claim what waits, choose what may go and when, have it prepared and sent, and record how each ended."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Container, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from functools import partial

from relay.commands.explaining import Halt, QueuePlace
from relay.commands.gate import CommandGate, Finished
from relay.config.loading import Config
from relay.errors import InboxError
from relay.forwarding.admission import Admission
from relay.forwarding.gap import ForwardGap
from relay.forwarding.lanes import Batch
from relay.forwarding.last_chat import LastChat
from relay.forwarding.observer import Observer
from relay.forwarding.policy import Policy
from relay.forwarding.preparing import Preparing, ReadyForward
from relay.forwarding.rendering import Renderer
from relay.forwarding.sending import Sending
from relay.forwarding.settling import Settling
from relay.forwarding.waiting import Waiting
from relay.inbox.base import Inbox
from relay.inbox.ledger import names
from relay.inbox.retry import with_retries
from relay.model import AudienceMessage, Forward, Outcome, PlatformDecision, Retraction, Settlement
from relay.moderation.budget import Budget, is_quiet
from relay.moderation.switches import Switches
from relay.speech.floor import Floor
from relay.system.cancellation import checkpoint
from relay.system.clock import now as wall_time
from relay.voxta.chat import JoinedChat
from relay.voxta.link import Link

HALTED_LOOK = 30.0
"""Seconds between two looks at the clock while quiet hours may end."""


class Forwarder:
    """Serves one chat session. `wake` tells it that the floor or the session has changed.

    `labels` are what people call the platforms, by their names.
    """

    def __init__(
        self,
        config: Config,
        *,
        inbox: Inbox,
        session: Link,
        floor: Floor,
        observer: Observer,
        commands: CommandGate,
        quiet: Container[str] = (),
        clock: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = wall_time,
        labels: Mapping[str, str] | None = None,
    ) -> None:
        policy = Policy(config.forwarding, commands.table)
        self._inbox = inbox
        self._session = session
        self._floor = floor
        self._observer = observer
        self._clock = clock
        self._wall = wall
        self._gap = ForwardGap(config.selection)
        self._budget = Budget(config.budget)
        self.waiting = Waiting(config, policy=policy, budget=self._budget, commands=commands, quiet=quiet, steady=clock)
        self.brief: Callable[[Forward], Awaitable[None]] | None = None
        """Tells the character whom it is about to hear, where people are remembered; waited for, and never raises."""
        self._settling = Settling(inbox, observer.settled, wall)
        self._admission = Admission(inbox, self._settling, self.waiting, changed=self.wake, wall=wall)
        renderer = Renderer(policy, config.selection.length, labels)
        self._preparing = Preparing(renderer, self._settling, self.waiting, wall)
        self._sending = Sending(inbox, session, observer, self._settling, self.waiting, changed=self.wake, wall=wall)
        self.given_up = self._sending.given_up
        """Tells that somebody has stopped the answer to a forward before it began."""
        self.last_chat = LastChat(inbox, config.voxta)
        self._news = asyncio.Event()
        self._is_hushed = False
        self.rests = False
        """Nothing more is sent in this run; what comes in waits for the next."""
        self._ending: str | None = None
        self._ended = asyncio.Event()

    @property
    def is_settling(self) -> bool:
        """Outcomes are on their way into the store; those who observe do not know of them yet."""
        return self._settling.is_under_way or self._sending.is_busy

    def wake(self) -> None:
        """Look again: something outside has changed."""
        self._news.set()

    def hush(self, is_hushed: bool) -> None:
        """Whether nothing is forwarded for now, since nothing is streamed; what comes in waits and expires."""
        self._is_hushed = is_hushed
        self.wake()  # it is told after every change outside, such as a chat that was joined again

    def finish(self, finished: Finished) -> None:
        """The relay has carried out a command itself, or will not."""
        self.waiting.finish(finished)
        self.wake()

    def follow(self, switches: Switches) -> None:
        """Apply the moderators' settings now."""
        self.waiting.apply(switches)
        self.wake()

    def decide(self, decision: PlatformDecision) -> None:
        """A platform has decided about a message that it withholds."""
        self.waiting.decide(decision, self._wall())
        self.wake()

    def retract(self, retraction: Retraction) -> None:
        """Messages were taken back: they wait no more. Of what is about to be sent nothing is sent again."""
        self.waiting.take_back(partial(names, retraction), retraction.reason)
        self._sending.retract(retraction)
        self.wake()

    def settled(self, settlements: Sequence[Settlement]) -> None:
        """What the store has dropped does not wait, neither what was claimed when it was taken back."""
        dropped = {each.key for each in settlements if each.outcome is Outcome.DROPPED}
        if dropped:
            self._admission.forget(dropped)
            self.waiting.take_back(lambda message: message.key in dropped, "taken back")

    async def run(self) -> None:
        """Forward until cancelled. A store that does not answer is waited for."""
        self._sending.doubts.add(await with_retries(self._inbox.unfinished))
        await self._admission.take_over()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._admission.run())
            tasks.create_task(self._sending.run())
            tasks.create_task(self._send_out())

    async def end(self, reason: str) -> None:
        """Finish what is being sent, then drop what waits and what still comes."""
        self._ending = reason
        self._admission.end(reason)
        self.wake()
        await self._ended.wait()

    async def forget(self, viewer: str) -> None:
        """Delete what is noted of `platform:id`."""
        self.waiting.judging.follows.forget(viewer)
        await self.waiting.judging.follows.keep(self._inbox)

    # Sending out

    async def _send_out(self) -> None:
        while self._ending is None:
            checkpoint()
            self._news.clear()
            wait = await with_retries(self._advance)
            await self._settle_ended()
            if wait is not None and wait <= 0:
                await asyncio.sleep(0)
                continue
            with suppress(TimeoutError):
                async with asyncio.timeout(wait):
                    await self._news.wait()
        await self._wind_up(self._ending)
        self._ended.set()

    async def _wind_up(self, reason: str) -> None:
        await self._sending.give_up()
        self.waiting.clear(Outcome.DROPPED, reason)
        self.waiting.give_up_held(reason)
        await self._settle_ended()

    async def _advance(self) -> float | None:
        """Do the next thing. Returns the seconds until another look is due, None when only news can help."""
        await self._sending.keep_unsent()
        self.waiting.expire(self._wall())
        chat = self._session.chat
        if chat is None:
            return self._until_expiry()
        await self.last_chat.remember(chat)
        await self._sending.resolve_doubts(chat)
        if self._session.refusal is not None or self._sending.is_cut_off(chat):
            return self._until_expiry()
        if self._is_halted:
            return _soonest(self._until_expiry(), HALTED_LOOK)
        return await self._tell_next(chat)

    async def _tell_next(self, chat: JoinedChat) -> float | None:
        now = self._clock()
        floor_is_free = self._floor.is_free(now)
        if floor_is_free:
            self._gap.answered(now, is_loud=self.waiting.is_loud(self._wall()))
        may_be_told = self.waiting.has_spoken and self._floor.has_room_for_words(now)
        if (ready := self._budget.ready_at(now)) > now and not may_be_told:
            return _soonest(self._until_expiry(), ready - now)
        may_ask = floor_is_free and (now >= self._gap.ends_at or self.waiting.has_first)
        if self._sending.is_busy and self.waiting.asks_next(floor_is_free=may_ask, spoken_first=may_be_told):
            await self._sending.over()
            return 0.0
        if not (room := self._sending.room(len(self.waiting))):
            return self._until_expiry()
        batch = self.waiting.next(self._wall(), floor_is_free=may_ask, spoken_first=may_be_told)
        if batch is None:
            return _soonest(self._until_expiry(), self._until_slot(now))
        most = 1 if batch.asks or self.brief is not None else min(room, self._budget.room(now))
        await self._tell([batch, *self.waiting.notices(most - 1)], chat)
        return 0.0 if len(self.waiting) or self._sending.has_unsent else self._until_expiry()

    def place_of(self, key: str) -> QueuePlace | None:
        """How the message with this key waits; None when it does not."""
        place = self.waiting.place_of(key, self._wall())
        return place and replace(place, halt=self.halt)

    @property
    def halt(self) -> Halt | None:
        """Why nothing is told at the moment; None when it is."""
        return self._halt() or (None if self._session.chat else Halt.AWAY)

    @property
    def _is_halted(self) -> bool:
        return self.rests or self._halt() is not None

    def _halt(self) -> Halt | None:
        """Why nothing is sent although Voxta would take it."""
        switches = self.waiting.switches
        if switches.paused:
            return Halt.PAUSED
        if self._is_hushed:
            return Halt.OFF_STREAM
        return Halt.QUIET_HOURS if is_quiet(switches.quiet_hours, datetime.now()) else None

    def _until_slot(self, now: float) -> float | None:
        if not len(self.waiting):
            return None
        free_at = self._floor.free_at(now)
        at = free_at if self.waiting.has_first else max(free_at, self._gap.ends_at)
        return at - now if at > now else None  # who interrupted is done: whoever keeps the floor has not looked yet

    def _until_expiry(self) -> float | None:
        at = self.waiting.next_expiry(self._wall())
        return None if at is None else max(0.01, at - self._wall())

    async def _settle_ended(self) -> None:
        ended = self.waiting.take_ended()
        await self._settling.messages([(each.message.key, each.outcome, each.reason) for each in ended])

    async def _tell(self, batches: Sequence[Batch], chat: JoinedChat) -> None:
        """Send these, one that asks for an answer or several that do not, as far as they may still be told."""
        picks = [pick for batch in batches for pick in batch.picks]
        self.waiting.chosen.hold(picks)
        try:
            current = await self._inbox.current([pick.message.key for pick in picks])
        except InboxError:
            self.waiting.restore(picks)
            raise
        ready = await self._preparing.prepare(batches, current, chat, self._sending.bodies())
        if self.brief is not None:
            for each in ready:
                await self.brief(each.forward)
        begun = await self._sending.begin(list(ready), chat)
        if begun and self._must_wait(ready[begun[0]], begun[0].forward):
            return
        for each in begun:
            self.waiting.told(ready[each], each.picks, self._wall())
            self._budget.spend(self._clock())
            if each.forward.expects_reply:
                await self._ask(each, chat)
            else:
                self._sending.start(each, chat)
        if len(ready) < len(batches):  # one may wait for its like: looking again before that is over is in vain
            await self._sending.over()

    def _must_wait(self, batch: Batch, forward: Forward) -> bool:
        """Whether what was begun may not go after all: the store and the character took a while to be told of it."""
        if self._is_halted or self._ending is not None or self._session.refusal is not None:
            return True
        return self.waiting.chosen.is_called_off or (forward.expects_reply and not self._has_room_for(batch))

    def _has_room_for(self, batch: Batch) -> bool:
        now = self._clock()
        return self._floor.has_room_for_words(now) if batch.is_spoken else self._floor.is_free(now)

    async def _ask(self, ready: ReadyForward, chat: JoinedChat) -> None:
        forward = ready.forward
        self._floor.asked(self._clock(), interruptible=forward.interruptible)
        self._observer.asking(forward)
        self._gap.asked(self._clock(), is_loud=self.waiting.is_loud(self._wall()))
        sent = self._sending.start(ready, chat)
        if sent is None or not await sent:
            self._floor.released()
            self._observer.unasked(forward)
        await self._sending.over()

    def worded(self, message: AudienceMessage) -> str | None:
        """How the character would be asked by this message alone; None when it would not be."""
        chat = self._session.chat
        return None if chat is None else self._preparing.worded(message, chat)


def _soonest(*waits: float | None) -> float | None:
    return min((wait for wait in waits if wait is not None), default=None)
