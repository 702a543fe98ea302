"""Rates and modes: whether a message may be heard at all, and when the next forward may go. Pure."""

from collections import OrderedDict
from collections.abc import Mapping
from datetime import datetime, time

from relay.config import BudgetSection
from relay.model import AudienceMessage, Kind, Role
from relay.moderation.switches import Mode, Switches
from relay.text.for_pages import for_pages

MAX_VIEWERS = 10_000
"""Viewers remembered; the one not heard of for longest is forgotten first, and starts with a full bucket."""
ONE = 1 - 1e-9
"""A whole token, less what floating point loses on the way."""
SLOW = 0.25
"""What remains of every rate in slow mode."""
_TRUSTED = frozenset({Role.STREAMER, Role.MODERATOR})
_SUPPORTERS = _TRUSTED | {Role.SUBSCRIBER, Role.VIP}


class TokenBucket:
    """Allows `burst` at once and `per_minute` in the long run; a rate of 0 allows nothing."""

    def __init__(self, per_minute: float, burst: float) -> None:
        self._rate = per_minute / 60
        self._burst = burst
        self._tokens = burst
        self._at: float | None = None

    def set_rate(self, per_minute: float, now: float) -> None:
        """Change the rate from now on."""
        self._refill(now)
        self._rate = per_minute / 60

    def ready_at(self, now: float) -> float:
        """When the next token is there; `now` when one is, infinite when none will be."""
        self._refill(now)
        if self._rate == 0:
            return float("inf")
        return now if self._tokens >= ONE else now + (1 - self._tokens) / self._rate

    def left(self, now: float) -> int:
        """How many tokens there are."""
        self._refill(now)
        return int(self._tokens + 1 - ONE) if self._rate else 0

    def take(self, now: float) -> bool:
        """Use one token if there is one."""
        self._refill(now)
        if self._tokens < ONE or self._rate == 0:
            return False
        self._tokens -= 1
        return True

    def _refill(self, now: float) -> None:
        elapsed = max(0.0, now - self._at) if self._at is not None else 0.0
        self._tokens = min(self._burst, self._tokens + elapsed * self._rate)
        self._at = now


class Budget:
    """One bucket for all forwards, one for each viewer's chat and one for what they say aloud, and one for each
    platform, kind or role that has a rate.

    `now` is in seconds of a steady clock.
    """

    def __init__(self, settings: BudgetSection) -> None:
        self._settings = settings
        self._rates: Mapping[str, float] = {}
        self._has_named = False
        """Whether a platform, kind or role has a rate."""
        self._limit(settings.rates)
        self._buckets: dict[str, TokenBucket] = {}
        self._viewers: OrderedDict[tuple[str, str], TokenBucket] = OrderedDict()
        """By the name of the rate, and who."""

    def adopt(self, settings: BudgetSection) -> None:
        """Take these for the configured rates, as soon as `apply` is called."""
        self._settings = settings

    def apply(self, switches: Switches, now: float) -> None:
        """Use the moderators' rates and mode from now on."""
        share = SLOW if switches.mode is Mode.SLOW else 1.0
        self._limit({name: rate * share for name, rate in (self._settings.rates | switches.rates).items()})
        for name, bucket in self._buckets.items():
            bucket.set_rate(self._rates.get(name, float("inf")), now)
        for (name, _), bucket in self._viewers.items():
            bucket.set_rate(self._rates.get(name, float("inf")), now)

    def _limit(self, rates: Mapping[str, float]) -> None:
        self._rates = dict(rates)
        self._has_named = any("." in name for name in rates)

    def admit(self, message: AudienceMessage, now: float) -> str | None:
        """Count a message against its rates. The reason for refusing it, or None."""
        if message.author.roles & _TRUSTED:
            return None
        person = "speaker" if message.kind is Kind.VOICE else "viewer"
        if message.kind.is_said and person in self._rates and not self._viewer(person, message.viewer).take(now):
            return for_pages(f"rate: more than {self._rates[person]:g} a minute from one {person}")
        for name in _names(message) if self._has_named else ():
            if name in self._rates and not self._bucket(name).take(now):
                return for_pages(f"rate: more than {self._rates[name]:g} a minute of {name}")
        return None

    def ready_at(self, now: float) -> float:
        """When the next forward is allowed; `now` when it is."""
        return self._bucket("all").ready_at(now)

    def room(self, now: float) -> int:
        """How many forwards are allowed now."""
        return self._bucket("all").left(now)

    def spend(self, now: float) -> None:
        """One forward is sent."""
        self._bucket("all").take(now)

    def _bucket(self, name: str) -> TokenBucket:
        if name not in self._buckets:
            self._buckets[name] = TokenBucket(self._rates[name], self._burst(name))
        return self._buckets[name]

    def _viewer(self, name: str, viewer: str) -> TokenBucket:
        bucket = self._viewers.get((name, viewer))
        if bucket is None:
            bucket = self._viewers[name, viewer] = TokenBucket(self._rates[name], self._burst(name))
            if len(self._viewers) > MAX_VIEWERS:
                self._viewers.popitem(last=False)
        self._viewers.move_to_end((name, viewer))
        return bucket

    def _burst(self, name: str) -> float:
        return self._settings.bursts.get(name, max(1.0, self._settings.rates.get(name, 4.0) / 4))


def not_in_mode(message: AudienceMessage, mode: Mode) -> str | None:
    """Why the moderators' mode leaves this message out, or None. Events and trusted people are always in."""
    if message.kind is not Kind.CHAT or message.author.roles & _TRUSTED:
        return None
    if mode is Mode.MENTIONS and not message.addressed:
        return for_pages("mode: only mentions")
    if mode is Mode.SUBSCRIBERS and not message.author.roles & _SUPPORTERS:
        return for_pages("mode: only subscribers")
    return None


def is_quiet(quiet_hours: str | None, at: datetime) -> bool:
    """Whether a local time is within quiet hours such as `23:00-07:30`."""
    if quiet_hours is None:
        return False
    begin, end = (time.fromisoformat(part) for part in quiet_hours.split("-"))
    moment = at.time()
    return begin <= moment < end if begin <= end else moment >= begin or moment < end


def _names(message: AudienceMessage) -> list[str]:
    return [
        f"platform.{message.platform}",
        f"kind.{message.kind}",
        *(f"role.{role}" for role in sorted(message.author.roles)),
    ]
