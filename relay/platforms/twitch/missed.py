"""Redemptions that nobody told us of: what is said meanwhile is lost, but points are owed, and Twitch keeps those."""

import logging
from collections.abc import Callable, Sequence
from typing import Final

from tenacity import AsyncRetrying, retry_if_exception
from twitchio import ChannelPointsRedemptionAdd
from twitchio.models.eventsub_ import BaseEvent

from relay.errors import RelayError
from relay.platforms.intake import Seen
from relay.platforms.twitch.rewards import TwitchRewards
from relay.system.backoff import backoff

log = logging.getLogger(__name__)

REMEMBERED: Final = 20_000
"""Redemptions; the store knows those from before."""
HALF_A_DAY: Final = 43_200.0
"""Seconds; what has waited longer is the streamer's to settle."""
PATIENCE: Final = 60.0
"""Seconds that a wait between two tries grows to."""


class MissedRedemptions:
    """Each is told once, whether its event comes first or we find it."""

    def __init__(
        self, rewards: TwitchRewards, *, are_wanted: bool, remembered: float, clock: Callable[[], float]
    ) -> None:
        """The store knows for `remembered` seconds what was told before.

        Beyond that, one that was answered and left to the streamer would be taken for new, and refunded. We stay well
        within: Twitch's clock is not the machine's.
        """
        self._rewards = rewards
        self._are_wanted = are_wanted
        self._look_back = min(HALF_A_DAY, remembered / 2)
        self._clock = clock
        self._seen = Seen(REMEMBERED)

    def is_known(self, event: BaseEvent) -> bool:
        """Whether it tells of a redemption that was found already."""
        return isinstance(event, ChannelPointsRedemptionAdd) and not self._seen.add(event.id)

    async def found(self) -> Sequence[ChannelPointsRedemptionAdd]:
        """What waits, was not told and is not too old; asked again as long as Twitch is away."""
        again = AsyncRetrying(retry=retry_if_exception(_may_pass), wait=backoff(0.5, PATIENCE), reraise=True)
        try:
            waiting: Sequence[ChannelPointsRedemptionAdd] = (
                await again(self._rewards.waiting) if self._are_wanted else ()
            )
        except RelayError as error:
            log.debug("what was redeemed meanwhile is not known: %s", error)
            return []
        oldest = self._clock() - self._look_back
        return [each for each in waiting if each.redeemed_at.timestamp() >= oldest and self._seen.add(each.id)]


def _may_pass(error: BaseException) -> bool:
    return isinstance(error, RelayError) and error.retryable
