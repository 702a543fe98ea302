"""The same burst through this relay and through the published Twitch relay with its gateway, side by side.

Both talk to an embedded companion of their own; a second client in its chat notes what arrives, and when. The published
packages run in an environment of their own, as processes.
"""

import asyncio
import json
import os
import re
import tempfile
import time
from asyncio.subprocess import DEVNULL, PIPE
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import quantiles

from relay.application.composition import Relay
from relay.application.running import running
from relay.application.settings import load
from relay.application.statistics import Statistics
from relay.companion.serving.server import CompanionServer
from relay.config import CompanionSection, VoxtaSection
from relay.errors import RelayError
from relay.model import AudienceMessage, Kind
from relay.platforms.simulated import QuietPlatform
from relay.text.unicode import one_line
from relay.voxta.session import VoxtaSession
from relay.wire.messages import WireMessage
from relay.wire.server import MessageUpdate, ReplyCancelled, ReplyEnd
from tests.benchmarks.crowd import crowd
from tests.doubles.ports import free_port

SETTLE = 11.0
"""Seconds without anything new after which a run counts as over; a loud room is told something every eight."""
LIMIT = 120.0
"""Seconds after the burst that a run may take at most."""
_OURS = re.compile(r'(\w+) \((?:Twitch|Discord)\): "([^"]*)"')
_THEIRS = re.compile(r"^\[TWITCH\] (\w+): (.*)$")


@dataclass(frozen=True)
class Side:
    """What one relay made of the burst."""

    reached_voxta: int
    """Messages in the chat; one may hold several of the audience's."""
    per_second: float
    """At which the audience's messages reached the chat."""
    delay_p50_s: float
    delay_p99_s: float
    viewers_heard_share: float
    """Of the viewers who wrote."""
    jain: float
    """Jain's index of the times each was heard, over those heard at least once."""
    answered: int
    """Replies that were completed."""
    cut_off: int
    """Replies that the next message cut off."""


@dataclass(frozen=True)
class Comparison:
    messages: int
    seconds: float
    ours: Side
    published: Side | None
    """None when no environment with the published packages was named."""


