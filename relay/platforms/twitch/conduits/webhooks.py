"""Keeps shards of a conduit on our callback, to which Twitch sends their events by HTTP."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Sequence
from typing import Final

from relay.platforms.twitch.conduits.conduit import Conduit, ConduitShard
from relay.platforms.twitch.conduits.shards import ConduitShards
from relay.platforms.twitch.conduits.webhook_endpoint import WebhookEndpoint, is_answered
from relay.platforms.twitch.conduits.webhook_messages import WebhookMessage
from relay.platforms.twitch.connection import TwitchClient
from relay.platforms.twitch.notifications import hand_on, is_about_shards, taken_away
from relay.platforms.twitch.settings import TwitchSection
from relay.platforms.twitch.status import TwitchStatus

log = logging.getLogger(__name__)
LOOK_EVERY: Final = 5.0
"""Seconds between two looks at who serves what."""
FIRST_PAUSE: Final = 5.0
LONGEST_PAUSE: Final = 300.0
"""Seconds until a callback that Twitch did not reach is tried again: at first, and at most. Each try takes the shard
from who stands in for it."""

LEAVE_WITHIN: Final = 3.0
"""Seconds in which shards are left to others; after that Twitch notices by itself."""


class WebhookShards:
    """Use `run`. What is heard goes to the client."""

    def __init__(
        self,
        settings: TwitchSection,
        conduit: Conduit,
        client: Callable[[], TwitchClient],
        status: TwitchStatus,
        shards: ConduitShards,
        stored: Callable[[], Awaitable[None]],
    ) -> None:
        """`shards` are the others, which are told of what Twitch takes away."""
        self._settings = settings
        self._conduit = conduit
        self._client = client
        self._status = status
        self._shards = shards
        self._pause = FIRST_PAUSE
        self._try_at = 0.0
        self._reached: Collection[int] = ()
        self._tried: set[int] = set()
        """What Twitch was to bring here, and has not done since."""
        self.trouble = ""
        """What a person has to look at, or ""."""
        self.endpoint = WebhookEndpoint(settings, self._notified, self._taken_away, stored)

    def __len__(self) -> int:
        """How many Twitch reaches here."""
        return len(self._reached)

    async def run(self) -> None:
        """Serve until cancelled, and leave the shards to others then. Raises what only a person mends."""
        try:
            async with self.endpoint:
                while True:
                    await self._status.patiently(self._look, at_most=LOOK_EVERY)
                    await asyncio.sleep(LOOK_EVERY)
        finally:
            await self._leave()

    async def _leave(self) -> None:
        """Unless another process answers at our address, who stands in should not wait until Twitch notices."""
        assert self._settings.webhook_secret is not None
        url, secret = self._settings.webhook_url, self._settings.webhook_secret.get_secret_value()
        try:
            async with asyncio.timeout(LEAVE_WITHIN):
                _, ours = await self._found()
                served = [shard.number for shard in ours if shard.is_enabled]
                if served and not await is_answered(url, secret):
                    await self._shards.vacate(served)
        except Exception as error:  # raised here, it would stand for the cancellation that this is the end of
            log.info("left webhook shards for Twitch to notice: %s", error or type(error).__name__)

    async def _found(self) -> tuple[Sequence[ConduitShard], Sequence[ConduitShard]]:
        """Those that should be served here, and those of them that have our address."""
        shards = [shard for shard in await self._conduit.shards() if shard.number in self._settings.webhooks_here]
        return shards, [shard for shard in shards if shard.callback == self._settings.webhook_url]

    async def _look(self) -> None:
        shards, ours = await self._found()
        self._reached = [shard.number for shard in ours if shard.is_enabled]
        if len(self._reached) == len(shards):
            self._tried, self._pause, self._try_at, self.trouble = set(), FIRST_PAUSE, 0.0, ""
            return
        served = [shard.number for shard in ours if shard.is_enabled or shard.is_pending]
        lacking = [shard for shard in shards if shard.number not in served]
        self._tell([shard for shard in lacking if shard.number in self._tried])
        now = asyncio.get_running_loop().time()
        if lacking and now >= self._try_at:
            self._try_at, self._pause = now + self._pause, min(2 * self._pause, LONGEST_PAUSE)
            await self._take([shard.number for shard in lacking])

    def _tell(self, lost: Sequence[ConduitShard]) -> None:
        """Twitch was given our callback for them, and does not use it."""
        if not lost:
            return
        url = self._settings.webhook_url
        states = ", ".join(f"shard {each.number}: {each.status if each.callback else 'stood in for'}" for each in lost)
        trouble = f"Twitch does not get through to {url} ({states}): look at the proxy and its certificate"
        if trouble != self.trouble:
            log.warning("%s", trouble)
        self.trouble = trouble

    async def _take(self, numbers: Sequence[int]) -> None:
        assert self._settings.webhook_secret is not None
        callback = {
            "method": "webhook",
            "callback": self._settings.webhook_url,
            "secret": self._settings.webhook_secret.get_secret_value(),
        }
        refused = await self._conduit.assign(dict.fromkeys(numbers, callback))
        self._tried = set(numbers) - set(refused)
        if refused:
            self.trouble = f"Twitch refuses webhook shards: {'; '.join(dict.fromkeys(refused.values()))}"
            log.warning("%s", self.trouble)

    def _notified(self, message: WebhookMessage) -> None:
        told = message.as_of_socket()
        if is_about_shards(told):
            self._shards.attention.set()
        else:
            hand_on(self._client(), told)

    def _taken_away(self, message: WebhookMessage) -> None:
        self._shards.revoked.add(taken_away(message.as_of_socket()))
        self._shards.attention.set()
