"""What stands behind the relay in a story: the embedded companion, or the double of a real server."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final, Protocol

from relay.companion.brains.base import ChatView, Pieces
from relay.companion.serving.server import CompanionServer
from relay.companion.state.chat import MessageRole
from relay.config import CompanionSection
from tests.companion.endpoints import SpeechEndpoint, TranscriptionEndpoint, serving
from tests.companion.hearing.sound import BY_LEVEL
from tests.companion.play import loaded
from tests.companion.raw import Brains
from tests.doubles.voxta import KeyRule, Switches, VoxtaDouble
from tests.doubles.voxta.turns import Turns
from tests.support import eventually

TALE: Final = ("Once upon a time there was a dragon.", "He lived behind a waterfall.")
"""What is told when somebody asks for a story."""
UTTERANCE: Final = "Wait, which dragon?"
"""What is understood whatever people say."""
WELCOME: Final = "Welcome, raiders!"
"""What the scenario posts on a raid."""
CLIP: Final = 0.04
"""Seconds a sentence takes to be spoken."""


def sentences(said: str) -> list[str]:
    """The character's answer."""
    return list(TALE) if "story" in said else [f"You said: {said}"]


class Backstage(Protocol):
    """A Voxta and what a story looks at there."""

    url: str
    voxta: dict[str, Any]
    """The relay's settings for the way to it."""

    def texts(self) -> list[str]:
        """What stands in the chat, oldest first."""
        ...

    async def over(self) -> None:
        """Wait until the turn is over, also for the server. Fails when it hangs, or when the relay did wrong."""
        ...


class Double:
    """The double, turned one way or another."""

    def __init__(self, server: VoxtaDouble) -> None:
        self.server = server
        self.url = server.url
        needs_key = server.switches.key is not KeyRule.OPEN
        self.voxta = {"join": "character", "character_id": server.characters[0].id} | (
            {"api_key": server.key} if needs_key else {}
        )

    def texts(self) -> list[str]:
        rooms = self.server.rooms
        [chat] = (*(one.chat for one in rooms.open), *rooms.closed.values())  # closed for as long as its owner is gone
        return [entry.text or "" for entry in chat.history if entry.role != "Note"]

    async def over(self) -> None:
        await eventually(lambda: self.server.chat.state == "WaitingForUserInput")
        assert not self.server.violations, self.server.violations
        assert not self.server.hub.unreadable, self.server.hub.unreadable
        fetched = [path for path, _ in self.server.sound.fetches]
        assert len(fetched) == len(set(fetched)), "sound is fetched once"


class Embedded:
    """The companion."""

    def __init__(self, server: CompanionServer) -> None:
        self.server = server
        self.url = server.url
        self.voxta: dict[str, Any] = {}

    def texts(self) -> list[str]:
        [conversation] = self.server._hub.open.values()
        return [message.text for message in conversation.chat.messages]

    async def over(self) -> None:
        [conversation] = self.server._hub.open.values()
        await eventually(lambda: conversation.replies.is_free)


class Teller(Brains):
    """The companion's character."""

    async def reply(self, view: ChatView) -> Pieces:
        said = next(line.text for line in reversed(view.lines) if line.role in (MessageRole.USER, MessageRole.EVENT))
        yield " ".join(sentences(said))


@asynccontextmanager
async def double(switches: Switches) -> AsyncIterator[Double]:
    async def raided(turns: Turns, event: str) -> None:
        if event == "raid":
            await turns.trigger("post", WELCOME)

    async with VoxtaDouble(switches) as server:
        server.script, server.scenario = sentences, raided
        server.seconds, server.pause = (lambda text: CLIP), 0.06
        server.understand = lambda pcm: UTTERANCE
        yield Double(server)


@asynccontextmanager
async def embedded() -> AsyncIterator[Embedded]:
    post = f'chat.appTrigger("post", "{WELCOME}")'
    script = f'import {{ chat }} from "@voxta";\nchat.addEventListener("app:raid", () => {post});'
    voice, ears = SpeechEndpoint(), TranscriptionEndpoint(UTTERANCE)
    voice.seconds = CLIP
    async with (
        serving("/audio/speech", voice.answer) as speech,
        serving("/audio/transcriptions", ears.answer) as hearing,
    ):
        section = CompanionSection.model_validate(
            {"port": 0, "pace": 0}
            | {"speech": "openai", "speech_url": speech, "hearing": "openai", "hearing_url": hearing}
        )
        async with CompanionServer(
            section, brain=Teller(), scenario=loaded({"index.js": script}), hearing=BY_LEVEL
        ) as server:
            yield Embedded(server)
