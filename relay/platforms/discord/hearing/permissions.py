"""Whom the companion may hear: what the streamer chose, and who holds the floor with /talk."""

import time
from collections.abc import Callable
from typing import Final

from relay.config import VoiceSection

TALK_FOR: Final = 30.0
"""Seconds for which one /talk opens a person's ear to the companion, at most."""
NAMED: Final = 10
"""People an announcement names; more are counted."""


class PushToTalk:
    """Who holds the floor. Changed on the event loop, asked from any thread."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._until: dict[int, float] = {}
        """Replaced and never changed while others may look."""

    def toggle(self, user: int) -> bool:
        """Take the floor for `TALK_FOR`, or give it back. Whether they hold it now."""
        if self.holds(user):
            self._until = {other: until for other, until in self._until.items() if other != user}
            return False
        now = self._clock()
        self._until = {other: until for other, until in self._until.items() if now < until} | {user: now + TALK_FOR}
        return True

    def holds(self, user: int) -> bool:
        """Whether they hold the floor now."""
        return self._clock() < self._until.get(user, float("-inf"))


class HearingPermissions:
    """Decides who is heard."""

    def __init__(self, settings: VoiceSection, clock: Callable[[], float] = time.monotonic) -> None:
        self._listen_to = settings.listen_to
        self._allowed = frozenset(settings.allowed)
        self._shows = bool(settings.subtitles)
        self.push_to_talk = PushToTalk(clock) if settings.push_to_talk else None
        """None when people are heard without holding the floor."""

    def may_be_heard(self, user: int) -> bool:
        """Whether the streamer chose to hear this person."""
        return self._listen_to == "everyone" or (self._listen_to == "allowed" and user in self._allowed)

    def hears(self, user: int) -> bool:
        """Whether this person is heard now. May be asked from any thread."""
        return self.may_be_heard(user) and (self.push_to_talk is None or self.push_to_talk.holds(user))

    def announcement(self) -> str | None:
        """What the people in a voice channel have to know; None when nobody is heard."""
        if self._listen_to == "nobody":
            return None
        how = f" after `/talk`, for up to {TALK_FOR:g} seconds" if self.push_to_talk else ""
        return f"I am listening here: I hear {self._whom()}{how}, so that I can answer. {self._kept()}"

    def _kept(self) -> str:
        return "What is said is shown to others as text." if self._shows else "Nothing is recorded."

    def _whom(self) -> str:
        if self._listen_to == "everyone":
            return "everyone who talks in this channel"
        if len(self._allowed) > NAMED:
            return f"{len(self._allowed)} people who were chosen"
        return "only " + ", ".join(f"<@{user}>" for user in sorted(self._allowed))


def talk(audience: HearingPermissions, user: int) -> str:
    """A person takes the floor, or gives it back; what to tell them."""
    if not audience.may_be_heard(user):
        return "The streamer has not chosen to let me hear you."
    if audience.push_to_talk is None:
        return "I hear you whenever you talk in my voice channel; there is no need for this command."
    if audience.push_to_talk.toggle(user):
        return f"I hear you now, for up to {TALK_FOR:g} seconds. Use `/talk` again when you are done."
    return "I no longer hear you."
