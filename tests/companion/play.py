"""A scenario that is played: the companion, a client that inspects, and a brain that does as it is told."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from relay.companion.conversation.conversation import Conversation
from relay.companion.scenario.files import Loaded, ScriptLimits
from relay.companion.scenario.model import Scenario
from relay.companion.serving.server import CompanionServer
from relay.companion.speaking.playback import GRACE
from relay.companion.state.chat import Clock
from relay.config import CompanionSection
from tests.companion.raw import Json, RawClient, ScriptedBrain, connected

ALONE: list[Json] = [{"role": "main", "name": "Vox"}]
CAST: list[Json] = [
    {"role": "main", "name": "Vox"},
    {"role": "friend", "name": "Catherine"},
    {"role": "teller", "name": "Nora", "narrator": True},
]

PATIENT = ScriptLimits(seconds=10)
"""For scripts that end by themselves: how busy the machine is decides nothing."""


@dataclass
class Hands:
    """A clock that is set by hand."""

    now: float = 1_000.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Play:
    """What a test has at hand."""

    client: RawClient
    server: CompanionServer
    brain: ScriptedBrain
    clock: Hands
    greeting: Json = field(default_factory=dict)
    """The chat as it was on entering."""

    @property
    def conversation(self) -> Conversation:
        return self.server._hub.open[self.client.session_id]

    async def say(self, text: str, **fields: Any) -> None:
        """Send without asking for a reply."""
        completion = await self.client.say(text, doReply=False, **fields)
        assert "error" not in completion, completion

    async def ask(self, text: str, **fields: Any) -> Json:
        """Send, and wait for the reply."""
        before = len(self.client.answers)
        completion = await self.client.say(text, **fields)
        assert "error" not in completion, completion
        while len(self.client.answers) <= before:
            await self.client.more()
        return self.client.answers[before]

    async def app(self, name: str, /, **arguments: Any) -> None:
        """Tell of something as an app does."""
        listed = [{"name": key, "value": value} for key, value in arguments.items()]
        completion = await self.client.in_chat("triggerScriptEvent", name=name, arguments=listed)
        assert "error" not in completion, completion

    async def complete(self, trigger: Json) -> None:
        """Say, as an app does, that a queued trigger is done."""
        completion = await self.client.in_chat("appTriggerComplete", triggerId=trigger["triggerId"])
        assert "error" not in completion, completion

    async def settled(self) -> None:
        """Wait until nothing is being said or written any more."""
        while not self.conversation.turns.is_free or self.conversation.writer.is_busy:
            await self.client.more()
        await self.client.call("loadScenariosList")

    @property
    def said(self) -> list[tuple[str, str]]:
        """The chat as it is kept: the role and the text of each message."""
        return [(m.role.value, m.text) for m in self.conversation.chat.messages]

    @property
    def flags(self) -> list[str]:
        return sorted(self.conversation.chat.story.flags.names)

    @property
    def variables(self) -> dict[str, Any]:
        return self.conversation.chat.story.variables

    @property
    def triggers(self) -> list[tuple[str, list[Any]]]:
        return [(t["name"], t["arguments"]) for t in self.client.of_kind("appTrigger")]

    @property
    def troubles(self) -> list[str]:
        return [t["message"] for t in self.client.of_kind("chatSessionError")]

    @property
    def logged(self) -> list[str]:
        """What inspectors were told."""
        return [line["log"] for line in self.client.of_kind("inspector")]


def loaded(scripts: Mapping[str, str] | None = None, *, limits: ScriptLimits = PATIENT, **scenario: Any) -> Loaded:
    """A scenario out of its parts; a script named index.js is its own."""
    sources = {f"scripts/{name}": source for name, source in (scripts or {}).items()}
    own = {"script": "scripts/index.js"} if "scripts/index.js" in sources else {}
    parts = {"name": "Test", "characters": ALONE} | own | scenario
    return Loaded(Scenario.model_validate(parts), sources, limits)


@asynccontextmanager
async def playing(
    scripts: Mapping[str, str] | None = None,
    *,
    brain: ScriptedBrain | None = None,
    clock: Hands | None = None,
    database: Path | None = None,
    chat_days: float = 365.0,
    seed: int = 0,
    grace: float = GRACE,
    limits: ScriptLimits = PATIENT,
    **scenario: Any,
) -> AsyncIterator[Play]:
    """Play a scenario while the context lasts."""
    brain, clock = brain or ScriptedBrain(), clock or Hands()
    settings = CompanionSection(port=0, pace=0.0, database=database, chat_days=chat_days, seed=seed)
    timer: Clock = clock
    async with (
        CompanionServer(
            settings, brain=brain, scenario=loaded(scripts, limits=limits, **scenario), clock=timer, grace=grace
        ) as server,
        connected(server.url) as client,
    ):
        greeting = await client.enter()
        await client.in_chat("inspect", enabled=True)
        yield Play(client, server, brain, clock, greeting)
