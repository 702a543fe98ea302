"""What viewers can do with commands: built as the settings want it, and in the scenario's chat."""

from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
from typing import Any

from relay.acts import Act
from relay.application.events import Events
from relay.commands import builtin
from relay.commands.answers import Answers
from relay.commands.executor import CommandExecutor, Whisper
from relay.commands.gate import CommandGate, Finished
from relay.commands.resting import AnswerWatch
from relay.config.loading import Config
from relay.inbox.base import Inbox
from relay.model import AudienceMessage, Kind
from relay.moderation.outbound import Outbound
from relay.platforms.base import Platform, Whispering
from relay.scenario.commands import ScenarioCommands
from relay.system import clock
from relay.system.periodic import AGAIN, repeat
from relay.voxta.link import Link


class CommandRooms:
    """The commands of a relay. `serve` has to be called once, before they run."""

    def __init__(self, config: Config, *, outbound: Outbound, inbox: Inbox, session: Link, events: Events) -> None:
        """`outbound` judges what is answered."""
        self._inbox = inbox
        self._session = session
        answers = Answers(config.commands, outbound, events.obeyed)
        self.gate = CommandGate(config.commands, answers, config.rewards)
        builtin.register(self.gate, config.forwarding.kinds[Kind.ASK])
        self._offered = ScenarioCommands(self.gate.table, inbox, self._chat_id)
        self.act: Act = self._offered.act
        """With it a scenario offers commands of its own."""

    def subscribe(self, events: Events, is_answering: Callable[[], bool]) -> None:
        """Hear what happens. `is_answering`: the companion is, or is about to."""
        watch = AnswerWatch(self.gate, is_answering, clock.now)
        events.stream_changed.subscribe(self.gate.stream_changed)
        events.chat_changed.subscribe(self._offered.chat_changed)
        events.received.subscribe(self._offered.on_message)
        events.asking.subscribe(watch.asking)
        events.settled.subscribe(watch.settled)
        events.given_up.subscribe(watch.given_up)
        events.changed.subscribe(watch.look)

    def serve(
        self,
        acts: Sequence[Act],
        done: Callable[[Finished], None],
        labels: Mapping[str, str],
        platforms: Sequence[Platform],
    ) -> None:
        """With these acts; `done` hears how each use ended, `labels` are what people call the platforms."""
        whisper = _whisper_on(platforms)
        self.executor = CommandExecutor(self.gate, acts, self._inbox, done=done, labels=labels, whisper=whisper)

    async def restore(self) -> None:
        """What was there before the relay was restarted."""
        await self._offered.restore()

    def rooms(self) -> Iterator[tuple[str, Coroutine[Any, Any, None]]]:
        """What has to run, by name."""
        yield "commands", repeat(self.executor.run, AGAIN, "carrying out commands")
        yield "scenario commands", repeat(self._offered.run, AGAIN, "keeping the scenario's commands")

    def _chat_id(self) -> str | None:
        return self._session.chat.chat_id if self._session.chat is not None else None


def _whisper_on(platforms: Sequence[Platform]) -> Whisper:
    whispering = {platform.name: platform for platform in platforms if isinstance(platform, Whispering)}

    async def whisper(message: AudienceMessage, text: str) -> bool:
        platform = whispering.get(message.platform)
        return platform is not None and await platform.whisper(message, text)

    return whisper
