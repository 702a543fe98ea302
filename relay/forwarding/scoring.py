"""What makes one message of the pool better than another. The weights are settings.

The age term falls at the same rate for all, so a rank never has to be computed anew: forward decay (Cormode et al.,
2009).
"""

import math

from relay.config import SelectionSection
from relay.forwarding.fairness import AT_EASE, Fairness
from relay.forwarding.lanes import Lane, PooledMessage
from relay.model import Role


class Scoring:
    """Times are in seconds since the epoch."""

    def __init__(self, settings: SelectionSection, fairness: Fairness) -> None:
        self._settings = settings
        self._fairness = fairness

    def rank(self, waiting: PooledMessage, now: float) -> float:
        """Where it stands in the pool: by its luck and its score; the smallest goes first."""
        return waiting.luck - self._score(waiting, now) / self._settings.temperature

    def _score(self, waiting: PooledMessage, now: float) -> float:
        settings, message = self._settings, waiting.message
        supporter = message.author.roles & {Role.SUBSCRIBER, Role.VIP}
        return (
            settings.mention * (waiting.lane is Lane.ADDRESSED)
            + settings.question * waiting.reading.is_question
            + settings.supporter * bool(supporter)
            + settings.echo * math.log2(1 + len(waiting.viewers))
            + settings.waited * min(1.0, self._fairness.waited(waiting.viewer, now) / settings.patience)
            + settings.platform * min(1.0, self._fairness.platform_waited(message.platform, now) / settings.patience)
            - settings.heard * self._fairness.heard_lately(waiting.viewer, now)
            - settings.chatty * math.log2(max(1.0, self._fairness.pace(waiting.viewer, now) / AT_EASE))
            + settings.age * waiting.at / settings.chat_ttl
        )
