"""What end-to-end tests share: a companion that answers predictably, and a relay around it."""

import asyncio
import hashlib
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from relay.application.audio import SilentAudio
from relay.application.composition import MakePlatforms, Relay
from relay.application.running import running
from relay.application.settings import load
from relay.application.statistics import Statistics
from relay.companion.brains.base import ChatView, Pieces
from relay.companion.state.chat import MessageRole
from relay.config.loading import Config
from relay.model import AudienceMessage, Author, Kind, Post
from relay.platforms.simulated import QuietPlatform
from relay.wire.messages import ChatMessage
from tests.companion.raw import Brains
from tests.support import eventually

FREELY = {"rates": {"all": 60_000, "viewer": 60_000}, "bursts": {"all": 1_000, "viewer": 1_000}}
"""Rates that hold nothing back."""
ONE_BY_ONE = {"loud_per_minute": 1e9}
"""A room that never counts as loud."""


class EchoBrain(Brains):
    """Answers `You said: …`, and only once it may."""

    def __init__(self) -> None:
        self.may_answer = asyncio.Event()
        self.may_answer.set()
        self.asked: list[str] = []

    async def reply(self, view: ChatView) -> Pieces:
        said = next(line.text for line in reversed(view.lines) if line.role in (MessageRole.USER, MessageRole.EVENT))
        self.asked.append(said)
        await self.may_answer.wait()
        yield f"You said: {said}"


class RecordingPlatform(QuietPlatform):
    """Keeps what was posted."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.posts: list[Post] = []

    async def post(self, post: Post) -> None:
        self.posts.append(post)


def message(
    number: int, text: str = "", *, kind: Kind = Kind.CHAT, author: str = "ann", **over: Any
) -> AudienceMessage:
    fields = {
        "platform": "twitch",
        "id": f"m{number}",
        "channel": "lobby",
        "kind": kind,
        "author": Author(id=author, name=author.capitalize()),
        "text": text or f"message {number}",
        "at": time.time(),
        "reply_to": f"m{number}",
    }
    return AudienceMessage.model_validate(fields | over)


def settings(folder: Path, **sections: Any) -> Config:
    """A configuration with an inbox of its own, no rates and no crowd."""
    own = {"relay": {"name": _name_of(folder), "data_dir": str(folder)}, "budget": FREELY, "selection": ONE_BY_ONE}
    return load(None, **(own | {"voxta": {"mode": "server", "timeout": 20.0}} | sections))


def _name_of(folder: Path) -> str:
    """One relay for each folder, so that tests on one Redis keep apart."""
    return hashlib.sha256(str(folder).encode()).hexdigest()[:16]


@asynccontextmanager
async def relaying(
    config: Config,
    voxta_url: str,
    make_platforms: MakePlatforms,
    *,
    join: bool = True,
    audio: SilentAudio | None = None,
) -> AsyncIterator[tuple[Relay, Statistics]]:
    """A relay that runs for as long as the context lasts, and fails the test when it fails."""
    statistics = Statistics()
    relay = Relay(config, make_platforms, voxta_url=voxta_url, statistics=statistics, audio=audio)
    async with running(relay) as task:
        if join:
            await eventually(lambda: relay.session.chat is not None or task.done())
        yield relay, statistics
        if task.done():
            task.result()


def heard(relay: Relay) -> Sequence[str]:
    """The texts of the people in the chat, as Voxta tells them."""
    assert relay.session.chat is not None
    return [m.text for m in relay.session.chat.history or () if _is_from_people(m)]


def _is_from_people(message: ChatMessage) -> bool:
    return message.role in ("User", "Event")
