"""People who come back: what the character knows of them, also after a restart, until they want to be forgotten."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from relay.application.adopting import adopt
from relay.application.composition import Relay
from relay.companion.brains.base import ChatView, Pieces
from relay.companion.serving.server import CompanionServer
from relay.config import CompanionSection
from relay.memory.memory import NoteRefused
from relay.model import Kind
from tests.companion.play import loaded
from tests.end_to_end.stage import EchoBrain, RecordingPlatform, message, relaying, settings
from tests.support import PATIENCE, eventually

IMPORT = 'import { chat } from "@voxta";\n'
REMEMBERING = {"memory": {"enabled": True, "visits": 1}, "scenario": {"allow": ["remember", "forget"]}}
NOTING = """
chat.addEventListener('app:cheer', (e) => chat.appTrigger('remember', e.arguments.author, e.arguments.text));
chat.addEventListener('app:raid', (e) => chat.appTrigger('forget', e.arguments.author, e.arguments.text));
"""


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A memory on a busy machine is slow, and not away."""
    monkeypatch.setattr("relay.memory.context.PATIENCE", PATIENCE)


class Listener(EchoBrain):
    """Keeps what it knew when it answered."""

    def __init__(self) -> None:
        super().__init__()
        self.knew: list[tuple[str, tuple[str, ...]]] = []

    async def reply(self, view: ChatView) -> Pieces:
        self.knew.append((view.lines[-1].text, view.contexts))
        async for piece in super().reply(view):
            yield piece


class Evening:
    """A relay for one evening, and the companion that it talks to."""

    def __init__(self, relay: Relay, brain: Listener, platforms: list[RecordingPlatform]) -> None:
        self.relay = relay
        self.brain = brain
        self.platforms = platforms

    async def known_when(self, number: int, text: str, **over: Any) -> str:
        """What the character knew when it answered this message."""
        before = len(self.brain.knew)
        await self.relay.receive(message(number, text, **over))
        await eventually(lambda: len(self.brain.knew) > before and text in self.brain.knew[-1][0])
        await self.relay.quiet(empty=True)
        return "\n".join(self.brain.knew[-1][1])

    async def remembered(self, viewer: str) -> list[str]:
        assert self.relay.memory is not None
        known = await self.relay.memory.get(viewer)
        return [note.text for note in known.notes] if known else []

    async def noted(self, number: int, text: str) -> None:
        """Ann's cheer with this text has become a note."""
        await self.relay.receive(message(number, text, kind=Kind.CHEER, amount=100))
        await eventually_noted(self, lambda notes: text in notes)

    def answers(self, platform: str) -> list[str]:
        return [post.text for p in self.platforms if p.name == platform for post in p.posts]


@asynccontextmanager
async def evening(folder: Path, **sections: Any) -> AsyncIterator[Evening]:
    brain = Listener()
    platforms = [RecordingPlatform("twitch"), RecordingPlatform("discord")]
    companion = CompanionSection(port=0, pace=0.0, database=folder / "companion.db")
    async with (
        CompanionServer(companion, brain=brain, scenario=loaded({"index.js": IMPORT + NOTING})) as server,
        relaying(settings(folder, **(REMEMBERING | sections)), server.url, lambda *_: platforms) as (relay, _),
    ):
        yield Evening(relay, brain, platforms)


