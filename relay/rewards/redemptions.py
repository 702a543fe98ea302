"""What becomes of redemptions: fulfilled once their answer was heard, or to be paid back. Pure."""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from relay.model import AudienceMessage, Forward, Outcome, Settlement, Value
from relay.replies.reply import Phase, Reply

POSTING: Final = 150.0
"""Seconds a text has to be posted in, when nothing of it is spoken; the poster gives up after two minutes."""

AWAY: Final = 120.0
"""Seconds after it was told for which a companion that is away may come back with the answer."""


class Redemption(Value):
    """One that its platform waits to hear of."""

    platform: str
    id: str
    """The platform's own; that of the message, too."""
    reward_id: str
    is_fulfilled: bool | None = None
    """Whether it was done; None while nobody can know."""

    @property
    def key(self) -> str:
        return f"{self.platform}:{self.id}"

    @classmethod
    def of(cls, message: AudienceMessage) -> "Redemption | None":
        """None for a message that no platform waits to hear of."""
        if message.reward is None or not message.reward.awaits_outcome:
            return None
        return cls(platform=message.platform, id=message.id, reward_id=message.reward.id)


@dataclass
class _Followed:
    """One that is not decided on."""

    redemption: Redemption
    expects_reply: bool | None = None
    """Whether the companion was asked, rather than told; None for neither."""
    told_at: float = -math.inf
    reply: Reply | None = None
    until: float | None = None
    """When it has waited long enough for its answer; None while it has not been told."""
    is_posting: bool = False
    """The answer is complete, nothing of it is spoken, and it remains to be posted."""


class Redemptions:
    """All that are not settled on their platforms. Times are in seconds by a monotonic clock."""

    def __init__(
        self,
        *,
        patience: float,
        is_posted: Callable[[], bool] = lambda: True,
        is_away: Callable[[], bool] = lambda: False,
    ) -> None:
        """`patience` is how long an answer may take to begin or go on.

        `is_posted`: answers are posted now; `is_away`: there is no companion to answer.
        """
        self._patience = patience
        self._is_posted = is_posted
        self._is_away = is_away
        self._was_away = False
        """Whether there was no companion at the last look."""
        self._watched: dict[str, _Followed] = {}
        self._told: set[str] = set()
        """The keys of those that wait for an answer."""
        self._decided: dict[str, Redemption] = {}
        self.version = 0
        """Another one after each change of what has to outlive a restart."""

    def __len__(self) -> int:
        return len(self._watched) + len(self._decided)

    def __contains__(self, key: str) -> bool:
        return key in self._watched or key in self._decided

    def all(self) -> list[Redemption]:
        """What has to outlive a restart."""
        return [*self.undecided(), *self._decided.values()]

    def undecided(self) -> list[Redemption]:
        return [watch.redemption for watch in self._watched.values()]

    def decided(self) -> list[Redemption]:
        """Those to tell their platforms of, the oldest decision first."""
        return list(self._decided.values())

    # In and out

    def add(self, redemption: Redemption) -> bool:
        """Follow it from now on. False when it is followed already."""
        if redemption.key in self:
            return False
        if redemption.is_fulfilled is None:
            self._watched[redemption.key] = _Followed(redemption)
        else:
            self._decided[redemption.key] = redemption
        self.version += 1
        return True

    def remove(self, key: str) -> None:
        """Its platform knows, or it is none of our business."""
        if key in self:
            self._forget(key)
            self._decided.pop(key, None)
            self.version += 1

    # What happens

    def told(self, forward: Forward) -> None:
        """The companion is told what this carries, and whether it is to answer."""
        for key in forward.keys:
            if watch := self._watched.get(key):
                watch.expects_reply = forward.expects_reply

    def settled(self, settlements: Iterable[Settlement], now: float) -> None:
        """Messages have their outcomes."""
        for settlement in settlements:
            if watch := self._watched.get(settlement.key):
                self._settle(watch, settlement.outcome, now)

    def _settle(self, watch: _Followed, outcome: Outcome, now: float) -> None:
        if outcome is not Outcome.FORWARDED:
            self._decide(watch, is_fulfilled=outcome is Outcome.ANSWERED)
        elif not watch.expects_reply:
            self._decide(watch, is_fulfilled=watch.expects_reply is False)
        else:
            watch.told_at = now
            self._await(watch, now + self._patience)

    def refuse(self, key: str) -> None:
        """It was not done."""
        if watch := self._watched.get(key):
            self._decide(watch, is_fulfilled=False)

    def replied(self, reply: Reply, now: float) -> None:
        """An answer has begun, goes on or is over."""
        for key in reply.forward.keys if reply.forward is not None else ():
            if watch := self._watched.get(key):
                watch.reply = reply
                self._await(watch, now + self._patience)

    def posted(self, keys: Iterable[str]) -> None:
        """An answer to these was written to a chat, which may have been found there: nobody followed it then.

        Of what was found it may not be settled yet that it was told.
        """
        for key in keys:
            if (watch := self._watched.get(key)) and (watch.reply is None or not watch.reply.is_voiced):
                self._decide(watch, is_fulfilled=True)

    def look(self, now: float) -> None:
        """Decide on what can be decided on. Who was away has time to answer from when they are back."""
        was_away, self._was_away = self._was_away, self._is_away()
        for watch in self._answered():
            if (was_away or self._was_away) and now < watch.told_at + AWAY:
                self._await(watch, now + self._patience)
            if (is_fulfilled := self._verdict(watch, now)) is not None:
                self._decide(watch, is_fulfilled=is_fulfilled)

    def next_at(self) -> float | None:
        """When `look` has to be called if nothing happens."""
        return min((watch.until for watch in self._answered() if watch.until is not None), default=None)

    # Inside

    def _answered(self) -> Sequence[_Followed]:
        return [self._watched[key] for key in self._told]

    def _verdict(self, watch: _Followed, now: float) -> bool | None:
        reply = watch.reply
        if reply is not None and reply.is_withheld:
            return False
        if reply is not None and reply.phase is Phase.CUT:
            return bool(reply.heard) and not reply.is_stopped
        if reply is not None and reply.phase is Phase.DONE:
            if reply.is_voiced or not self._is_posted():
                return bool(reply.text)
            if not watch.is_posting:
                watch.is_posting, watch.until = True, now + POSTING
        elif reply is not None and reply.is_voicing:
            watch.until = now + self._patience
        return False if watch.until is not None and now >= watch.until else None

    def _await(self, watch: _Followed, until: float) -> None:
        self._told.add(watch.redemption.key)
        if not watch.is_posting:
            watch.until = until

    def _decide(self, watch: _Followed, *, is_fulfilled: bool) -> None:
        redemption = watch.redemption.model_copy(update={"is_fulfilled": is_fulfilled})
        self._forget(redemption.key)
        self._decided[redemption.key] = redemption
        self.version += 1

    def _forget(self, key: str) -> None:
        self._watched.pop(key, None)
        self._told.discard(key)
