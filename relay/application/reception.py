"""What comes in from the platforms, to where it belongs: messages into the inbox, commands to the controls."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import compress, groupby

from relay.application.addressing import Addressing
from relay.application.events import Events
from relay.application.statistics import Statistics
from relay.errors import InboxError, InboxTaken, another
from relay.inbox.base import Inbox
from relay.model import AudienceMessage, Caller, Edit, Incoming, Origin, PlatformDecision, Retraction
from relay.moderation.controls import Controls, command_in
from relay.rewards.keeper import RedemptionKeeper
from relay.system import clock


@dataclass(slots=True, eq=False)
class _Brought:
    """What a platform hands over at once."""

    messages: Sequence[AudienceMessage]
    is_stored: asyncio.Future[None]


class Reception:
    """`receive` is what platforms are built with."""

    def __init__(
        self,
        inbox: Inbox,
        addressing: Addressing,
        controls: Controls,
        statistics: Statistics,
        events: Events,
        redemptions: RedemptionKeeper,
    ) -> None:
        self._inbox = inbox
        self._addressing = addressing
        self._controls = controls
        self._statistics = statistics
        self._events = events
        self._redemptions = redemptions
        self._brought: list[_Brought] = []
        """What came in this moment; it is stored together."""
        self._storing: asyncio.Task[None] | None = None

    async def receive(self, *incoming: Incoming) -> None:
        """Store what a platform brings; durable when it returns."""
        for is_message, group in groupby(incoming, lambda each: isinstance(each, AudienceMessage)):
            if is_message:
                await self._take_in([each for each in group if isinstance(each, AudienceMessage)])
            else:
                for change in group:
                    await self._change(change)

    async def _take_in(self, messages: Sequence[AudienceMessage]) -> None:
        """What is stored has to be counted too, also when the platform is told to end in that moment."""
        brought = _Brought(messages, asyncio.get_running_loop().create_future())
        self._brought.append(brought)
        if self._storing is None:
            self._storing = asyncio.create_task(self._store(), name="reception")
        storing = self._storing
        try:
            await brought.is_stored
        except asyncio.CancelledError:
            await asyncio.wait({storing})
            raise

    async def _store(self) -> None:
        several, self._brought, self._storing = self._brought, [], None
        try:
            await self._store_together(several)
        except Exception as error:
            for brought in several:
                _end(brought, error)
        finally:  # whoever still waits is cancelled with us
            for brought in several:
                brought.is_stored.cancel()

    async def _store_together(self, several: Sequence[_Brought]) -> None:
        wanted = [self._wanted(brought.messages) for brought in several]
        is_new = iter(await self._append([message for messages in wanted for message in messages]))
        async with asyncio.TaskGroup() as tasks:
            for brought, messages in zip(several, wanted, strict=True):
                if orders := self._heard([(message, next(is_new)) for message in messages]):
                    tasks.create_task(self._obey(brought, orders))
                else:
                    _end(brought)

    def _wanted(self, messages: Sequence[AudienceMessage]) -> list[AudienceMessage]:
        return [each for each in map(self._addressing.marked, messages) if self._addressing.is_wanted(each)]

    async def _append(self, messages: Sequence[AudienceMessage]) -> Sequence[bool]:
        """Which of them are new."""
        expected = await self._redemptions.expect(messages)
        are_owed = [not self._redemptions.is_paid_back(each.key) for each in messages]
        appended = iter(await self._inbox.append(list(compress(messages, are_owed))))
        stored = [is_owed and next(appended) for is_owed in are_owed]
        if expected:
            self._redemptions.known_before(
                each.key for each, is_new in zip(messages, stored, strict=True) if not is_new and each.key in expected
            )
        return stored

    def _heard(self, stored: Sequence[tuple[AudienceMessage, bool]]) -> list[tuple[AudienceMessage, str]]:
        """Count and tell of it. What moderators order with it."""
        for message, is_new in stored:
            self._statistics.message(message, is_new=is_new)
            self._events.arrived(message)
        return [
            (each, words)
            for each, is_new in stored
            if is_new and not each.pretended and (words := command_in(each)) is not None
        ]

    async def _change(self, change: Incoming) -> None:
        match change:
            case Edit():
                await self._inbox.edit(change)
            case PlatformDecision():
                self._events.decided(change)
            case Retraction():
                await self.take_back(change)

    async def take_back(self, retraction: Retraction) -> None:
        """End what it names, whether that still waits, is about to be told, or is being answered."""
        self._events.retracted(retraction)
        if dropped := await self._inbox.retract(retraction, clock.now()):
            self._events.settled(dropped)
        self._redemptions.retracted(retraction)

    async def _obey(self, brought: _Brought, orders: Sequence[tuple[AudienceMessage, str]]) -> None:
        """Moderators' commands in chat; the forwarder drops the messages themselves."""
        try:
            for message, words in orders:
                author = message.author
                by = Caller(source=message.platform, name=author.name, id=author.id, roles=author.roles)
                self._events.obeyed(Origin.of(message), await self._controls.run(words, by))
        except Exception as error:
            _end(brought, error)
        else:
            _end(brought)


def _end(brought: _Brought, error: Exception | None = None) -> None:
    if brought.is_stored.done():
        return
    if error is None:
        brought.is_stored.set_result(None)
    else:
        brought.is_stored.set_exception(another(error) if isinstance(error, InboxError | InboxTaken) else error)