async def eventually_noted(stream: Evening, condition: Callable[[list[str]], bool]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not condition(await stream.remembered("twitch:ann")):  # noqa: ASYNC110 - there is no event to wait for
            await asyncio.sleep(0.01)


async def test_who_comes_back_is_known_until_they_want_to_be_forgotten(tmp_path: Path) -> None:
    async with evening(tmp_path) as first:
        assert "chess" not in await first.known_when(1, "hello there")
        await first.noted(2, "likes chess and tea")

    async with evening(tmp_path) as second:
        known = await second.known_when(3, "hello again")
        assert 'Noted about Ann: "likes chess and tea".' in known
        assert "Ann has cheered 100 bits." in known
        assert "chess" not in await second.known_when(4, "who is Ann?", author="bob")

        await second.known_when(5, "so am I")
        await second.relay.receive(message(50, "!forget me"))
        await eventually(lambda: any("is deleted" in text for text in second.answers("twitch")))
        assert await second.remembered("twitch:ann") == []

        assert "chess" not in await second.known_when(6, "do you know me?")

    files = [file for file in tmp_path.glob("*.memory.db*")]
    assert len(files) == 1
    assert b"chess" not in files[0].read_bytes()
    async with evening(tmp_path) as third:
        assert "chess" not in await third.known_when(7, "and now?")


async def test_a_script_takes_its_notes_back(tmp_path: Path) -> None:
    async with evening(tmp_path) as stream:
        await stream.known_when(1, "hello")
        await stream.noted(2, "likes chess")
        await stream.noted(3, "has a cat")

        await stream.relay.receive(message(4, "CHESS", kind=Kind.RAID, amount=3))
        await eventually_noted(stream, lambda notes: notes == ["has a cat"])
        assert "chess" not in await stream.known_when(5, "hello again")


async def test_what_is_private_or_a_template_is_never_kept(tmp_path: Path) -> None:
    async with evening(tmp_path) as stream:
        await stream.known_when(1, "hello")
        await stream.relay.receive(message(2, "call me: +49 170 1234567 {{ user }} [event]", kind=Kind.CHEER, amount=1))
        await eventually_noted(stream, lambda notes: notes == ["call me: *** (( user )) (event)"])

        assert '"call me: *** (( user )) (event)"' in await stream.known_when(3, "hello again")


async def test_nothing_more_is_noted_of_who_asks_to_be_left_out(tmp_path: Path) -> None:
    async with evening(tmp_path) as stream:
        await stream.known_when(1, "hello")
        await stream.noted(2, "likes chess")
        await stream.relay.receive(message(3, "!quiet"))
        await eventually(lambda: any("!listen undoes it" in text for text in stream.answers("twitch")))

        assert stream.relay.memory is not None
        with pytest.raises(NoteRefused):
            await stream.relay.memory.remember("twitch:ann", "has a cat")


async def test_notes_that_the_filters_refuse_from_now_on_are_neither_told_nor_made(tmp_path: Path) -> None:
    async with evening(tmp_path) as stream:
        await stream.known_when(1, "hello")
        await stream.noted(2, "likes chess")

        await adopt(stream.relay, settings(tmp_path, **REMEMBERING, filters={"blocked_terms": ["chess", "cat"]}))

        assert stream.relay.memory is not None
        with pytest.raises(NoteRefused):
            await stream.relay.memory.remember("twitch:ann", "has a cat")
        assert "chess" not in await stream.known_when(3, "hello again")


async def test_viewers_can_ask_and_link_accounts(tmp_path: Path) -> None:
    async with evening(tmp_path, commands={"answers_at_once": 100}) as stream:
        await stream.known_when(1, "hello")
        await stream.noted(2, "likes chess")
        await stream.relay.receive(message(3, "!link"))
        await eventually(lambda: any("!link " in text for text in stream.answers("twitch")))
        code = stream.answers("twitch")[-1].partition("!link ")[2].split()[0]

        await stream.relay.receive(message(4, f"!link {code}", platform="discord", author="ann7"))
        await eventually(lambda: any("!link yes" in text for text in stream.answers("discord")))
        await stream.relay.receive(message(5, "!link yes", at=time.time() + 10))
        await eventually(lambda: any("as one person" in text for text in stream.answers("twitch")))

        assert "likes chess" in await stream.known_when(6, "hi", platform="discord", author="ann7")
        await stream.relay.receive(message(7, "!remembered"))
        await eventually(lambda: "I remember you, with one note; not here" in stream.answers("twitch")[-1])


async def test_switched_off_nothing_is_stored(tmp_path: Path) -> None:
    async with evening(tmp_path, memory={}, scenario={}) as stream:
        assert await stream.known_when(1, "hello") == ""
        assert stream.relay.memory is None

    assert list(tmp_path.glob("*memory*")) == []
