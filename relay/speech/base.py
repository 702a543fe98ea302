"""What the rooms around speech share: clips, where they are heard, and who else talks."""

from dataclasses import dataclass, field
from typing import Final, Protocol

FRAME: Final = 0.02
"""Seconds of one frame, as voice channels take them."""
RATE: Final = 48_000
"""Samples a second of everything that is played."""


@dataclass(frozen=True, eq=False)
class Clip:
    """A sentence or less, ready to be played. Compared by identity."""

    id: str
    """Unique, and hard to guess: it is part of an address."""
    message_id: str
    """The reply it belongs to."""
    text: str
    """What is said, fit to be shown."""
    pcm: bytes = field(repr=False)
    """Samples: 48 kHz, mono, signed 16 bit little-endian, brought to the loudness of all clips."""
    speaker: str = ""
    """The name of the character who says it; empty when it is not known."""

    @property
    def duration(self) -> float:
        """Seconds."""
        return len(self.pcm) / (2 * RATE)


class SinkListener(Protocol):
    """Hears from a sink, on the event loop."""

    def started(self, sink: "Sink", clip: Clip) -> None:
        """The first sample of a clip was heard."""

    def ended(self, sink: "Sink", clip: Clip) -> None:
        """A clip was heard to its end. Never called for one that was cut."""

    def changed(self, sink: "Sink") -> None:
        """It opened or closed, or plays on after it was away. What a closing sink had queued is gone."""


class Sink(Protocol):
    """A place where clips are heard: a voice channel, an overlay. No call waits; all are made on the event loop.

    Clips are played in the order given, one right after the other.
    """

    name: str
    """As in `speech.sinks`."""

    @property
    def is_open(self) -> bool:
        """Whether anybody could hear it now, or read along."""
        ...

    @property
    def has_sound(self) -> bool:
        """Whether it can be heard. One that only shows what is said leads where no other is open."""
        ...

    def listen(self, listener: SinkListener) -> None:
        """Tell `listener` from now on; called once, before anything is played."""
        ...

    def play(self, clip: Clip) -> None:
        """Queue a clip behind the others."""
        ...

    def pause(self) -> None:
        """Fall silent within a frame, and keep the place."""
        ...

    def resume(self) -> None:
        """Go on where it was paused."""
        ...

    def cut(self) -> None:
        """Fall silent within a frame, and forget all clips and any pause."""
        ...

    def seconds_heard(self, clip: Clip) -> float:
        """Seconds of a clip that were heard: 0 before its start; also answered after `pause` and `cut`."""
        ...

    def set_volume(self, volume: float) -> None:
        """From 0 (silent) over 1 (as it is) to 2, at once."""
        ...


class Speakers(Protocol):
    """Hears which people talk. Called on the event loop.

    What is known to be speech from the start needs no `talks` before `speaks`.

    A speaker is `source:who`: `voice:<the platform's id of a person>`, `microphone:<OBS input>`, `game:<name>`.
    """

    def talks(self, speaker: str) -> None:
        """Makes a sound that may be speech; to be repeated every few seconds at most 5 apart while it lasts."""

    def speaks(self, speaker: str) -> None:
        """It is speech. Began to speak, or still does; to be repeated as `talks`."""

    def stopped(self, speaker: str) -> None:
        """Fell silent."""
