"""Voxta's scenario and the stream it plays in: what it is told, and what it may do there."""

from collections.abc import Coroutine, Iterator, Sequence
from typing import Any

from relay.acts import Act
from relay.application.audio import SilentAudio
from relay.application.events import Events
from relay.config.loading import Config
from relay.platforms.base import Platform
from relay.scenario.context import StreamContext
from relay.scenario.executor import ActExecutor
from relay.system.periodic import AGAIN, repeat
from relay.voxta.link import Link


class ScenarioRooms:
    """What goes both ways between the scenario and the stream."""

    def __init__(
        self, config: Config, session: Link, platforms: Sequence[Platform], acts: Sequence[Act], audio: SilentAudio
    ) -> None:
        self.executor = ActExecutor(acts, config.scenario.allow, session)
        self.context = StreamContext(config.scenario, session, platforms, people=audio.people, scene=audio.scene)

    def subscribe(self, events: Events) -> None:
        """Hear what happens on either side."""
        events.arrived.subscribe(self.context.saw)
        events.stream_changed.subscribe(self.context.stream_changed)
        events.forwarded.subscribe(self.context.told)
        for told in (events.asking, events.forwarded):
            told.subscribe(self.executor.told)
        events.received.subscribe(self.executor.on_message)

    def rooms(self) -> Iterator[tuple[str, Coroutine[Any, Any, None]]]:
        """What has to run, by name."""
        yield "act executor", repeat(self.executor.run, AGAIN, "acting for the scenario")
        yield "stream context", repeat(self.context.run, AGAIN, "informing the scenario")
