"""How a relay is, in a few lines for people: what is connected, what waits, and what is wrong."""

import time
from typing import TYPE_CHECKING

from relay.application.silence import SILENT
from relay.errors import InboxError
from relay.inbox.base import Inbox

if TYPE_CHECKING:
    from relay.application.composition import Relay


def condition_of(relay: "Relay") -> str:
    """How the platforms are; begins with "ok" unless one of them waits for a person."""
    lines = (*relay.supervisor.lines(), *relay.upkeep.troubles)
    return "\n".join([*(["ok"] if relay.supervisor.is_well else []), *lines])


async def description_of(relay: "Relay") -> str:
    """What is connected and what waits, a few lines."""
    chat, session = relay.session.chat, relay.session
    who = ", ".join(person.name for person in chat.characters) if chat else session.problem
    where = f"in a chat with {who}; {session.refusal}" if session.refusal else f"in a chat with {who}"
    lines = [
        f"Voxta: {where if chat else who}",
        *(f"{SILENT}{reason}" for reason in relay.silence.reasons()),
        *relay.supervisor.lines(),
        *relay.audio.lines(),
        *(each.line for each in relay.dialogue.avatar.conditions()),
        *relay.upkeep.troubles,
        await _backlog(relay.inbox),
        f"The companion is {relay.floor.state(time.monotonic())}",
    ]
    return "\n".join(lines)


async def _backlog(inbox: Inbox) -> str:
    try:
        return f"Waiting: {await inbox.waiting()}"
    except InboxError as error:
        return f"Inbox: {error}"
