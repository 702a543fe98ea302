"""Who may speak now: a pure state machine over what Voxta tells. No I/O; every call takes `now` in seconds.

Voxta aborts a reply in progress when a user message arrives, so the forwarder asks here first. Every state
other than idle has a deadline: a lost message delays the room, it never mutes it.
"""

from enum import StrEnum


class FloorState(StrEnum):
    IDLE = "idle"
    AWAITING = "awaiting"
    """A forward was sent that should be answered, and the answer has not begun."""
    THINKING = "thinking"
    SPEAKING = "speaking"


LEASE = 10.0
"""Seconds an external speaker keeps the floor without a further sign of talking; a lost stop must not mute the room."""


class Floor:
    """Idle, or taken by the companion until it is done or the deadline has passed.

    External speakers (the streamer talking to Voxta, say) keep it as long as their leases run, whatever the companion
    does meanwhile.
    """

    def __init__(self, reply_timeout: float) -> None:
        self._reply_timeout = reply_timeout
        self._state = FloorState.IDLE
        self._deadline = 0.0
        self._leases: dict[str, float] = {}

    def state(self, now: float) -> FloorState:
        """The state at `now`; idle once the deadline has passed."""
        if self._state is not FloorState.IDLE and now >= self._deadline:
            self._state = FloorState.IDLE
        return self._state

    def is_free(self, now: float) -> bool:
        """Whether neither the companion nor a person has it."""
        return self.state(now) is FloorState.IDLE and not self.speakers(now)

    def free_at(self, now: float) -> float:
        """When the floor is free at the latest, in the clock of `now`."""
        taken_until = self._deadline if self.state(now) is not FloorState.IDLE else now
        return max(taken_until, *self._leases.values(), now) if self.speakers(now) else taken_until

    def speakers(self, now: float) -> frozenset[str]:
        """The external speakers who are talking."""
        self._leases = {speaker: until for speaker, until in self._leases.items() if until > now}
        return frozenset(self._leases)

    def speaker_talks(self, speaker: str, now: float) -> None:
        """An external speaker began, or goes on."""
        self._leases[speaker] = now + LEASE

    def speaker_stopped(self, speaker: str) -> None:
        """An external speaker is done."""
        self._leases.pop(speaker, None)

    def asked(self, now: float) -> None:
        """A forward that expects a reply was sent."""
        self._enter(FloorState.AWAITING, now)

    def thinking(self, now: float) -> None:
        """A reply is being generated, or more of it has come."""
        if self.state(now) is not FloorState.SPEAKING:
            self._enter(FloorState.THINKING, now)

    def speaking(self, now: float, duration: float) -> None:
        """Speech began that lasts `duration` seconds (0 where the server does not say)."""
        self._enter(FloorState.SPEAKING, now, extra=duration)

    def reply_ended(self, now: float) -> None:
        """The text is complete. Speech, once begun, keeps the floor until it is done."""
        if self.state(now) is not FloorState.SPEAKING:
            self.released()

    def released(self) -> None:
        """The reply was cancelled, heard to its end or interrupted, or the chat is gone."""
        self._state = FloorState.IDLE

    def _enter(self, state: FloorState, now: float, extra: float = 0.0) -> None:
        self._state = state
        self._deadline = now + self._reply_timeout + extra
