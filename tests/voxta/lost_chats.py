"""Says spoiled messages to a whole relay over a real socket, until it has lost its chat or heard them all.

`python -m tests.voxta.lost_chats 10000` prints the count as JSON.
"""

import asyncio
import json
import logging
import sys
import tempfile
from dataclasses import asdict, dataclass, field
from pathlib import Path
from random import Random

from relay.platforms.simulated import QuietPlatform
from relay.web.gateway.mirror import Mirror
from relay.web.gateway.state import GatewayState
from relay.web.gateway.subscribers import Subscribers
from relay.wire.messages import WireMessage
from tests.end_to_end.stage import relaying, settings
from tests.support import eventually
from tests.voxta.room import connections, room, say
from tests.voxta.said import SESSION, spoiled

BATCH = 50


@dataclass
class Report:
    said: int = 0
    understood: int = 0
    """Sane messages that were heard; one follows each spoiled one."""
    lost_chats: int = 0
    failures: list[str] = field(default_factory=list)
    """What went wrong where messages are taken in."""


class Ear(logging.Handler):
    """Hears what the relay is told, and the failures it logs."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.report = Report()

    def heard(self, message: WireMessage) -> None:
        if str(getattr(message, "message_id", "")).startswith("sane"):
            self.report.understood += 1

    def emit(self, record: logging.LogRecord) -> None:
        self.report.failures.append(self.format(record))


async def lost_chats(count: int, seed: int, folder: Path) -> Report:
    """Say `count` spoiled messages, each followed by a sane one, to a relay that has joined a chat."""
    random, ear = Random(seed), Ear()
    report = ear.report
    logging.getLogger("relay").addHandler(ear)
    try:
        async with (
            room() as voxta,
            relaying(settings(folder), voxta.url, lambda *_: [QuietPlatform("twitch")]) as (relay, _),
        ):
            mirror = Mirror(Subscribers(), GatewayState)
            relay.events.received.subscribe(mirror.received)
            relay.events.replied.subscribe(mirror.replied)
            relay.events.received.subscribe(ear.heard)
            while report.said < count:
                for _ in range(min(BATCH, count - report.said)):
                    report.said += 1
                    sane = {"$type": "update", "sessionId": SESSION, "messageId": f"sane{report.said}", "text": "Hi."}
                    await say(voxta, spoiled(random), sane)
                await eventually(lambda: report.understood >= report.said or connections(voxta) > 1)
                if connections(voxta) > 1:
                    break
            report.lost_chats = connections(voxta) - 1 + (relay.session.chat is None)
    finally:
        logging.getLogger("relay").removeHandler(ear)
    return report


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as place:
        print(json.dumps(asdict(asyncio.run(lost_chats(int(sys.argv[1]), 1, Path(place))))))
