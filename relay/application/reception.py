"""What comes in from the platforms, to where it belongs: messages into the inbox, commands to the controls."""

from collections.abc import Sequence
from itertools import groupby

from relay.application.addressing import Addressing
from relay.application.events import Events
from relay.application.routing import ReplyRouter
from relay.application.statistics import Statistics
from relay.inbox.base import Inbox
from relay.model import AudienceMessage, Caller, Edit, Incoming, Origin, PlatformDecision, Retraction
from relay.moderation.controls import Controls, command_in
from relay.rewards.keeper import RedemptionKeeper
from relay.system import clock
from relay.system.cancellation import to_its_end


class Reception:
    """`receive` is what platforms are built with."""

    def __init__(
        self,
        inbox: Inbox,
        addressing: Addressing,
        controls: Controls,
        answers: ReplyRouter,
        statistics: Statistics,
        events: Events,
        redemptions: RedemptionKeeper,
    ) -> None:
        self._inbox = inbox
        self._addressing = addressing
        self._controls = controls
        self._answers = answers
        self._statistics = statistics
        self._events = events
        self._redemptions = redemptions

    async def receive(self, *incoming: Incoming) -> None:
        """Store what a platform brings; durable when it returns."""
        for is_message, group in groupby(incoming, lambda each: isinstance(each, AudienceMessage)):
            if is_message:
                # what is stored has to be counted too, also when the platform is told to end in that moment
                await to_its_end(self._store([each for each in group if isinstance(each, AudienceMessage)]))
            else:
                for change in group:
                    await self._change(change)

    async def _store(self, heard: Sequence[AudienceMessage]) -> None:
        messages = [each for each in map(self._addressing.marked, heard) if self._addressing.is_wanted(each)]
        expected = await self._redemptions.expect(messages)
        stored = list(zip(messages, await self._inbox.append(messages), strict=True))
        self._redemptions.known_before([each.key for each, is_new in stored if not is_new and each.key in expected])
        for message, is_new in stored:
            self._statistics.message(message, is_new=is_new)
            self._events.arrived(message)
            if is_new and not message.pretended and (words := command_in(message)) is not None:
                await self._obey(message, words)

    async def _change(self, change: Incoming) -> None:
        match change:
            case Edit():
                await self._inbox.edit(change)
            case PlatformDecision():
                self._events.decided(change)
            case Retraction():
                self._answers.retract(change)
                self._statistics.dropped(await self._inbox.retract(change, clock.now()), change.reason)
                self._redemptions.retracted(change)

    async def _obey(self, message: AudienceMessage, words: str) -> None:
        """A moderator's command in chat; the forwarder drops the message itself."""
        author = message.author
        by = Caller(source=message.platform, name=author.name, id=author.id, roles=author.roles)
        self._events.obeyed(Origin.of(message), await self._controls.run(words, by))
