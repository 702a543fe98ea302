"""`python -m tests.docs.desk_pictures` makes the pictures for docs/desk.md: a running relay in a real browser."""

import asyncio
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from playwright.async_api import Page, ViewportSize, expect

from relay.application.settings.file import SettingsFile
from relay.companion.brains.base import ChatView, Pieces
from relay.companion.state.chat import MessageRole
from relay.model import Kind
from relay.wire.messages import ChatMessage
from tests.browser import Pages, browser
from tests.companion.raw import Brains
from tests.docs.pages import ROOT
from tests.support import eventually
from tests.web.desk.office import TERM, Office, office

FOLDER: Final = ROOT / "docs" / "pictures"
LARGEST: Final = 150_000
"""Bytes of a picture."""


@dataclass(frozen=True)
class Picture:
    """One page as it is shown."""

    name: str
    path: str
    size: ViewportSize
    scheme: str = "light"


PICTURES: Final = (
    Picture("desk", "/", ViewportSize(width=1200, height=700)),
    Picture("desk-dock", "/dock", ViewportSize(width=300, height=760), "dark"),
)


QUESTIONS: Final = (
    ("MochaMage", "is there a cat on this stream?"),
    ("QuestQueen", "how many hearts do you have left?"),
    ("BitBard", "can you sing?"),
)
ANSWERS: Final = (
    "There are two, and both think that the keyboard is theirs.",
    "One and a half. Please do not tell the dragon.",
    "I can hum. The dragon asked me to stop.",
)


async def main() -> None:
    """Make them all."""
    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as name:
        folder, twitch = Path(name), {"enabled": True, "channels": ["lobby"], "client_id": "shown"}
        file = SettingsFile(folder / "relay.toml")
        async with (
            browser() as chromium,
            office(Pages(chromium), folder, brain=Companion(), file=file, twitch=twitch) as desk,
        ):
            await audience(desk)
            for picture in PICTURES:
                await take(desk, picture)


class Companion(Brains):
    """Says what the pictures show."""

    async def reply(self, view: ChatView) -> Pieces:
        yield ANSWERS[min(sum(line.role is MessageRole.ASSISTANT for line in view.lines), len(ANSWERS) - 1)]


async def audience(desk: Office) -> None:
    """What is to be seen."""
    for number, (author, text) in enumerate(QUESTIONS, start=1):
        await desk.hear(text, author=author)
        await eventually(lambda: sum(m.role == "Assistant" for m in history(desk)) == number)  # noqa: B023 - awaited at once
    await desk.control("pause")
    await desk.hear("", author="HexHamster", kind=Kind.RAID, amount=42)
    await desk.hear("what should we play next?", author="NightOwl42")
    await desk.hear("is it true that you are an AI?", author="LunaLoops", platform="discord")
    await desk.hear("that jump was insane", author="TurboTurtle")
    await desk.hear(f"{TERM}: the lighthouse keeper did it", author="PixelPenny")
    await desk.hear(f"how bad is the {TERM} at the end?", author="WaffleWitch", platform="discord")


def history(desk: Office) -> Sequence[ChatMessage]:
    """What was said so far."""
    chat = desk.relay.session.chat
    return (chat.history if chat is not None else None) or ()


async def take(desk: Office, picture: Picture) -> None:
    context: dict[str, Any] = {"viewport": picture.size, "color_scheme": picture.scheme}
    async with desk.page(picture.path, **context) as page:
        await settled(page)
        shot = await page.screenshot(path=FOLDER / f"{picture.name}.png")
    if len(shot) > LARGEST:
        raise ValueError(f"{picture.name}.png has {len(shot)} bytes; at most {LARGEST} are fit for a page")


async def settled(page: Page) -> None:
    await expect(page.locator(".held-list > li")).to_have_count(2)
    await expect(page.locator(".light:not([data-state=ok])")).to_have_count(0)
    await page.wait_for_load_state("networkidle")


if __name__ == "__main__":
    asyncio.run(main())
