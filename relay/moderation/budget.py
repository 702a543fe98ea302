"""Rates: whether one more forward is allowed now. Pure; time is given in seconds of any steady clock."""

from collections import OrderedDict

from relay.config import ForwardingSection
from relay.model import AudienceMessage, Kind

MAX_VIEWERS = 10_000
"""Viewers remembered; the one not heard of for longest is forgotten first, and starts with a full bucket."""

ONE = 1 - 1e-9
"""A whole token, less what floating point loses on the way."""


class TokenBucket:
    """Allows `burst` at once and `per_minute` in the long run."""

    def __init__(self, per_minute: float, burst: int) -> None:
        self._rate = per_minute / 60
        self._burst = float(burst)
        self._tokens = float(burst)
        self._at: float | None = None

    def ready_at(self, now: float) -> float:
        """When the next token is there; `now` when one is."""
        self._refill(now)
        return now if self._tokens >= ONE else now + (1 - self._tokens) / self._rate

    def take(self, now: float) -> bool:
        """Use one token if there is one."""
        self._refill(now)
        if self._tokens < ONE:
            return False
        self._tokens -= 1
        return True

    def _refill(self, now: float) -> None:
        elapsed = max(0.0, now - self._at) if self._at is not None else 0.0
        self._tokens = min(self._burst, self._tokens + elapsed * self._rate)
        self._at = now


class Budget:
    """One bucket for all forwards, and one for each viewer's chat."""

    def __init__(self, settings: ForwardingSection) -> None:
        self._settings = settings
        self._all = TokenBucket(settings.per_minute, settings.burst)
        self._viewers: OrderedDict[str, TokenBucket] = OrderedDict()

    def admit(self, message: AudienceMessage, now: float) -> str | None:
        """Count a message against its viewer. The reason for refusing it, or None."""
        if message.kind not in (Kind.CHAT, Kind.ASK):
            return None
        if self._viewer(f"{message.platform}:{message.author.id}").take(now):
            return None
        return f"viewer rate: more than {self._settings.viewer_per_minute:g} a minute"

    def ready_at(self, now: float) -> float:
        """When the next forward is allowed; `now` when it is."""
        return self._all.ready_at(now)

    def spend(self, now: float) -> None:
        """One forward is sent."""
        self._all.take(now)

    def _viewer(self, viewer: str) -> TokenBucket:
        bucket = self._viewers.get(viewer)
        if bucket is None:
            bucket = TokenBucket(self._settings.viewer_per_minute, self._settings.viewer_burst)
            self._viewers[viewer] = bucket
            if len(self._viewers) > MAX_VIEWERS:
                self._viewers.popitem(last=False)
        self._viewers.move_to_end(viewer)
        return bucket
