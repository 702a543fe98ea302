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
        self._at: list[float] = []
        self.total = 1_000
        """In 24 hours."""
        self.max_concurrency = 1
        """Within `per` seconds."""
        self.per = 5.0

    def take(self) -> Verdict:
        now = self._now()
        self._at = [*self._today(now), now]
        if len(self._at) >= self.total:
            return Verdict.SPENT
        recent = [at for at in self._at if now - at < self.per]
        return Verdict.TOO_QUICK if len(recent) > self.max_concurrency else Verdict.GRANTED

    def describe(self) -> Json:
        now = self._now()
        today = self._today(now)
        resets = today[0] + DAY - now if today else 0.0
        return {
            "total": self.total, "remaining": max(0, self.total - len(today)), "reset_after": int(resets * 1_000),
            "max_concurrency": self.max_concurrency,
        }  # fmt: skip

    def _today(self, now: float) -> list[float]:
        return [at for at in self._at if now - at < DAY]
