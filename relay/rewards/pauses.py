"""No points can be spent on what nobody would answer: our rewards rest while stream, companion or relay is away."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from typing import Final, NoReturn

from pydantic import TypeAdapter, ValidationError

from relay.errors import RelayError
from relay.model import AudienceMessage, Kind
from relay.platforms.base import ChannelRewards, Notes
from relay.platforms.on_air import OnAir
from relay.system.periodic import repeat

log = logging.getLogger(__name__)

NOTE: Final = "paused rewards"
"""The note that holds which rewards the relay has paused, as `platform:id`; those the streamer pauses stay paused."""
LOOK_EVERY: Final = 1.0
"""Seconds between two looks."""
ASK_EVERY: Final = 60.0
"""Seconds between two questions whether there is a stream, and until what was refused is tried again."""
AWAY_AFTER: Final = 30.0
"""Seconds without a companion before it counts as away."""
_KEPT: Final = TypeAdapter(list[str])


class RewardPauses:
    """`run` pauses and offers again."""

    def __init__(
        self,
        notes: Notes,
        platforms: Callable[[], Mapping[str, ChannelRewards]],
        *,
        when: Collection[str],
        is_away: Callable[[], bool],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`when` holds `offline` and `away`, or one of them; `is_away`: there is no companion to answer."""
        self._notes = notes
        self._platforms = platforms
        self._when = when
        self._is_away = is_away
        self._clock = clock
        self._on_air = OnAir(clock)
        self._stage: tuple[str, str] | None = None
        """The platform and the channel whose stream it is."""
        self._here_at = clock()
        """When there was a companion last."""
        self._ask_at = self._try_at = 0.0
        self._are_paused: bool | None = None
        """As it was done last; None before."""
        self._is_over = False
        self._looking = asyncio.Lock()

    def saw(self, message: AudienceMessage) -> None:
        """Somebody in the audience did something; the begin and the end of the stream count that has the rewards."""
        if message.kind in (Kind.ONLINE, Kind.OFFLINE) and (message.platform, message.channel) == self._stage:
            self._on_air.told(message)

    async def run(self) -> NoReturn:
        """Until cancelled."""
        await repeat(self.look, LOOK_EVERY, "pausing rewards", together=True)

    async def rest(self) -> None:
        """Pause what is offered, as nobody will be there to answer; who comes next offers it again."""
        self._is_over, self._try_at = True, 0.0
        await self.look()

    async def look(self) -> None:
        """Pause or offer again what has to be."""
        async with self._looking:
            await self._look()

    async def _look(self) -> None:
        now = self._clock()
        if not self._is_away():
            self._here_at = now
        if now >= self._ask_at and "offline" in self._when and not self._is_over:
            await self._ask(now)
        wanted = self._wanted(now)
        if wanted is self._are_paused or now < self._try_at:
            return
        try:
            for name, rewards in self._platforms().items():
                await (self._pause(name, rewards) if wanted else self._offer(name, rewards))
        except RelayError as error:
            self._try_at = now if error.retryable else now + ASK_EVERY
            log.log(
                logging.DEBUG if error.retryable else logging.WARNING,
                "the rewards are not %s yet: %s",
                "paused" if wanted else "offered",
                error,
            )
        else:
            self._are_paused = wanted

    def _wanted(self, now: float) -> bool | None:
        """As they are, while nobody knows whether there is a stream."""
        if "away" in self._when and (self._is_over or now - self._here_at >= AWAY_AFTER):
            return True
        if "offline" in self._when and self._on_air.is_live is None:
            return self._are_paused
        return "offline" in self._when and not self._on_air.is_live

    async def _ask(self, now: float) -> None:
        """One that knows is enough; asked again at once where it is not connected yet."""
        for name, rewards in self._platforms().items():
            try:
                stream = await rewards.stream()
            except RelayError as error:
                log.debug("whether there is a stream is not known: %s", error)
                self._ask_at = now if error.retryable else now + ASK_EVERY
            else:
                self._stage, self._ask_at = (name, stream.channel), now + ASK_EVERY
                self._on_air.answered(stream)

    async def _pause(self, name: str, rewards: ChannelRewards) -> None:
        offered = [each for each in await rewards.list() if each.is_ours and each.is_enabled and not each.is_paused]
        if not offered:
            return
        kept = await self._kept()
        await self._keep([*kept, *(f"{name}:{each.id}" for each in offered)])
        await _all(rewards.pause(each.id, is_paused=True) for each in offered)
        log.info("paused the rewards %s", ", ".join(each.title for each in offered))

    async def _offer(self, name: str, rewards: ChannelRewards) -> None:
        kept = await self._kept()
        if not any(each.startswith(f"{name}:") for each in kept):
            return
        ours = [each for each in await rewards.list() if f"{name}:{each.id}" in kept and each.is_ours]
        for each in ours:
            await rewards.pause(each.id, is_paused=False)
        await self._keep([each for each in kept if not each.startswith(f"{name}:")])
        log.info("offered the rewards %s again", ", ".join(each.title for each in ours))

    async def _kept(self) -> list[str]:
        try:
            return _KEPT.validate_json(await self._notes.get_note(NOTE) or "[]")
        except ValidationError:
            return []

    async def _keep(self, paused: Collection[str]) -> None:
        await self._notes.set_note(NOTE, _KEPT.dump_json(sorted(set(paused))).decode())


async def _all(calls: Iterable[Awaitable[None]]) -> None:
    """Make these calls together. Raises what the first failed with once none is under way."""
    for result in await asyncio.gather(*calls, return_exceptions=True):
        if result is not None:
            raise result
