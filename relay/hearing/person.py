"""One person's voice: from samples to what a listener is told, as when they begin, what they say, and when they end."""

from collections import deque
from collections.abc import Callable, Iterable
from typing import Final

from relay.config import HearingSection
from relay.hearing.base import BLOCK_SAMPLES, Detector, PersonListener, VoiceState
from relay.hearing.detector import SILENT, loudness
from relay.hearing.voice_activity import BLOCK, GAP, Bar, VoiceActivity

LEAD_IN: Final = 0.3
"""Seconds from before the first sound that belong to a turn, for words begin softly."""
LONGEST: Final = 30.0
"""Seconds after which a turn is cut, and another begins: recognisers take 30 s at once."""
BLOCK_BYTES: Final = 2 * BLOCK_SAMPLES
_QUIET_BLOCK: Final = bytes(BLOCK_BYTES)

IsEcho = Callable[[bytes, float], bool]
"""Whether a block that ended then is what the companion itself says."""


class PersonVoice:
    """Takes sound as `relay.hearing.base` describes it, in pieces of any size, on the event loop.

    The detector judges there as well, when there is anything to judge: it takes 0.2 ms a block and holds Python's lock
    meanwhile, so that a thread of its own would delay the loop no less, and only bring a queue.
    """

    def __init__(
        self,
        who: str,
        listener: PersonListener,
        detector: Detector,
        *,
        settings: HearingSection,
        gate: float,
        ends_after: Callable[[], float],
        is_echo: IsEcho | None = None,
        longest: float = LONGEST,
    ) -> None:
        """`gate` in dBFS: what is quieter is silence. `ends_after` tells how much silence ends the turn as it is now,
        and is asked again and again. A turn is cut after `longest` seconds.
        """
        self.who = who
        self._listener = listener
        self._detector = detector
        self._is_echo = is_echo
        self._longest = longest
        self._activity = VoiceActivity(settings, gate, ends_after)
        self._rest = b""
        self._heard_at = 0.0
        self._before: deque[bytes] = deque(maxlen=round((LEAD_IN + settings.doubt) / BLOCK))
        self._lead_in = round(LEAD_IN / BLOCK)
        self._since_sound = 0
        """Blocks of the sound of which is not known yet whether it is speech."""
        self._said = 0.0
        """Seconds of this turn."""

    @property
    def state(self) -> VoiceState:
        """What the voice does."""
        return self._activity.state

    @property
    def bar(self) -> Bar:
        """How loud a sound has to be that may be speech."""
        return self._activity.bar

    def sounds(self, now: float) -> None:
        """Something was heard that may be speech, as whoever looks at the samples first has found."""
        self._tell(self._activity.sounds(now))

    def feed(self, pcm: bytes, now: float) -> None:
        """The next samples, of which the last one was said `now`."""
        self._fill_gap(len(pcm) / BLOCK_BYTES * BLOCK, now)
        data = self._rest + pcm
        end = len(data) - len(data) % BLOCK_BYTES
        self._rest = data[end:]
        for at in range(0, end, BLOCK_BYTES):
            block = data[at : at + BLOCK_BYTES]
            self._hear(block, now - (len(data) - at - BLOCK_BYTES) / BLOCK_BYTES * BLOCK)

    def wait(self, now: float) -> None:
        """Nothing was heard until now; to be called a few times a second while the state is not QUIET.

        `now` may be earlier than what was heard last, as of a caller who waits for late packets: then nothing is new.
        """
        if now >= self._heard_at:
            self._tell(self._activity.wait(now))

    def hush(self, now: float) -> None:
        """It is known that they fell silent `now`, or after what was heard last, if that was later."""
        self._tell(self._activity.hush(max(now, self._heard_at)))

    def end(self) -> None:
        """They are gone."""
        match self.state:
            case VoiceState.STARTING:
                self._listener.was_noise(self.who)
            case VoiceState.SPEAKING | VoiceState.STOPPING:
                self._listener.turn_ended(self.who)

    def _hear(self, block: bytes, now: float) -> None:
        if (
            is_echo := self._is_echo is not None and self._is_echo(block, now)
        ) and self.state is not VoiceState.SPEAKING:
            block = _QUIET_BLOCK
        volume = SILENT if is_echo else loudness(block)
        is_worth_it = volume > SILENT and self._activity.wants_likelihood(volume)
        likelihood = self._detector.speech(block) if is_worth_it else 0.0
        was_quiet = self.state in (VoiceState.QUIET, VoiceState.STARTING)
        if was_quiet:
            self._before.append(block)
            self._since_sound += 1
        self._tell(self._activity.hear(volume, likelihood, now))
        if not was_quiet:
            self._say(block)

    def _fill_gap(self, length: float, now: float) -> None:
        """What was not sent was silence: within a turn it is part of it, and nothing that follows goes on before it."""
        missing, self._heard_at = now - length - self._heard_at, now
        if missing < GAP:
            return
        self._rest = b""
        self._tell(self._activity.wait(now - length))
        if self.state in (VoiceState.SPEAKING, VoiceState.STOPPING):
            self._say(_QUIET_BLOCK * int(min(missing, LONGEST) / BLOCK))
        else:
            self._before.clear()
            self._detector.reset()

    def _say(self, pcm: bytes) -> None:
        if self.state is VoiceState.QUIET:
            return
        self._listener.speech(self.who, pcm)
        self._said += len(pcm) / BLOCK_BYTES * BLOCK
        if self._said >= self._longest:
            self._said = 0.0
            self._listener.turn_cut(self.who)

    def _tell(self, entered: Iterable[VoiceState]) -> None:
        before = self.state
        for state in entered:
            self._tell_of(before, state)
            before = state

    def _tell_of(self, before: VoiceState, state: VoiceState) -> None:
        match before, state:
            case _, VoiceState.STARTING:
                self._since_sound = 0
                self._listener.sound_began(self.who)
            case VoiceState.STARTING, VoiceState.QUIET:
                self._listener.was_noise(self.who)
            case VoiceState.QUIET | VoiceState.STARTING, VoiceState.SPEAKING:
                self._begin(heard_before=before is VoiceState.STARTING)
            case _, VoiceState.SPEAKING:
                self._listener.speech_resumed(self.who)
            case _, VoiceState.STOPPING:
                self._listener.speech_paused(self.who)
            case _:
                self._listener.turn_ended(self.who)

    def _begin(self, *, heard_before: bool) -> None:
        if not heard_before:
            self._since_sound = 0
            self._listener.sound_began(self.who)
        self._listener.speech_began(self.who)
        lead = list(self._before)[-(self._lead_in + self._since_sound) :]
        self._before.clear()
        self._said = 0.0
        self._say(b"".join(lead))
