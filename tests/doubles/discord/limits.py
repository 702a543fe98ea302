"""How often an application may begin a session (Gateway, "Identifying" and "Session Start Limit Object")."""

from collections.abc import Callable
from enum import Enum

from tests.doubles.discord.world import Json

DAY = 86_400.0


class Verdict(Enum):
    GRANTED = "granted"
    TOO_QUICK = "too quick"
    """Answered with Invalid Session."""
    SPENT = "spent"
    """All sessions end and the token is reset."""


class SessionStarts:
    """Counts identifies, whether they succeed or not."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._at: list[tuple[float, int]] = []
        """When, and the rate limit key of its shard."""
        self.total = 1_000
        """In 24 hours."""
        self.max_concurrency = 1
        """Shards that may begin within `per` seconds: one with each remainder. Gateway, "Sharding"."""
        self.per = 5.0

    def take(self, shard: int = 0) -> Verdict:
        now = self._now()
        key = shard % self.max_concurrency
        self._at = [*self._today(now), (now, key)]
        if len(self._at) >= self.total:
            return Verdict.SPENT
        recent = [at for at, its in self._at if now - at < self.per and its == key]
        return Verdict.TOO_QUICK if len(recent) > 1 else Verdict.GRANTED

    def describe(self) -> Json:
        now = self._now()
        today = self._today(now)
        resets = today[0][0] + DAY - now if today else 0.0
        return {
            "total": self.total, "remaining": max(0, self.total - len(today)), "reset_after": int(resets * 1_000),
            "max_concurrency": self.max_concurrency,
        }  # fmt: skip

    def _today(self, now: float) -> list[tuple[float, int]]:
        return [(at, key) for at, key in self._at if now - at < DAY]
