"""Who of the people talks: a pure part of the floor. No I/O; every call takes `now` in seconds.

Who talks has a lease that each sign of talking renews, so that a lost stop frees itself. Sound is doubted until it is
known to be speech; what nobody confirms is noise, and a speaker who never falls silent is ignored.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Final

from relay.config import FloorSection

LEASE: Final = 10.0
"""Seconds an external speaker keeps the floor without a further sign of talking; a lost stop must not mute the room."""


class _Talk:
    """One external speaker who talks."""

    def __init__(self, now: float) -> None:
        self.since = now
        self.until = now + LEASE
        self.is_speech = False
        """Known to be speech, and not just sound."""


class People:
    """The external speakers, by `source` or `source:who`."""

    def __init__(self, settings: FloorSection, *, doubt: float, doubted_since: Callable[[], float | None]) -> None:
        """`doubt`: seconds for which sound that nobody confirms to be speech is taken for it; they are counted from
        `doubted_since` where that is earlier, whoever has made a sound since then.
        """
        self._settings = settings
        self._doubt = doubt
        self._doubted_since = doubted_since
        self._talks: dict[str, _Talk] = {}
        self._ignored: dict[str, float] = {}
        """Who never fell silent, or does not mean the companion, until when."""
        self._noise: dict[str, float] = {}
        """Whose sound turned out to be none of speech, until when."""
        self._settled: dict[str, float] = {}
        """Until when who fell silent may just draw breath."""

    # Looking

    def talking(self, now: float) -> frozenset[str]:
        """Who is talking, or may be."""
        return frozenset(name for name, talk in self._talks.items() if self._lasts_until(talk) > now)

    def speaking(self, now: float) -> set[str]:
        """Who is known to speak."""
        return {speaker for speaker, talk in self._talks.items() if talk.is_speech and talk.until > now}

    def speech(self) -> Mapping[str, float]:
        """Who spoke when this was last brought up to date, each until when as far as that is known."""
        return {speaker: talk.until for speaker, talk in self._talks.items() if talk.is_speech}

    def have_it(self, now: float) -> bool:
        """Whether the floor is theirs: somebody talks, or may just draw breath."""
        return bool(self.talking(now)) or any(now < until for until in self._settled.values())

    def silent_at(self, now: float) -> float:
        """When all of them have fallen silent, if nothing else happens."""
        return max([now, *self._settled.values(), *map(self._silent_at, self._talks.values())])

    def times(self) -> Iterator[float]:
        """When something of this changes by itself."""
        yield from (*self._settled.values(), *self._ignored.values(), *self._noise.values())
        for talk in self._talks.values():
            yield from (talk.until, self._silent_at(talk), talk.since + self._settings.max_hold)

    # What they do

    def hear(self, speaker: str, now: float, *, is_speech: bool) -> bool:
        """There is a sign of them. Whether it counts."""
        if speaker in self._ignored:
            self._ignored[speaker] = now + LEASE
            return False
        if speaker in self._noise and not is_speech:
            self._noise[speaker] = now + LEASE
            return False
        self._noise.pop(speaker, None)
        talk = self._talks.setdefault(speaker, _Talk(now))
        talk.until, talk.is_speech = now + LEASE, talk.is_speech or is_speech
        return True

    def stop(self, speaker: str, now: float, *, is_done: bool) -> None:
        """They are silent; `is_done` when it is known that they do not just draw breath."""
        self._ignored.pop(speaker, None)
        self._noise.pop(speaker, None)
        talk = self._talks.pop(speaker, None)
        if talk is not None and talk.is_speech:
            self._settled[speaker] = now if is_done else now + self._settings.silence

    def ignore(self, speaker: str) -> None:
        """Nothing counts of what they say until they stop."""
        self._settled.pop(speaker, None)
        if (talk := self._talks.pop(speaker, None)) is not None:
            self._ignored[speaker] = talk.until

    def heed(self, speaker: str) -> bool:
        """What they say counts again. Whether it was ignored."""
        return self._ignored.pop(speaker, None) is not None

    def expire(self, now: float) -> None:
        """Forget speakers whose lease is over, and stop listening to noise and to those who never pause."""
        for speaker, talk in list(self._talks.items()):
            if not talk.is_speech and self._lasts_until(talk) <= now:
                self._noise[speaker] = talk.until
                del self._talks[speaker]
            elif talk.until <= now:
                self._settled[speaker] = self._silent_at(talk)
                del self._talks[speaker]
            elif now - talk.since >= self._settings.max_hold:
                self._ignored[speaker] = talk.until
                del self._talks[speaker]
        for times in (self._settled, self._ignored, self._noise):
            for speaker in [speaker for speaker, until in times.items() if until <= now]:
                del times[speaker]

    # Inside

    def _silent_at(self, talk: _Talk) -> float:
        return talk.until + self._settings.silence if talk.is_speech else self._lasts_until(talk)

    def _lasts_until(self, talk: _Talk) -> float:
        """How long it counts as talking. What is not known to be speech is doubted, however many take turns at it."""
        if talk.is_speech:
            return talk.until
        doubted = self._doubted_since()
        since = talk.since if doubted is None else min(talk.since, doubted)
        return min(since + self._doubt, talk.until)
