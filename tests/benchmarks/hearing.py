"""What hearing costs: the share of a core, and the memory, when eight people talk at once without a pause.

From datagrams to what a listener is told: opened, put in order, decoded, judged, and lowered to 16 kHz. The time is the
processor's, so that it does not matter how busy the machine is with other things.
"""

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from relay.config import HearingSection
from relay.platforms.discord.hearing.counts import Counts
from relay.platforms.discord.hearing.onsets import Onsets
from relay.platforms.discord.hearing.receiver import Receiver
from relay.platforms.discord.hearing.voices import Voices
from relay.platforms.voice import Listener
from tests.hearing import sounds
from tests.hearing.test_person import Notes
from tests.platforms.discord.hearing.call import BOT, Call, Person

PEOPLE: Final = 8
SECONDS: Final = 5.0
GATE: Final = -50.0


@dataclass
class _Nobody:
    """Takes what the floor would be told."""

    spoken: int = 0

    def talks(self, speaker: str) -> None: ...

    def speaks(self, speaker: str) -> None:
        self.spoken += 1

    def stopped(self, speaker: str) -> None: ...


class _Room:
    """Everybody's ears, without a network and without threads."""

    def __init__(self, settings: HearingSection) -> None:
        self.now = 100.0
        self.floor = _Nobody()
        listener = Listener(self.floor, Notes(), lambda: True, settings, lambda who: settings.turn)
        self.voices = Voices(
            listener, GATE, hears=lambda user: True, noted=lambda user, bar: None, clock=lambda: self.now
        )
        self.call = Call(range(1, PEOPLE + 1))
        onsets = Onsets(
            GATE, hears=lambda user: True, began=self.voices.began, follow=self.voices, clock=lambda: self.now
        )
        self.receiver = Receiver(self.call, onsets, Counts(lambda: self.now), me=BOT)


def run() -> dict[str, Any]:
    """With the network that knows speech, and by loudness alone."""
    return {detector: _measured(HearingSection(detector=detector)) for detector in ("neural", "level")}


def _measured(settings: HearingSection) -> dict[str, float]:
    room = _Room(settings)
    speech = sounds.as_packets(sounds.speech())
    people = [Person(room.call, user, user) for user in range(1, PEOPLE + 1)]
    said = [[person.say(speech[number % len(speech)]) for person in people] for number in range(round(SECONDS * 50))]
    warm, rest = said[:50], said[50:]
    before = _memory()
    _hear(room, warm)
    after = _memory()
    began = time.process_time()
    _hear(room, rest)
    spent = time.process_time() - began
    assert room.floor.spoken >= PEOPLE
    return {"core": round(spent / (len(rest) / 50), 3), "mb_per_person": round((after - before) / PEOPLE, 1)}


def _hear(room: _Room, ticks: list[list[bytes]]) -> None:
    for datagrams in ticks:
        room.now += 0.02
        for datagram in datagrams:
            room.receiver.packet(datagram)
        room.voices.look()


def _memory() -> float:
    """Megabytes this process holds."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096 / 2**20
