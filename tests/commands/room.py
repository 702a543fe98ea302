"""A gate with commands of one's own, at any time, and what it posts."""

from typing import Any

from relay.commands import builtin
from relay.commands.answers import Answers
from relay.commands.executor import CommandExecutor
from relay.commands.gate import CommandGate, Finished, Refusal
from relay.config import CommandsSection, ForwardingSection, OutboundSection
from relay.model import AudienceMessage, Author, Kind, Origin, Role
from relay.moderation.outbound import Outbound

ASKED = ForwardingSection().kinds[Kind.ASK]
OUTBOUND = Outbound(OutboundSection())
NOON = 1_700_000_000.0


def written(
    text: str, *, author: str = "ann", role: Role | None = None, at: float = 0.0, **over: Any
) -> AudienceMessage:
    """`at` counts from noon."""
    fields = {
        "platform": "twitch",
        "id": f"{author} {text} {at}",
        "channel": "lobby",
        "kind": Kind.CHAT,
        "author": Author(id=author, name=author.title(), roles=frozenset({role} if role else ())),
        "text": text,
        "at": NOON + at,
    }
    return AudienceMessage.model_validate(fields | over)


def no_commands() -> CommandGate:
    """What viewers can do where they can do nothing."""
    settings = CommandsSection(enabled=False)
    return CommandGate(settings, Answers(settings, OUTBOUND, lambda *_: None))


class Shop:
    """Counters in memory: each message counts once."""

    def __init__(self) -> None:
        self.counters: dict[str, dict[str, int]] = {}

    async def count(self, name: str, key: str) -> int:
        counted = self.counters.setdefault(name, {})
        return counted.setdefault(key, len(counted) + 1)


class CommandRoom:
    """`say` is a viewer's line; what becomes of it stands in `posted` and `finished`."""

    def __init__(self, *own: dict[str, Any], **settings: Any) -> None:
        section = CommandsSection.model_validate({"own": own, "answers_at_once": 100, **settings})
        self.time = 0.0
        self.posted: list[str] = []
        self.finished: list[Finished] = []
        self.answers = Answers(section, OUTBOUND, self._post, clock=lambda: self.time)
        self.gate = CommandGate(section, self.answers)
        builtin.register(self.gate, ASKED)
        self.counters = Shop()
        self.executor = CommandExecutor(self.gate, (), self.counters, done=self.finished.append)

    def _post(self, origin: Origin, text: str) -> None:
        self.posted.append(text)

    def say(self, text: str, **fields: Any) -> str:
        """Whether it is taken: "", or why not."""
        message = written(text, **fields)
        self.gate.notice(message)
        call = self.gate.table.call(message)
        if call is None:
            return "no command"
        met = self.gate.meet(message, call.text, lambda _: None)
        if isinstance(met, Refusal):
            return met.reason
        if met.command.do is not None:
            self.gate.take(message, call.text, message.at)
        return ""

    async def carry_out(self) -> list[str]:
        """Everything that was taken; what was posted since the last time."""
        while self.gate.accepted.qsize():
            await self.executor.carry_out(self.gate.accepted.get_nowait())
        posted, self.posted[:] = list(self.posted), []
        return posted
