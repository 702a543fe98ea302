"""The memory, where the settings want one; where they do not, nothing of it is loaded."""

from collections.abc import Callable, Container, Mapping, Sequence
from typing import TYPE_CHECKING

from relay.acts import Act
from relay.application.events import Events
from relay.commands.gate import CommandGate
from relay.config.loading import Config
from relay.inbox.base import Inbox
from relay.moderation.inbound import LiveSettings
from relay.voxta.link import Link

if TYPE_CHECKING:
    from relay.memory.memory import Memory
    from relay.memory.summaries import Summarise


def memory_of(
    config: Config,
    *,
    inbox: Inbox,
    session: Link,
    live: Callable[[], LiveSettings],
    quiet: Container[str],
    commands: CommandGate,
    events: Events,
    labels: Mapping[str, str],
) -> "Memory | None":
    """Not yet open; it hears of what happens, and viewers can ask it.

    `live` is what moderators have set, `quiet` are viewers who asked to be left out.
    """
    if not config.memory.enabled:
        return None

    from relay.memory.build import build_memory
    from relay.memory.commands import register

    memory = build_memory(
        config, inbox=inbox, session=session, live=live, quiet=quiet, labels=labels, summarise=_summarise(config)
    )
    register(commands, memory)
    events.settled.subscribe(memory.sightings.settled)
    if memory.summaries is not None:
        events.stream_changed.subscribe(memory.summaries.stream_changed)
    return memory


def memory_acts(memory: "Memory | None") -> Sequence[Act]:
    """What a scenario may have remembered."""
    if memory is None:
        return []

    from relay.memory.acts import acts

    return acts(memory)


def _summarise(config: Config) -> "Summarise | None":
    if not config.memory.summaries:
        return None

    from relay.companion.brains.summarising import Summariser

    return Summariser(config.companion).summarise
