"""The silence between two forwards in a loud room."""

from relay.config.forwarding import SelectionSection


class ForwardGap:
    """When the next forward may go, as far as the one before it decides that. Times are of one clock, in seconds."""

    def __init__(self, settings: SelectionSection) -> None:
        self._seconds = settings.gap
        self._is_from_end = settings.gap_from == "speech"
        self._is_being_answered = False
        self.ends_at = 0.0

    def asked(self, now: float, *, is_loud: bool) -> None:
        """What expects an answer goes now."""
        self._begin(now, is_loud)
        self._is_being_answered = self._is_from_end

    def answered(self, now: float, *, is_loud: bool) -> None:
        """The floor is free: where the gap counts from the end of the answer, it begins now."""
        if self._is_being_answered:
            self._is_being_answered = False
            self._begin(now, is_loud)

    def _begin(self, now: float, is_loud: bool) -> None:
        self.ends_at = now + (self._seconds if is_loud else 0.0)
