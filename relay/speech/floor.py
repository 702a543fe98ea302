"""Who may speak now: a pure state machine. No I/O; every call takes `now` in seconds.

Two sides share the floor. The companion's side follows what Voxta tells: asked, thinking, speaking, done, and where
it says so that it waits for people, which is the true end of a turn. The people's
side is the set of external speakers who talk: sound that may be speech pauses a reply, and only what is known to be
speech gives it up. Where both want the floor, `advance` says what becomes of the reply: pause it, go on with it, or
give it up. Everything has a deadline: a lost message delays the room, it never mutes it.
"""

from enum import StrEnum
from typing import Final

from relay.config import FloorSection
from relay.speech.people import People


class FloorState(StrEnum):
    IDLE = "idle"
    AWAITING = "awaiting"
    """A forward was sent that should be answered, and the answer has not begun."""
    THINKING = "thinking"
    SPEAKING = "speaking"
    FINISHING = "finishing"
    """The reply is over, and Voxta has not said yet that it waits for people; another character may go on."""


class FloorDecision(StrEnum):
    """What has to be done now."""

    PAUSE = "pause"
    """Fall silent and keep the place: somebody talks, and nobody knows yet whether they mean it."""
    RESUME = "resume"
    """It was a cough, or the reply is gone: nothing is paused any more."""
    INTERRUPT = "interrupt"
    """Give the reply up: a person has the word."""
    YIELDED = "yielded"
    """Who interrupted is done; the reply they cut off can be made up for."""


STREAMER: Final = "streamer"
"""The external speaker that Voxta's own speech recognition hears."""
THOUGHT: Final = 300.0
"""Seconds for which thoughts alone keep the floor; some models never come to an end with them."""
WORDS_WITHIN: Final = 3.0
"""Seconds in which speech becomes text; endpoints mostly take less than one."""
_ROUNDING: Final = 1e-6
_REPLYING: Final = frozenset({FloorState.AWAITING, FloorState.THINKING, FloorState.SPEAKING})
_ALWAYS: Final = frozenset({STREAMER, "microphone"})


