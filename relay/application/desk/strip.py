"""The strip at the top of the desk: who has the floor, and how the moderators have set the relay."""

import time
from typing import Final

from relay.application.composition import Relay
from relay.moderation.switches import Switches
from relay.speech.floor import FloorState
from relay.web.desk.topics import Topic

EVERY: Final = 0.1
"""Seconds between two looks at the floor, which has to be seen as it changes."""


class Strip:
    """What is always seen."""

    def __init__(self, relay: Relay) -> None:
        self._relay = relay
        self.topic = Topic("strip", self.state, time.monotonic, every=EVERY, is_looked_at=True)

    def state(self) -> dict[str, object]:
        floor, now = self._relay.floor, time.monotonic()
        chat = self._relay.session.chat
        state, talking = floor.state(now), sorted(floor.speakers(now))
        return {
            "character": chat.characters[0].name if chat is not None and chat.characters else None,
            "floor": {"state": "free" if state is FloorState.IDLE else state, "talking": talking},
            "switches": _switches(self._relay.runtime.switches()),
            "held": len(self._relay.runtime.held()),
        }


def _switches(switches: Switches) -> dict[str, object]:
    return switches.model_dump(mode="json") | {"muted": sorted(switches.muted)}
