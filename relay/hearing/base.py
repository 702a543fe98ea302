"""What the rooms of hearing share: the states of a voice, what is said in one breath, and who turns it into text.

All sound here is mono, signed 16 bit little-endian, `HEARING_RATE` samples a second.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Protocol

from relay.errors import RelayError

HEARING_RATE: Final = 16_000
"""Samples a second."""
BLOCK_SAMPLES: Final = 512
"""Samples that a detector judges at once: 32 ms, as Silero's model takes them."""


class RecognitionError(RelayError):
    """Speech could not be understood. Its text is fit to be shown and holds no secret."""


class VoiceState(StrEnum):
    """What one person's voice does."""

    QUIET = "quiet"
    STARTING = "starting"
    """There is sound, and nobody knows yet whether it is speech: the companion pauses."""
    SPEAKING = "speaking"
    """It is speech."""
    STOPPING = "stopping"
    """Silence after speech, which may be no more than a breath."""


@dataclass(frozen=True, slots=True)
class SpokenText:
    """What one person said in a turn, in words."""

    who: str
    """The speaker, as `Speakers` knows them: `voice:<the platform's id>`."""
    text: str
    """Never empty; as hostile as any text of the audience."""
    ended: float
    """When they were done, by the monotonic clock."""
    over: bool = False
    """They began while the companion was speaking."""


class Hearer(Protocol):
    """Wants to know what people say."""

    def is_spoken_over(self) -> bool:
        """Whether who begins now does so while the companion is speaking."""
        ...

    def so_far(self, who: str, text: str) -> None:
        """What is understood so far of somebody who began over the companion, whenever that changes."""
        ...

    def is_all(self, who: str, text: str) -> bool:
        """Whether what is understood of them so far is all that is to be told; the rest of the turn is not awaited."""
        ...

    def expect(self, *, is_expected: bool) -> None:
        """Somebody is done, and what they said is about to be known; or there is nothing to wait for."""
        ...

    def may_be_done(self, who: str, text: str) -> None:
        """They fell silent behind what is understood so far, for a breath or for good."""

    def goes_on(self, who: str) -> None:
        """They were not done."""

    async def said(self, spoken: SpokenText) -> None:
        """What they said, when they were done or `is_all` was so."""
        ...


class Detector(Protocol):
    """Tells speech from noise in one person's voice. One for each voice, as it remembers what was before."""

    def speech(self, block: bytes) -> float:
        """How likely the next `BLOCK_SAMPLES` are speech, from 0 to 1."""
        ...

    def reset(self) -> None:
        """What comes next does not follow what was."""
        ...


class VoiceListener(Protocol):
    """Hears how one person's voice goes; called on the event loop, in order."""

    def sound_began(self, who: str) -> None:
        """STARTING: loud enough to be speech."""

    def was_noise(self, who: str) -> None:
        """QUIET again, and it was no speech."""

    def speech_began(self, who: str) -> None:
        """SPEAKING: it is speech. What was said since a little before the first sound follows as `speech`."""

    def speech(self, who: str, pcm: bytes) -> None:
        """Their sound as it comes, from the beginning of the turn to its end, short silences with it."""

    def speech_paused(self, who: str) -> None:
        """STOPPING."""

    def speech_resumed(self, who: str) -> None:
        """SPEAKING again, in the same turn."""

    def turn_ended(self, who: str) -> None:
        """QUIET: they were silent for as long as their words made likely that they are done, or are gone."""


class PersonListener(VoiceListener, Protocol):
    """Hears as well that somebody speaks on and on."""

    def turn_cut(self, who: str) -> None:
        """Not QUIET: the turn ended because it was too long, and what they go on with is the next one."""


class Recognition(Protocol):
    """One person's turn on its way to text."""

    @property
    def text(self) -> str:
        """What is understood so far; "" where the engine tells nothing before the end."""
        ...

    def feed(self, pcm: bytes) -> None:
        """Take the next sound. Returns at once."""
        ...

    async def finish(self) -> str:
        """The whole text; "" when there are no words. Raises RecognitionError."""
        ...

    def abandon(self) -> None:
        """Nobody wants to know any more."""
        ...


class Recogniser(Protocol):
    """An engine that understands speech."""

    def begin(self, language: str = "") -> Recognition:
        """Listen to another turn; several may go on at once. `language` as in BCP 47, "" when it is not known."""
        ...

    async def check(self) -> str:
        """Whether it can be had, in a few words for people. Raises RecognitionError, which says what to do."""
        ...
