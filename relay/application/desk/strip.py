"""The strip at the top of the desk: the floor, the microphone, each connection, and what moderators have set."""

import math
import time
from typing import Final

from relay.application.audio import LiveAudio
from relay.application.composition import Relay
from relay.application.desk.lights import Lights
from relay.commands.explaining import Halt
from relay.moderation.switches import Switches
from relay.speech.floor import FloorState
from relay.web.desk.topics import Age, Topic

EVERY: Final = 0.1
"""Seconds between two looks at the floor, which has to be seen as it changes."""


class Strip:
    """What is always seen."""

    def __init__(self, relay: Relay, audio: LiveAudio, lights: Lights) -> None:
        self._relay = relay
        self._audio = audio
        self._lights = lights
        self._taken: tuple[FloorState, frozenset[str]] = (FloorState.IDLE, frozenset())
        self._halt: Halt | None = None
        self._since = time.monotonic()
        self.topic = Topic("strip", self.state, time.monotonic, every=EVERY, mark=self.state)

    def look(self) -> None:
        """Who has the floor may have changed; while it is free, so may why nothing is told."""
        now = time.monotonic()
        taken = (self._relay.floor.state(now), self._relay.floor.speakers(now))
        halt = self._relay.forwarder.halt if taken[0] is FloorState.IDLE else None
        if (taken, halt) != (self._taken, self._halt):
            self._taken, self._halt, self._since = taken, halt, now

    def state(self) -> dict[str, object]:
        """Levels are in dBFS, None for silence."""
        self.look()
        halt = self._relay.forwarder.halt
        return {
            "character": self._relay.dialogue.character,
            "floor": self._floor(),
            "microphone": self._microphone(),
            "lights": self._lights.shown(),
            "switches": _switches(self._relay.runtime.switches()),
            "halt": halt.code if halt is not None else None,
            "held": len(self._relay.runtime.held()),
            "waiting": len(self._relay.forwarder.waiting),
        }

    def _floor(self) -> dict[str, object]:
        state, speakers = self._taken
        talkers = [self._audio.talker(speaker) for speaker in sorted(speakers)]
        return {
            "state": "free" if state is FloorState.IDLE else state,
            "who": self._relay.speaker,
            "since": Age(self._since),
            "talking": [{"name": talker.name, "streamer": talker.is_streamer} for talker in talkers],
        }

    def _microphone(self) -> dict[str, object] | None:
        microphone = self._audio.streamers_microphone
        if microphone is None:
            return None
        loudest = max(microphone.levels().values(), default=0.0)
        return {"level": round(20 * math.log10(loudest)) if loudest > 0 else None, "threshold": microphone.threshold}


def _switches(switches: Switches) -> dict[str, object]:
    return switches.model_dump(mode="json") | {"muted": sorted(switches.muted)}