class Floor:
    """Idle, or taken by the companion until it is done or the deadline has passed.

    Call `advance` after every change and at `next_at`, until it returns None, and do what it says.
    """

    def __init__(self, settings: FloorSection, reply_timeout: float, *, doubt: float) -> None:
        """`doubt`: seconds for which sound that nobody confirms to be speech is taken for it."""
        self._settings = settings
        self._reply_timeout = reply_timeout
        self._doubt = min(doubt, settings.max_pause)
        self._people = People(settings, doubt=self._doubt, doubted_since=self._doubted_since)
        self._state = FloorState.IDLE
        self._deadline = 0.0
        self._interruptible = True
        self._thinks_until = 0.0
        self._is_busy = False
        """Voxta has said that it works on a turn, and not yet that it waits for people."""
        self._paused_since: float | None = None
        self._spoken: set[str] = set()
        """Whose speech was heard in this pause."""
        self._overlaps: dict[frozenset[str], float] = {}
        """For how long people have spoken in this reply, by who did so at once."""
        self._counted_until = 0.0
        self._was_interrupted = False
        self._awaits_words = False
        """It is kept for the answer to who has interrupted, whose words are not known yet."""
        self._words_by = 0.0
        """When what somebody has said is known at the latest; it goes before all that was written."""
        self._advanced_at = 0.0

    # Looking

    def state(self, now: float) -> FloorState:
        """The companion's state at `now`; idle once the deadline has passed."""
        if self._state is not FloorState.IDLE and now >= self._deadline:
            self.freed()
        return self._state

    def speakers(self, now: float) -> frozenset[str]:
        """The external speakers who are talking, or may be."""
        return self._people.talking(now)

    @property
    def is_interruptible(self) -> bool:
        """Whether the companion gives way to people now."""
        return self._interruptible

    @property
    def was_interrupted(self) -> bool:
        """Whether somebody has just given up a reply, and is not done yet."""
        return self._was_interrupted

    def is_free(self, now: float) -> bool:
        """Whether neither the companion nor a person has it."""
        is_idle = self.state(now) is FloorState.IDLE and not self._was_interrupted
        return is_idle and not self._people.have_it(now) and now >= self._words_by

    def has_room_for_words(self, now: float) -> bool:
        """Whether what somebody has said aloud may be told: the companion says nothing, and nobody speaks."""
        is_open = self.state(now) is FloorState.IDLE or self._awaits_words
        return is_open and not self._people.speaking(now)

    def free_at(self, now: float) -> float:
        """When the floor is free at the latest if nothing else happens, in the clock of `now`."""
        taken_until = self._deadline if self.state(now) is not FloorState.IDLE else now
        return max(taken_until, self._words_by, self._people.silent_at(now))

    def next_at(self, now: float) -> float | None:
        """When `advance` has to be called again if nothing else happens; None for never.

        It may be before `now`, when the caller was late: what has become due since the last `advance` is not over.
        """
        times = [self._words_by, *self._people.times()]
        if self._state is not FloorState.IDLE:
            times.append(self._deadline)
        if self._paused_since is not None:
            times += [self._paused_since + self._settings.max_pause, self._paused_since + self._doubt]
            if self._people.speaking(now):
                times.append(now + self._settings.min_speech - self._overlap)
        return min((time for time in times if time > self._advanced_at), default=None)

    # The companion's side

    def asked(self, now: float, *, interruptible: bool = True) -> None:
        """A forward that expects a reply was sent. Nobody may interrupt the reply unless it is `interruptible`."""
        self._words_by = 0.0
        self._enter(FloorState.AWAITING, now)
        self._interruptible = interruptible

    def awaits_words(self, now: float) -> None:
        """Who interrupted is done, and is about to be answered."""
        self.asked(now)
        self._awaits_words = True

    def thinking(self, now: float, *, is_thought: bool = False) -> None:
        """A reply is being generated, or more of it has come. What it only thinks keeps the floor, but not for ever."""
        if not is_thought:
            self._thinks_until = now + THOUGHT
        if now < self._thinks_until and self.state(now) is not FloorState.SPEAKING:
            self._enter(FloorState.THINKING, now)

    def speaking(self, now: float, duration: float) -> None:
        """Speech began that lasts `duration` seconds (0 where the server does not say)."""
        self._enter(FloorState.SPEAKING, now, extra=duration)

    def reply_ended(self, now: float) -> None:
        """The text is complete. Speech, once begun, keeps the floor until it is done."""
        if self.state(now) is not FloorState.SPEAKING:
            self.released()

    def released(self) -> None:
        """The reply was cancelled, heard to its end or interrupted."""
        if self._is_busy and self._state is not FloorState.IDLE:
            self._state = FloorState.FINISHING
        else:
            self.freed()

    def freed(self) -> None:
        """Whatever Voxta said of its turn is over, as when the chat is gone."""
        self._is_busy = False
        self._state = FloorState.IDLE
        self._interruptible = True

    def turn_goes_on(self, now: float) -> None:
        """Voxta works on a turn, whoever began it. Until `turn_is_over` the end of a reply does not free the floor."""
        self._is_busy = True
        self.thinking(now)

    def turn_is_over(self, now: float, *, is_voicing: bool) -> None:
        """Voxta waits for people, which frees the floor as soon as nothing is said or (`is_voicing`) about to be.

        A forward that was sent just now is not what it means: of that it has told nothing yet.
        """
        self._is_busy = False
        if not is_voicing and self.state(now) in (FloorState.THINKING, FloorState.FINISHING):
            self.freed()

    # The people's side

    def speaker_talks(self, speaker: str, now: float) -> None:
        """An external speaker (`source` or `source:who`) makes, or goes on with, a sound that may be speech."""
        self._hear(speaker, now, is_speech=False)

    def speaker_speaks(self, speaker: str, now: float) -> None:
        """An external speaker began to speak, or goes on; it need not have been heard as sound before."""
        self._hear(speaker, now, is_speech=True)

    def speaker_stopped(self, speaker: str, now: float, *, is_done: bool = False) -> None:
        """An external speaker is silent; `is_done` when it is known that they do not just draw breath."""
        self._expire(now)
        self._people.stop(speaker, now, is_done=is_done)

    def speaker_listens(self, speaker: str) -> None:
        """What they say is not for the companion as far as it is known. Until they stop, nothing of it counts."""
        overlaps, self._overlaps = self._overlaps, {}
        for speakers, seconds in overlaps.items():
            self._add(speakers - {speaker}, seconds)
        self._spoken.discard(speaker)
        self._people.ignore(speaker)

    def speaker_says_more(self, speaker: str, now: float) -> None:
        """What somebody who only listened says now is for the companion; it counts from here on."""
        if self._people.heed(speaker):
            self._hear(speaker, now, is_speech=True)

    def expect_words(self, now: float, *, is_expected: bool) -> None:
        """Somebody is done, and what they said is about to be known; or there is nothing to wait for."""
        self._words_by = now + WORDS_WITHIN if is_expected else 0.0

    def advance(self, now: float) -> FloorDecision | None:
        """The next thing to do; None when there is none."""
        self._expire(now)
        has_reply, people = self.state(now) in _REPLYING, self._people.have_it(now)
        if self._paused_since is None:
            if has_reply and self._interruptible and self.speakers(now):
                self._paused_since, self._spoken = now, self._people.speaking(now)
                return FloorDecision.PAUSE
        elif not has_reply or not (people if self._spoken else self.speakers(now)):
            self._paused_since = None
            return FloorDecision.RESUME
        elif self._is_meant(now):
            self._paused_since = None
            self._was_interrupted = True
            self.freed()
            return FloorDecision.INTERRUPT
        if self._was_interrupted and not people:
            self._was_interrupted = False
            return FloorDecision.YIELDED
        self._advanced_at = now
        return None

    # Inside

    def _enter(self, state: FloorState, now: float, extra: float = 0.0) -> None:
        self._count(now)
        if self.state(now) not in _REPLYING:
            self._overlaps.clear()
        self._awaits_words = False
        self._state = state
        self._deadline = now + self._reply_timeout + extra

    def _may_interrupt(self, speaker: str) -> bool:
        source = speaker.partition(":")[0]
        return source in _ALWAYS or source in self._settings.may_interrupt

    def _is_meant(self, now: float) -> bool:
        """Whether the speech is more than a cough, or the pause has lasted too long. Noise never means anything."""
        assert self._paused_since is not None
        if not self._spoken:
            return False
        limit = 0.0 if self._settings.on_barge_in == "stop" else self._settings.min_speech
        return self._overlap >= limit - _ROUNDING or now - self._paused_since >= self._settings.max_pause

    def _hear(self, speaker: str, now: float, *, is_speech: bool) -> None:
        if not self._may_interrupt(speaker):
            return
        self._expire(now)
        if self._people.hear(speaker, now, is_speech=is_speech) and is_speech:
            self._spoken.add(speaker)

    def _doubted_since(self) -> float | None:
        """Since when the companion is silent for sound of which none is known to be speech."""
        return None if self._spoken else self._paused_since

    def _expire(self, now: float) -> None:
        self._count(now)
        self._people.expire(now)

    def _count(self, now: float) -> None:
        """Add up how long people have spoken during this reply."""
        spoken = self._people.speech()
        if self._state is not FloorState.IDLE:
            last = min(now, self._deadline, max(spoken.values(), default=0.0))
            self._add(frozenset(spoken), max(0.0, last - self._counted_until))
        self._counted_until = max(self._counted_until, now)

    @property
    def _overlap(self) -> float:
        """Seconds for which anybody has spoken in this reply."""
        return sum(self._overlaps.values())

    def _add(self, speakers: frozenset[str], seconds: float) -> None:
        if speakers:
            self._overlaps[speakers] = self._overlaps.get(speakers, 0.0) + seconds
