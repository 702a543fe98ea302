"""Everybody's voice on the event loop: what they say, told to a listener, and whether they talk, told to the floor."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Final

from relay.hearing.base import VoiceListener, VoiceState
from relay.hearing.detector import detectors
from relay.hearing.person import PersonVoice
from relay.hearing.resampling import Resampler
from relay.hearing.voice_activity import Bar
from relay.platforms.voice import Listener
from relay.speech.base import RATE, Speakers

LOOK_EVERY: Final = 0.05
"""Seconds between two looks at whether those who talk still do."""
REPEAT_EVERY: Final = 1.0
"""Seconds after which it is said again that somebody talks."""
JITTER: Final = 0.2
"""Seconds a packet may be late, until which its absence is no silence."""


def speaker_name(user: int) -> str:
    """How the floor knows them."""
    return f"voice:{user}"


class PersonTimeline:
    """When the samples of one stream were said, by our clock: packets come unevenly, their timestamps do not."""

    def __init__(self) -> None:
        self._begin: tuple[float, int] | None = None

    def at(self, timestamp: int, now: float, late: float) -> float:
        """The time of a sample read `now`, `late` after it may have come: it was said a little before it came."""
        if self._begin is not None:
            began, first = self._begin
            at = began + ((timestamp - first + 2**31 & 0xFFFFFFFF) - 2**31) / RATE
            if now - 2 * JITTER - late <= at <= now:
                return at
        self._begin = now, timestamp
        return now


@dataclass(slots=True, eq=False)
class _Person:
    voice: PersonVoice
    bar: Bar
    lowered: Resampler = field(default_factory=lambda: Resampler(RATE))
    timeline: PersonTimeline = field(default_factory=PersonTimeline)
    is_hushed: bool = False


class _Telling:
    """Tells the floor who makes a sound, who speaks and who does not any more, and passes everything on."""

    def __init__(self, speakers: Speakers, listener: VoiceListener, clock: Callable[[], float]) -> None:
        self._speakers = speakers
        self._listener = listener
        self._clock = clock
        self._speaking: dict[str, bool] = {}
        """Those the floor knows of: whether they speak."""
        self._told_at: dict[str, float] = {}

    def talks(self, who: str) -> None:
        self._tell(who, is_speech=False)

    def again(self, who: str) -> None:
        """They made another sound in what goes on already."""
        self._tell(who, is_speech=self._speaking.get(who, False))

    def passes(self, who: str) -> None:
        """They made a sound, and there is nothing more of it."""
        self.talks(who)
        self._stop(who)

    def repeat(self) -> None:
        """Say again what lasts."""
        for who, is_speech in list(self._speaking.items()):
            if self._clock() - self._told_at[who] >= REPEAT_EVERY:
                self._tell(who, is_speech=is_speech)

    def _tell(self, who: str, *, is_speech: bool) -> None:
        self._speaking[who], self._told_at[who] = is_speech, self._clock()
        if is_speech:
            self._speakers.speaks(who)
        else:
            self._speakers.talks(who)

    def _stop(self, who: str) -> None:
        if self._speaking.pop(who, None) is not None:
            self._speakers.stopped(who)

    # See PersonListener

    def sound_began(self, who: str) -> None:
        self.talks(who)
        self._listener.sound_began(who)

    def was_noise(self, who: str) -> None:
        self._stop(who)
        self._listener.was_noise(who)

    def speech_began(self, who: str) -> None:
        self._tell(who, is_speech=True)
        self._listener.speech_began(who)

    def speech(self, who: str, pcm: bytes) -> None:
        self._listener.speech(who, pcm)

    def speech_paused(self, who: str) -> None:
        self._stop(who)
        self._listener.speech_paused(who)

    def speech_resumed(self, who: str) -> None:
        self._tell(who, is_speech=True)
        self._listener.speech_resumed(who)

    def turn_ended(self, who: str) -> None:
        self._stop(who)
        self._listener.turn_ended(who)

    def turn_cut(self, who: str) -> None:
        self._listener.turn_ended(who)
        self._listener.speech_began(who)


class Voices:
    """The people in voice channels. `follow` looks after them until cancelled."""

    def __init__(
        self,
        listener: Listener,
        gate: float,
        *,
        hears: Callable[[int], bool],
        noted: Callable[[int, Bar], None],
        clock: Callable[[], float],
    ) -> None:
        """`noted` hears how loud somebody has to be to be told of at once, whenever that changes."""
        self._listener = listener
        self._gate = gate
        self._hears = hears
        self._noted = noted
        self._clock = clock
        self._make_detector = detectors(listener.settings, gate)
        self._telling = _Telling(listener.speakers, listener.voices, clock)
        self._people: dict[int, _Person] = {}
        self._woken = asyncio.Event()
        self._looked_at: float | None = None
        """While somebody talks."""
        self._was_held_up = 0.0
        """Seconds, before the last look."""

    @property
    def states(self) -> dict[int, VoiceState]:
        """What everybody's voice does, of those who are not quiet."""
        states = {user: person.voice.state for user, person in self._people.items()}
        return {user: state for user, state in states.items() if state is not VoiceState.QUIET}

    @property
    def quiet(self) -> set[int]:
        """Those who are known and say nothing."""
        return {user for user, person in self._people.items() if person.voice.state is VoiceState.QUIET}

    async def prepare(self) -> None:
        """Load what tells speech from noise, which takes a moment, before anybody is heard."""
        await asyncio.to_thread(self._make_detector)

    async def follow(self) -> None:
        """Let time pass for those who talk."""
        try:
            while True:
                await self._woken.wait()
                self._woken.clear()
                while self.states:
                    self.look()
                    await asyncio.sleep(LOOK_EVERY)
                self._looked_at, self._was_held_up = None, 0.0
        finally:
            self.forget_all()

    # What the ears hear

    def began(self, user: int) -> None:
        """Somebody made a sound, at which the companion may be silent already: the floor says whether it stays so."""
        if not self._hears(user):
            self.forget(user)
            self._telling.passes(speaker_name(user))
            return
        person = self._person(user)
        person.is_hushed = False
        if person.voice.state is not VoiceState.QUIET:
            self._telling.again(person.voice.who)
        person.voice.sounds(self._clock())
        self._woken.set()

    def sound(self, user: int, timestamp: int, pcm: bytes) -> None:
        """The next of their sound; `timestamp` is that of its first sample."""
        if not self._hears(user):
            return
        person = self._person(user)
        person.is_hushed = False
        samples = len(pcm) // 2
        now = self._clock()
        end = person.timeline.at((timestamp + samples) & 0xFFFFFFFF, now, self._late(now))
        person.voice.feed(person.lowered.convert(pcm), end)
        self._note(user, person)
        self._woken.set()

    def hush(self, user: int) -> None:
        """Their client says that they are done."""
        if (person := self._people.get(user)) is not None:
            person.is_hushed = True
            now = self._clock()
            person.voice.hush(now - self._late(now))

    def forget(self, user: int) -> None:
        """They left, or may not be heard any more."""
        if (person := self._people.pop(user, None)) is not None:
            person.voice.end()

    def forget_all(self) -> None:
        """Nobody is heard any more."""
        for user in list(self._people):
            self.forget(user)

    def look(self) -> None:
        """Let time pass until now: as much less as this look is late, for then packets wait to be heard as well."""
        now = self._clock()
        self._was_held_up, self._looked_at = self._held_up(now), now
        until = now - self._was_held_up
        for user, person in list(self._people.items()):
            if not self._hears(user):
                self.forget(user)
                continue
            person.voice.wait(until if person.is_hushed else until - JITTER)
            self._note(user, person)
        self._telling.repeat()

    def _held_up(self, now: float) -> float:
        """How late the next look is."""
        return max(0.0, now - self._looked_at - LOOK_EVERY) if self._looked_at is not None else 0.0

    def _late(self, now: float) -> float:
        """How long what is read may have waited: some is read before the look that a hold-up delayed, some after it."""
        return max(self._held_up(now), self._was_held_up)

    def _note(self, user: int, person: _Person) -> None:
        if person.voice.bar is not person.bar:
            person.bar = person.voice.bar
            self._noted(user, person.bar)

    def _person(self, user: int) -> _Person:
        person = self._people.get(user)
        if person is None:
            who, echoes = speaker_name(user), self._listener.echoes
            voice = PersonVoice(
                who,
                self._telling,
                self._make_detector(),
                settings=self._listener.settings,
                gate=self._gate,
                ends_after=lambda: self._listener.ends_after(who),
                is_echo=partial(echoes.is_echo, who) if echoes is not None else None,
            )
            person = self._people[user] = _Person(voice, voice.bar)
        return person
