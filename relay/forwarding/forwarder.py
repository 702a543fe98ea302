"""The loop: claim what waits, choose what may go, render it, send it, and record how each message ended."""

import asyncio
import logging
from collections.abc import Callable, Iterable
from typing import Protocol

from tenacity import AsyncRetrying, before_sleep_log, retry_if_exception_type, wait_exponential_jitter

from relay.config import ForwardingSection
from relay.errors import InboxError, RenderingError, VoxtaError, VoxtaUnavailable
from relay.floor import Floor
from relay.forwarding.recovery import Fate, fate_of
from relay.forwarding.rendering import Renderer, reserved_names
from relay.forwarding.window import CAPACITY, Window
from relay.inbox.base import Inbox
from relay.model import AudienceMessage, Forward, Outcome, Settlement
from relay.moderation.budget import Budget
from relay.voxta.chat import Chat
from relay.voxta.session import Session

log = logging.getLogger(__name__)

CLAIM_WAIT = 5.0
"""Seconds one claim waits for a message before it asks the store anew."""
NOTE_CHAT = "chat"
"""The note that holds the id of the chat last served."""


class Observer(Protocol):
    """Hears what the forwarder does. Called without waiting."""

    def asking(self, forward: Forward) -> None:
        """A forward that expects an answer is about to be sent."""
        ...

    def forwarded(self, forward: Forward) -> None:
        """Voxta has taken it."""
        ...

    def settled(self, settlement: Settlement) -> None:
        """A message has its outcome."""
        ...


