"""The rewards that viewers spend points on: what becomes of them is found out, kept, and told to their platforms."""

from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
from typing import Any, Final

from relay.application.events import Events
from relay.commands.gate import CommandGate
from relay.config.loading import Config
from relay.inbox.base import Inbox
from relay.model import Reward
from relay.platforms.base import ChannelRewards, Platform, Redeeming
from relay.rewards.keeper import RedemptionKeeper
from relay.rewards.pauses import RewardPauses
from relay.rewards.redemptions import Redemptions
from relay.system.periodic import repeat

AGAIN: Final = 1.0
"""Seconds after which what a mistake of ours has ended begins anew."""


class PointRewards:
    """Where the settings know no rewards, it only offers again what was paused while they did."""

    def __init__(
        self,
        config: Config,
        inbox: Inbox,
        commands: CommandGate,
        platforms: Callable[[], Sequence[Platform]],
        *,
        is_posted: Callable[[], bool],
        is_away: Callable[[], bool],
    ) -> None:
        """`is_posted`: answers are written to chats now; `is_away`: there is no companion to answer."""
        self._platforms = platforms
        self._is_used = bool(config.rewards)
        self._table = commands.table
        self.keeper = RedemptionKeeper(
            inbox,
            lambda: self._redeeming() if self._is_used else {},
            redemptions=Redemptions(patience=config.forwarding.reply_timeout, is_posted=is_posted, is_away=is_away),
            concerns=self._concerns,
        )
        pause_when = config.redemptions.pause_when if self._is_used else ()
        self._pauses = RewardPauses(inbox, self._redeeming, when=pause_when, is_away=is_away)

    def subscribe(self, events: Events) -> None:
        """Hear what happens to redemptions."""
        keeper = self.keeper
        events.arrived.subscribe(self._pauses.saw)
        events.asking.subscribe(keeper.told)
        events.forwarded.subscribe(keeper.told)
        events.given_up.subscribe(keeper.given_up)
        events.settled.subscribe(keeper.settled)
        events.replied.subscribe(keeper.replied)
        events.posted.subscribe(keeper.posted)
        events.changed.subscribe(keeper.look)

    def rooms(self) -> Iterator[tuple[str, Coroutine[Any, Any, None]]]:
        """What has to run, by name."""
        if self._is_used:
            yield "redemptions", repeat(self.keeper.run, AGAIN, "telling what became of redemptions")
        yield "pauses of rewards", self._pauses.run()

    async def rest(self) -> None:
        """The relay ends, and none follows at once."""
        await self._pauses.rest()

    def _redeeming(self) -> Mapping[str, ChannelRewards]:
        return {each.name: each.rewards for each in self._platforms() if isinstance(each, Redeeming)}

    def _concerns(self, reward: Reward) -> bool:
        section = self._table.rewards.section(reward)
        return section is None or section.is_settled