class Observer:
    """A seat in the chat: notes whose words arrive, and when."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, str, float]] = []
        self.messages = self.answered = self.cut_off = 0
        self.last = time.monotonic()

    def note(self, message: WireMessage) -> None:
        match message:
            case ReplyEnd():
                self.answered += 1
            case ReplyCancelled():
                self.cut_off += 1
            case MessageUpdate() if message.role in ("User", "Event"):
                self.last = time.monotonic()
                self.messages += 1
                found = _OURS.findall(message.text) or _THEIRS.findall(message.text)
                self.heard += [(author.lower(), text, self.last) for author, text in found]


async def run(*, messages: int, seconds: float, peer: Path | None, seed: int = 0) -> Comparison:
    """Play the burst. `peer` is the Python of an environment with the published packages."""
    room = [each for each in crowd(seconds=seconds, per_minute=messages * 60 / seconds, seed=seed) if _is_chat(each)]
    return Comparison(
        messages=len(room),
        seconds=seconds,
        ours=await _ours(room),
        published=await _published(room, peer) if peer else None,
    )


def _is_chat(message: AudienceMessage) -> bool:
    return message.kind is Kind.CHAT


async def _ours(room: Sequence[AudienceMessage]) -> Side:
    with tempfile.TemporaryDirectory() as folder:
        async with _stage() as (url, observer):
            config = load(relay={"name": "compare", "data_dir": folder}, voxta=VoxtaSection(mode="server", url=url))
            app = Relay(config, lambda *_: [QuietPlatform("twitch")], voxta_url=url, statistics=Statistics())
            async with running(app):
                while app.session.chat is None:  # noqa: ASYNC110 - once, before the burst
                    await asyncio.sleep(0.01)
                began = time.monotonic()
                for message in room:
                    await asyncio.sleep(max(0.0, began + message.at - time.monotonic()))
                    await app.receive(message.model_copy(update={"at": time.time()}))
                await _calm(observer)
            return _side(room, observer, began)


async def _published(room: Sequence[AudienceMessage], python: Path) -> Side:
    async with _stage() as (url, observer), gateway(python, url) as gateway_url:
        driver = Path(__file__).with_name("peer.py")
        process = await asyncio.create_subprocess_exec(
            str(python), str(driver), gateway_url, stdin=PIPE, stdout=PIPE, stderr=DEVNULL
        )
        assert process.stdin is not None
        assert process.stdout is not None
        lines = ({"at": m.at, "author": m.author.name, "text": m.text} for m in room)
        process.stdin.write("".join(json.dumps(line) + "\n" for line in lines).encode())
        process.stdin.close()
        async with asyncio.timeout(30):
            if await process.stdout.readline() != b"ready\n":
                raise RelayError(f"{python} has no working voxta-twitch-relay: pip install voxta-twitch-relay there")
        began = observer.last = time.monotonic()
        await _calm(observer)
        if process.returncode is None:
            process.kill()
        await process.wait()
        return _side(room, observer, began)


@asynccontextmanager
async def _stage() -> AsyncIterator[tuple[str, Observer]]:
    """A companion and an observer in its chat."""
    observer = Observer()
    async with CompanionServer(CompanionSection(port=0)) as companion:
        seat = VoxtaSession(VoxtaSection(), listen=observer.note, changed=lambda: None, url=companion.url)
        task = asyncio.create_task(seat.run())
        try:
            yield companion.url, observer
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


@asynccontextmanager
async def gateway(python: Path, voxta_url: str) -> AsyncIterator[str]:
    port = free_port()
    process = await asyncio.create_subprocess_exec(
        str(python), "-m", "uvicorn", "voxta_gateway.main:app", "--host", "127.0.0.1", "--port", str(port),
        env=os.environ | {"VOXTA_URL": voxta_url, "LOG_LEVEL": "ERROR"}, stdout=DEVNULL, stderr=DEVNULL,
    )  # fmt: skip
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        await process.wait()


async def _calm(observer: Observer) -> None:
    """Wait until nothing new arrives any more, or the limit."""
    deadline = time.monotonic() + LIMIT
    while time.monotonic() < min(deadline, observer.last + SETTLE):  # noqa: ASYNC110 - silence is no event
        await asyncio.sleep(0.2)


def _side(room: Sequence[AudienceMessage], observer: Observer, began: float) -> Side:
    written: dict[str, list[tuple[str, float]]] = defaultdict(list)
    for message in room:
        written[message.author.name.lower()].append((one_line(message.text), began + message.at))
    delays = [at - _written_at(written[author], text, at) for author, text, at in observer.heard]
    counts = Counter(author for author, _, _ in observer.heard)
    spent = max((at for _, _, at in observer.heard), default=began) - began
    cuts = quantiles(delays, n=100) if len(delays) > 1 else [0.0] * 99
    return Side(
        reached_voxta=observer.messages,
        per_second=round(len(delays) / spent, 2) if spent else 0.0,
        delay_p50_s=round(cuts[49], 3),
        delay_p99_s=round(cuts[98], 3),
        viewers_heard_share=round(len(counts) / max(1, len(written)), 3),
        jain=round(sum(counts.values()) ** 2 / (len(counts) * sum(n * n for n in counts.values())), 3)
        if counts
        else 0.0,
        answered=observer.answered,
        cut_off=observer.cut_off,
    )


def _written_at(lines: list[tuple[str, float]], text: str, heard_at: float) -> float:
    """When the words that were heard had been written; each line counts once, the oldest first."""
    same = [line for line in lines if line[0] == one_line(text) and line[1] <= heard_at]
    found = (same or [line for line in lines if line[1] <= heard_at] or [(text, heard_at)])[0]
    if found in lines:
        lines.remove(found)
    return found[1]