class Forwarder:
    """Serves one chat session. `wake` tells it that the floor or the session has changed."""

    def __init__(
        self,
        settings: ForwardingSection,
        *,
        inbox: Inbox,
        session: Session,
        floor: Floor,
        observer: Observer,
        clock: Callable[[], float],
        wall: Callable[[], float],
        reclaim_after: float,
    ) -> None:
        self._inbox = inbox
        self._session = session
        self._floor = floor
        self._observer = observer
        self._clock = clock
        self._wall = wall
        self._reclaim_after = reclaim_after
        self._budget = Budget(settings)
        self._renderer = Renderer(settings.kinds)
        self._window = Window(settings)
        self._doubtful: dict[str, Forward] = {}
        self._failed_in: dict[str, Chat] = {}
        self._noted: str | None = None
        self._news = asyncio.Event()
        self._ending: str | None = None
        self._ended = asyncio.Event()

    def wake(self) -> None:
        """Look again: something outside has changed."""
        self._news.set()

    async def run(self) -> None:
        """Forward until cancelled. A store that does not answer is waited for."""
        while True:
            async for attempt in _patiently():
                with attempt:
                    await self._take_over()
            try:
                async with asyncio.TaskGroup() as tasks:
                    tasks.create_task(self._take_in())
                    tasks.create_task(self._send_out())
                    tasks.create_task(self._adopt())
            except* InboxError as group:
                log.warning("the inbox does not answer: %s", group.exceptions[0])

    async def end(self, reason: str) -> None:
        """Finish what is being sent, then drop what waits and what still comes."""
        self._ending = reason
        self.wake()
        await self._ended.wait()

    # Taking in

    async def _take_over(self) -> None:
        """What this relay, or one that is gone, held when it ended."""
        self._doubtful = {forward.id: forward for forward in await self._inbox.unfinished()}
        await self._admit(await self._inbox.reclaim(self._reclaim_after))

    async def _take_in(self) -> None:
        while True:
            await self._admit(await self._inbox.claim(CAPACITY, CLAIM_WAIT))

    async def _adopt(self) -> None:
        while True:
            await asyncio.sleep(self._reclaim_after)
            await self._admit(await self._inbox.reclaim(self._reclaim_after))

    async def _admit(self, messages: Iterable[AudienceMessage]) -> None:
        if self._ending is not None:
            await self._drop(messages, self._ending)
            return
        refused: list[Settlement] = []
        welcome: list[AudienceMessage] = []
        for message in messages:
            if reason := self._budget.admit(message, self._clock()):
                refused.append(self._settlement(message.key, Outcome.REJECTED, reason))
            else:
                welcome.append(message)
        for message in self._window.add(welcome):
            refused.append(self._settlement(message.key, Outcome.EXPIRED, "passed over: too many were waiting"))
        await self._settle(refused)
        self.wake()

    # Sending out

    async def _drop(self, messages: Iterable[AudienceMessage], reason: str) -> None:
        await self._settle([self._settlement(message.key, Outcome.DROPPED, reason) for message in messages])

    async def _send_out(self) -> None:
        while self._ending is None:
            self._news.clear()
            wait = await self._advance()
            if wait is not None and wait <= 0:
                continue
            try:
                async with asyncio.timeout(wait):
                    await self._news.wait()
            except TimeoutError:
                pass
        for forward in self._doubtful.values():
            await self._finish(forward, Outcome.FORWARDED, f"{forward.send_as}, unconfirmed")
        await self._drop(self._window.clear(), self._ending)
        self._ended.set()

    async def _advance(self) -> float | None:
        """Do the next thing. Returns the seconds until another look is due, None when only news can help."""
        await self._expire()
        chat = self._session.chat
        if chat is None:
            return self._until_expiry()
        await self._remember(chat)
        await self._resolve_doubts(chat)
        now = self._clock()
        message = self._window.next(floor_is_free=self._floor.is_free(now))
        if message is None:
            return _soonest(self._until_expiry(), self._floor.free_at(now) - now if len(self._window) else None)
        if (ready := self._budget.ready_at(now)) > now:
            return _soonest(self._until_expiry(), ready - now)
        await self._forward(message, chat)
        return 0.0

    async def _expire(self) -> None:
        gone = self._window.expired(self._wall())
        await self._settle([self._settlement(m.key, Outcome.EXPIRED, "waited too long") for m in gone])

    def _until_expiry(self) -> float | None:
        at = self._window.next_expiry()
        return None if at is None else max(0.01, at - self._wall())

    async def _remember(self, chat: Chat) -> None:
        if chat.chat_id != self._noted:
            await self._inbox.set_note(NOTE_CHAT, chat.chat_id)
            self._noted = chat.chat_id

    async def _forward(self, message: AudienceMessage, chat: Chat) -> None:
        current = (await self._inbox.current([message.key])).get(message.key)
        if current is None:
            self._window.remove(message.key)
            return
        try:
            forward = self._renderer.render(
                current, chat_id=chat.chat_id, after_index=chat.newest_index, reserved=_reserved(chat)
            )
        except RenderingError as error:
            self._window.remove(message.key)
            await self._settle([self._settlement(message.key, Outcome.REJECTED, str(error))])
            return
        begun = await self._inbox.begin(forward)
        self._window.remove(message.key)
        if begun:
            await self._send(forward, chat)

    async def _send(self, forward: Forward, chat: Chat) -> None:
        self._budget.spend(self._clock())
        if forward.send_as.expects_reply:
            self._floor.asked(self._clock())
            self._observer.asking(forward)
        try:
            await self._session.send(forward)
        except VoxtaUnavailable as error:
            log.warning("%s; will find out whether the message arrived", error)
            self._doubtful[forward.id] = forward
            self._failed_in[forward.id] = chat
            self._floor.released()
        except VoxtaError as error:
            self._floor.released()
            await self._finish(forward, Outcome.REJECTED, str(error))
        else:
            self._observer.forwarded(forward)
            await self._finish(forward, Outcome.FORWARDED, forward.send_as.value)

    # After a cut

    async def _resolve_doubts(self, chat: Chat) -> None:
        claimed: set[str] = set()
        for forward in list(self._doubtful.values()):
            if self._failed_in.get(forward.id) is chat:
                continue
            match fate_of(forward, chat, claimed):
                case Fate.TAKEN:
                    self._observer.forwarded(forward)
                    await self._finish(forward, Outcome.FORWARDED, f"{forward.send_as}, found in the chat")
                case Fate.UNKNOWN:
                    await self._finish(forward, Outcome.FORWARDED, f"{forward.send_as}, unconfirmed")
                case Fate.LOST:
                    await self._inbox.abandon(forward.id)
                    again = await self._inbox.current(forward.keys)
                    self._window.add(again.values(), in_front=True)
            self._doubtful.pop(forward.id, None)
            self._failed_in.pop(forward.id, None)

    # Settling

    def _settlement(self, key: str, outcome: Outcome, reason: str) -> Settlement:
        return Settlement(key=key, outcome=outcome, reason=reason, at=self._wall())

    async def _finish(self, forward: Forward, outcome: Outcome, reason: str) -> None:
        await self._settle([self._settlement(key, outcome, reason) for key in forward.keys])

    async def _settle(self, settlements: list[Settlement]) -> None:
        """Record outcomes, however long the store takes: what was sent must not be sent again."""
        if not settlements:
            return
        async for attempt in _patiently():
            with attempt:
                first = await self._inbox.settle(settlements)
        for settlement, is_first in zip(settlements, first, strict=True):
            if is_first:
                self._observer.settled(settlement)


def _patiently() -> AsyncRetrying:
    return AsyncRetrying(
        retry=retry_if_exception_type(InboxError),
        wait=wait_exponential_jitter(multiplier=0.1, max=10, jitter=0.2),
        before_sleep=before_sleep_log(log, logging.WARNING),
    )


def _soonest(*waits: float | None) -> float | None:
    return min((wait for wait in waits if wait is not None), default=None)


def _reserved(chat: Chat) -> frozenset[str]:
    return reserved_names(chat.user_name, *(person.name for person in chat.characters))
