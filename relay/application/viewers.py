"""What viewers can ask of the relay about themselves, put together with what it takes to answer them."""

import asyncio
from collections.abc import Awaitable, Callable

from relay.application.addressing import Addressing
from relay.commands.builtin import OWNER
from relay.commands.forgetting import Forgetting
from relay.commands.gate import CommandGate
from relay.commands.introduction import introduction, named
from relay.commands.latest import LatestMessages
from relay.commands.questions import questions
from relay.commands.recalling import recall
from relay.commands.wishes import ViewerWishes
from relay.config.loading import Config
from relay.forwarding.follows import NOTE_FOLLOWS, followed_at
from relay.forwarding.forwarder import Forwarder
from relay.inbox.base import Inbox
from relay.model import Retraction
from relay.moderation.quiet import QuietViewers
from relay.system import clock

IN_A_TURN = 100
"""Messages after which other companions of the process have their turn."""
LOOKED_BACK = 2_000
"""Messages read at the start: viewers can ask about what they wrote before it, and who wrote is no newcomer."""


class ViewersCommands:
    """Registers the commands; `restore` before they are used."""

    def __init__(
        self,
        config: Config,
        commands: CommandGate,
        inbox: Inbox,
        quiet: QuietViewers,
        forwarder: Forwarder,
        addressing: Addressing,
        take_back: Callable[[Retraction], Awaitable[None]],
    ) -> None:
        self._inbox = inbox
        self._commands = commands
        self._judging = forwarder.waiting.judging
        self._quiet = quiet
        self.latest = LatestMessages(commands.table)
        self.forgetting = Forgetting(inbox)

        def name() -> str:
            return named(addressing.characters())

        self.wishes = ViewerWishes(
            commands.table,
            quiet,
            self.forgetting,
            self.latest,
            waiting_of=forwarder.waiting.of,
            take_back=take_back,
            name=name,
            noted=forwarder,
        )
        about_it = introduction(
            commands.table,
            characters=addressing.characters,
            acts=lambda: config.scenario.allow,
            remembers=lambda: self.wishes.memory is not None,
        )
        about_theirs = questions(commands.table, self.latest, inbox, place_of=forwarder.place_of, name=name)
        for command in (*about_theirs, *self.wishes.commands(), *about_it):
            commands.table.register(command, OWNER)

    async def restore(self) -> None:
        """What was before the restart. Raises InboxError."""
        await self._quiet.restore()
        await self.forgetting.restore()
        for viewer, at in followed_at(await self._inbox.get_note(NOTE_FOLLOWS)).items():
            self._commands.followed(viewer, at)
        newest = await self._inbox.newest(LOOKED_BACK)
        self.latest.restore(newest)
        for number, each in enumerate(reversed(newest)):  # the oldest first: a viewer's first message counts
            if number % IN_A_TURN == 0:
                await asyncio.sleep(0)
            self._commands.recognise(each)
            self._judging.recognise(each)
        await recall(self._commands, self._inbox, newest[::-1], clock.now())
