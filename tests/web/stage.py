"""What the tests of the web server share: a server on a free port, and someone to hear what happens."""

import tempfile
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from relay.config import WebSection
from relay.speech.base import Clip, Sink
from relay.web.access import AccessLinks
from relay.web.desk.desk import Desk
from relay.web.gateway.api import ApiActions
from relay.web.gateway.state import GatewayState
from relay.web.overlay.messages import Cue, FromPage, ToPage
from relay.web.overlay.sink import OverlayPage, OverlaySink
from relay.web.proxy.trust import Upstream
from relay.web.server import WebServer
from tests.support import eventually


@dataclass
class Ear:
    """Notes what a sink tells."""

    notes: list[str] = field(default_factory=list)

    def started(self, sink: Sink, clip: Clip) -> None:
        self.notes.append(f"{clip.text} started")

    def ended(self, sink: Sink, clip: Clip) -> None:
        self.notes.append(f"{clip.text} ended")

    def changed(self, sink: Sink) -> None:
        self.notes.append("open" if sink.is_open else "closed")

    async def notes_are(self, *notes: str) -> None:
        await eventually(lambda: len(self.notes) >= len(notes))
        assert self.notes == list(notes)


class Recorder:
    """A page that keeps what it is told."""

    def __init__(self) -> None:
        self.messages: list[ToPage] = []

    def send(self, message: ToPage) -> None:
        self.messages.append(message)

    def drop(self) -> None:
        raise AssertionError("nothing here is to be dropped")

    @property
    def cue(self) -> str:
        """The clip it heard of last."""
        return next(message.id for message in reversed(self.messages) if isinstance(message, Cue))


class NotingSink(OverlaySink):
    """Keeps what its pages say."""

    def __init__(self, clock: Callable[[], float]) -> None:
        super().__init__(clock)
        self.reports: list[FromPage] = []

    def hear(self, page: OverlayPage, message: FromPage) -> None:
        self.reports.append(message)
        super().hear(page, message)


@dataclass
class ApiRoom:
    """Notes what callers of the API bring about."""

    calls: list[str] = field(default_factory=list)
    answer: str | Exception = "Silenced."
    state: GatewayState = field(default_factory=GatewayState)

    def talks(self, speaker: str) -> None:
        self.calls.append(f"{speaker} makes a sound")

    def speaks(self, speaker: str) -> None:
        self.calls.append(f"{speaker} speaks")

    def stopped(self, speaker: str) -> None:
        self.calls.append(f"{speaker} stopped")

    @property
    def actions(self) -> ApiActions:
        return ApiActions(
            speakers=self,
            interrupt=lambda: self._act("interrupt"),
            skip=lambda: self._act("skip"),
            state=lambda: self.state,
            talk=self,
        )

    def leave_unanswered(self) -> None:
        self.calls.append("unanswered")

    async def dialogue(self, text: str, source: str, author: str | None, *, reply: bool) -> None:
        await self._act(f"dialogue {text!r} by {author} from {source}{', asks' if reply else ''}")

    async def context(self, key: str, content: str, description: str | None) -> None:
        await self._act(f"context {key}: {content} ({description})")

    async def played(self, message_id: str | None, *, is_over: bool) -> None:
        await self._act(f"{message_id} {'was' if is_over else 'is'} played")

    async def _act(self, name: str) -> str:
        self.calls.append(name)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


@dataclass
class Stage:
    """A running server."""

    server: WebServer
    sink: NotingSink
    ear: Ear
    runtime: ApiRoom
    links: AccessLinks

    @property
    def url(self) -> str:
        return self.server.url


@asynccontextmanager
async def staged(
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    token: str | None = None,
    sounds: Path | None = None,
    clock: Callable[[], float] = time.monotonic,
    desk: Desk | None = None,
    links: AccessLinks | None = None,
    pictures: Path | None = None,
    upstream: Upstream | None = None,
) -> AsyncIterator[Stage]:
    """A server for as long as the context lasts."""
    sink, ear, runtime = NotingSink(clock), Ear(), ApiRoom()
    sink.listen(ear)
    settings = WebSection.model_validate({"host": host, "port": port, "token": token})
    with tempfile.TemporaryDirectory() as folder:
        links = links or AccessLinks(Path(folder) / "relay.links.json")
        async with WebServer(
            settings, runtime.actions, sink, links, sounds=sounds, desk=desk, pictures=pictures, upstream=upstream
        ) as server:
            yield Stage(server, sink, ear, runtime, links)
