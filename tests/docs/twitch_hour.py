"""`python -m tests.docs.twitch_hour` writes into docs/twitch.md what becomes of each event of a recorded hour.

The hour is played by the local Twitch to the real adapter, minute by minute, and what that brings goes to a forwarder
with the default settings, but that everything is on.
"""

import asyncio
import json
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from relay.application.settings import load
from relay.config import ForwardingSection
from relay.model import (
    AudienceMessage,
    Forward,
    Incoming,
    Kind,
    PlatformDecision,
    Retraction,
    SendAs,
    Settlement,
)
from relay.platforms.twitch.client import TwitchPlatform
from relay.platforms.twitch.settings import TwitchSection
from tests.docs.pages import ROOT
from tests.doubles.twitch import TwitchDouble
from tests.doubles.twitch.state import User
from tests.forwarding.surroundings import Scene
from tests.support import PATIENCE

PAGE: Final = ROOT / "docs" / "twitch.md"
HOUR: Final = Path(__file__).parents[1] / "doubles" / "twitch" / "hour.jsonl"
STREAMER: Final = "1"
"""The streamer's id in the recording."""
BEGIN: Final = "<!-- written by `make docs` -->\n"
END: Final = "<!-- up to here -->\n"
EVERYTHING: Final = {"automod": True, "restricted_chat": "mark", "shared_chat": "mark"}
"""Settings of what Twitch tells only to who wants it."""
_SILENCE: Final = 1_000.0
"""Seconds after the hour in which whatever still waits has its outcome."""
_HEADER: Final = "| Twitch's event | kind | told as | words | outcome |\n| --- | --- | --- | --- | --- |\n"


@dataclass
class Event:
    """One line of the recording, and what the adapter made of it."""

    at: float
    type: str
    event: dict[str, Any]
    brought: list[Incoming] = field(default_factory=list)

    @property
    def name(self) -> str:
        """Its type, with that of a notice."""
        return " ".join(filter(None, (self.type, self.event.get("notice_type"))))


def recorded() -> list[Event]:
    """The hour, in order."""
    return [Event(**json.loads(line)) for line in HOUR.read_text("utf-8").splitlines()]


async def hear(events: list[Event]) -> None:
    """Let Twitch tell of each event, and note what the adapter brings."""
    brought: list[Incoming] = []
    marks: dict[str, asyncio.Event] = {}

    async def receive(*incoming: Incoming) -> None:
        for each in incoming:
            if isinstance(each, AudienceMessage) and (mark := marks.get(each.id)):
                mark.set()
            else:
                brought.append(each)

    async with TwitchDouble() as twitch, asyncio.timeout(PATIENCE):
        with tempfile.TemporaryDirectory() as folder:
            token = twitch.write_token(Path(folder) / "token.json")
            platform = TwitchPlatform(TwitchSection.model_validate(twitch.settings(**EVERYTHING)), token, receive)
            running = asyncio.create_task(platform.run())
            await platform.listening.wait()
            for number, event in enumerate(events):
                await twitch.notify(event.type, twitch.channel, _in(event.event, twitch.channel))
                marks[f"mark-{number}"] = heard = asyncio.Event()
                await twitch.chat("", id=f"mark-{number}")
                await heard.wait()
                event.brought, brought[:] = brought[:], []
            running.cancel()
            await asyncio.wait({running})


def _in(event: dict[str, Any], channel: User) -> dict[str, Any]:
    """The event, in this channel."""
    ours = [key.removesuffix("_id") for key, value in event.items() if value == STREAMER and key.endswith("_user_id")]
    return event | {key: value for prefix in ours for key, value in channel.named(prefix).items()}


@dataclass(frozen=True)
class Told:
    """What became of one message."""

    event: Event
    message: AudienceMessage
    forward: Forward | None
    settlement: Settlement


def tell(events: list[Event]) -> Iterator[Told]:
    """What a forwarder does with what the adapter brought, on a clock that jumps."""
    scene = Scene(load(None, forwarding={"kinds": {kind: {"enabled": True} for kind in Kind}}))
    scene.voxta.join()
    began = scene.wall()
    given: list[tuple[Event, AudienceMessage]] = []
    for event in events:
        scene.wait(max(0.0, began + event.at - scene.wall()))
        for each in event.brought:
            if isinstance(each, AudienceMessage):
                message = each.model_copy(update={"at": scene.wall()})
                scene.give(message)
                given.append((event, message))
            elif isinstance(each, PlatformDecision):
                scene.wait()
                scene.forwarder.decide(each)
        scene.wait()
    scene.wait(_SILENCE)
    forwards = {key: forward for forward in scene.voxta.arrived for key in forward.keys}
    outcomes = [(*each, scene.outcome(each[1])) for each in given]
    scene.close()
    for event, message, settlement in outcomes:
        assert settlement is not None
        yield Told(event, message, forwards.get(message.key), settlement)


def played() -> tuple[list[Event], list[Told]]:
    """The events of the hour, and what became of what each brought."""
    events = recorded()
    asyncio.run(hear(events))
    return events, list(tell(events))


def table(events: list[Event], told: list[Told]) -> str:
    """One row for each thing that each event brought."""
    rows: list[str] = []
    for event in events:
        messages = [each for each in told if each.event is event]
        rows += [_row(each) for each in messages] or [_row_of_none(event)]
    return _HEADER + "".join(rows)


def _row(told: Told) -> str:
    outcome, forward, kind = told.settlement.outcome.value, told.forward, told.message.kind
    start = f"| `{told.event.name}` | `{kind}`{'' if kind in ForwardingSection().wanted else ' (off by default)'}"
    if forward is None:
        return f"{start} | | | {outcome}: {told.settlement.reason} |\n"
    send_as = "user message" if forward.send_as is SendAs.USER else f"`/{forward.send_as}`"
    return f"{start} | {send_as} | {_cell(forward.body)} | {outcome} |\n"


def _row_of_none(event: Event) -> str:
    changes = [each for each in event.brought if not isinstance(each, AudienceMessage)]
    said = "; ".join(map(_changed, changes))
    return f"| `{event.name}` | | | {said or 'nothing: another event tells of it'} | |\n"


def _changed(change: Incoming) -> str:
    match change:
        case PlatformDecision():
            return f"ends the wait: {change.reason}"
        case Retraction():
            return f"takes back: {change.reason}"
    return "an edit"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("*", "\\*")


def page(now: str, table: str) -> str:
    """The whole page, with this table in it."""
    before, rest = now.split(BEGIN)
    return f"{before}{BEGIN}\n{table}\n{END}{rest.split(END)[1]}"


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text("utf-8"), table(*played())), "utf-8")
