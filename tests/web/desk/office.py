"""The desk in a real browser: a running relay with a companion and no platform's account, and pages that show it."""

import itertools
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any, NoReturn

import pytest
from playwright.async_api import Page, expect

from relay.application.audio import LiveAudio
from relay.application.composition import Relay
from relay.application.restarts import LiveRun
from relay.application.serving import serving
from relay.application.settings.file import SettingsFile
from relay.companion.brains.base import Brain
from relay.companion.serving.server import CompanionServer
from relay.config import CompanionSection
from relay.model import AudienceMessage, Author, Caller, Role
from relay.moderation.switching import Mistake
from relay.platforms.base import Platform, Receive
from relay.web.proxy.trust import Upstream
from relay.web.server import WebServer
from tests.browser import Pages, noting
from tests.end_to_end.stage import EchoBrain, RecordingPlatform, message, relaying, settings
from tests.support import PATIENCE

STREAMER = Caller(source="terminal", name="terminal", roles=frozenset({Role.STREAMER}))
FLOOR = ".floor-words"
"""What says who has the floor."""
TERM = "spoiler"
"""What has a message held."""

expect.set_options(timeout=PATIENCE * 1000)


class Office:
    """A relay, what its audience writes, and pages of its desk."""

    def __init__(self, pages: Pages, server: WebServer, relay: Relay, receive: Receive) -> None:
        self.pages = pages
        self.url = server.url
        self.core = server.core
        self.relay = relay
        self.receive = receive
        self.complaints: list[str] = []
        self._numbers = itertools.count(1)

    async def hear(self, text: str, *, author: str = "", **over: Any) -> AudienceMessage:
        """The audience writes something."""
        number = next(self._numbers)
        name = author or f"Viewer{number}"
        told = message(number, **over).model_copy(update={"text": text, "author": Author(id=name.lower(), name=name)})
        await self.receive(told)
        return told

    async def control(self, words: str) -> str:
        """What a moderator says in the terminal."""
        return await self.relay.controls.run(words, STREAMER)

    @contextmanager
    def refusing(self, why: str) -> Iterator[None]:
        """Nothing that pages ask for is done."""

        async def refuse(*_: object) -> NoReturn:
            raise Mistake(why)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(self.relay.controls, "carry_out", refuse)
            yield

    @property
    def held(self) -> Sequence[str]:
        return [held.id for held in self.relay.runtime.held()]

    @asynccontextmanager
    async def page(self, path: str = "/", **context: Any) -> AsyncIterator[Page]:
        """A page that has nothing to complain of when it is closed."""
        async with shown(self.pages, f"{self.url}{path}", self.complaints, **context) as page:
            yield page
        assert self.complaints == []


async def is_wider_than_the_screen(page: Page) -> int:
    """Pixels of the page that nobody sees without scrolling sideways."""
    return int(await page.evaluate("document.documentElement.scrollWidth - innerWidth"))


@asynccontextmanager
async def shown(pages: Pages, url: str, complaints: list[str], **options: Any) -> AsyncIterator[Page]:
    """A page with a profile of its own, which notes what goes wrong in it."""
    async with pages.page(**options) as page:
        with noting(page, complaints):
            await page.goto(url)
            yield page


@asynccontextmanager
async def office(
    pages: Pages,
    folder: Path,
    *,
    brain: Brain | None = None,
    upstream: Upstream | None = None,
    file: SettingsFile | None = None,
    **sections: Any,
) -> AsyncIterator[Office]:
    """For as long as the context lasts. What is said with TERM in it is held. With `upstream` it is a core's.

    With a `file` the settings can be changed on the desk.
    """
    companion = CompanionServer(CompanionSection(port=0, pace=0.0), brain=brain or EchoBrain(), grace=0.1)
    await companion.start()
    receivers: list[Receive] = []

    def platforms(receive: Receive, *_: object) -> list[Platform]:
        receivers.append(receive)
        return [RecordingPlatform("twitch"), RecordingPlatform("discord")]

    own = {"web": {"port": 0}, "filters": {"blocked_terms": [TERM], "blocked_terms_are": "hold"}}
    config = settings(folder, **(own | sections))
    audio = LiveAudio(config)
    try:
        async with (
            relaying(config, companion.url, platforms, audio=audio) as (relay, _),
            serving(config, relay, audio, LiveRun(config, file) if file else None, upstream) as server,
        ):
            yield Office(pages, server, relay, receivers[0])
    finally:
        await companion.stop()
