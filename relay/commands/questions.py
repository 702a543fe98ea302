"""`!queue` and `!why`: what becomes of a viewer's message, and what became of it."""

from collections.abc import Callable, Iterable

from relay.commands.definition import Command, Use
from relay.commands.explaining import QueuePlace, ago, ended, waits
from relay.commands.latest import LatestMessages
from relay.commands.table import CommandTable
from relay.inbox.base import Inbox, Record

UNKNOWN = "I know of no message of yours."


def questions(
    table: CommandTable,
    latest: LatestMessages,
    inbox: Inbox,
    *,
    place_of: Callable[[str], QueuePlace | None],
    name: Callable[[], str],
) -> Iterable[Command]:
    """`place_of` says how the message with a key waits; `name` is what the companion is called."""

    async def record(use: Use) -> Record | None:
        key = latest.of(use.viewer)
        return await inbox.why(key) if key is not None else None

    def story(found: Record) -> str:
        if found.settlement is not None:
            return ended(found.settlement, name(), table.prefix)
        place = place_of(found.message.key)
        return waits(place, name()) if place is not None else f"It is being told to {name()}."

    async def queue(use: Use) -> str:
        found = await record(use)
        if found is None:
            return UNKNOWN
        return story(found) if found.settlement is None else f"Nothing of yours is waiting. Your last: {story(found)}"

    async def why(use: Use) -> str:
        found = await record(use)
        if found is None:
            return UNKNOWN
        return f"Your message ({ago(use.message.at - found.message.at)}): {story(found)}"

    yield Command(name="queue", summary="Whether your message waits, and for what", do=queue, viewer_cooldown=5.0)
    yield Command(name="why", summary="What became of your last message", do=why, viewer_cooldown=5.0)
