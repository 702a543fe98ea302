"""The channel-point rewards of the streamer whose login it is: listed, created, paused, fulfilled and refunded."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any, Final

from twitchio import ChannelPointsRedemptionAdd, CustomReward, HTTPException, PartialUser
from twitchio.http import HTTPAsyncIterator, HTTPClient, Route
from twitchio.models.eventsub_ import create_event_instance

from relay.config import OfferSection
from relay.errors import AuthError, PlatformError, PlatformUnavailable
from relay.platforms.base import ChannelReward, Stream
from relay.platforms.sharing import IsOurs, everywhere
from relay.platforms.twitch.connection import TwitchConnection
from relay.platforms.twitch.failures import LOG_IN_AGAIN
from relay.platforms.twitch.settings import TwitchSection
from relay.platforms.twitch.streams import stream_of
from relay.platforms.twitch.tokens import TokenFile, redacted_logs

READ, MANAGE = "channel:read:redemptions", "channel:manage:redemptions"
TITLE_LIMIT: Final = 45
PAGE: Final = 50
"""Redemptions that Twitch tells at once."""
MOST: Final = 500
"""Those of one reward that are looked at, the newest; what is beyond is left to the streamer."""
PROMPT: Final = "What do you want to say?"
"""What viewers are asked who have to write something; TwitchIO makes the field for it of the prompt alone."""


class TwitchRewards:
    """See ChannelRewards. Twitch lets only the streamer's own login ask."""

    def __init__(self, connection: TwitchConnection, is_ours: IsOurs = everywhere) -> None:
        self._connection = connection
        self._is_ours = is_ours

    async def check(self) -> None:
        self._channel(MANAGE)

    async def list(self) -> Sequence[ChannelReward]:
        channel = self._channel(READ)
        rewards = await self._connection.call(channel.fetch_custom_rewards, "listing the rewards")
        ours = await self._connection.call(lambda: channel.fetch_custom_rewards(manageable=True), "listing our rewards")
        ids = {reward.id for reward in ours}
        return [_known(reward, is_ours=reward.id in ids) for reward in rewards]

    async def stream(self) -> Stream:
        return await stream_of(self._channel(READ).id, self._connection)

    async def create(self, title: str, offer: OfferSection, *, takes_text: bool) -> ChannelReward:
        channel = self._channel(MANAGE)
        if len(title) > TITLE_LIMIT:
            raise PlatformError(f"the reward {title!r} has {len(title)} characters: Twitch takes {TITLE_LIMIT} at most")
        reward = await self._connection.call(
            lambda: channel.create_custom_reward(
                title,
                offer.cost,
                prompt=offer.prompt or (PROMPT if takes_text else None),
                background_color=offer.color or None,
                max_per_stream=offer.per_stream,
                max_per_user=offer.per_viewer,
                global_cooldown=offer.cooldown,
            ),
            f"creating the reward {title!r}",
        )
        if offer.prompt and not takes_text:
            await self._connection.call(
                lambda: channel.update_custom_reward(reward.id, input_required=False),
                f"letting viewers redeem {title!r} without writing anything",
            )
        return _known(reward, is_ours=True)

    async def waiting(self) -> Sequence[ChannelPointsRedemptionAdd]:
        """The redemptions of our rewards that nobody has settled, the oldest first, as if Twitch told of each now."""
        channel, found = self._channel(READ), list[ChannelPointsRedemptionAdd]()
        ours = await self._connection.call(lambda: channel.fetch_custom_rewards(manageable=True), "listing our rewards")
        for reward in ours:
            found += await self._connection.call(partial(self._unsettled, reward.id, channel.id), "reading redemptions")
        return sorted(found, key=lambda each: each.redeemed_at)

    async def _unsettled(self, reward_id: str, channel: str) -> Sequence[ChannelPointsRedemptionAdd]:
        http = self._connection.client._http  # TwitchIO's own reading leaves out what the viewer wrote
        about = {"broadcaster_id": channel, "reward_id": reward_id, "status": "UNFULFILLED"}
        about |= {"sort": "NEWEST", "first": str(PAGE)}
        route = Route("GET", "channel_points/custom_rewards/redemptions", params=about, token_for=channel)
        found: HTTPAsyncIterator[Mapping[str, Any]] = http.request_paginated(route, max_results=MOST)
        return [_told(each, http) async for each in found]

    async def pause(self, reward_id: str, *, is_paused: bool) -> None:
        channel = self._channel(MANAGE)
        await self._connection.call(
            lambda: channel.update_custom_reward(reward_id, paused=is_paused),
            "pausing a reward" if is_paused else "offering a reward again",
        )

    async def settle(self, reward_id: str, redemption_id: str, *, is_fulfilled: bool) -> None:
        channel = self._channel(MANAGE)
        if not is_fulfilled:
            self._connection.paid_back.append(redemption_id)
        http = self._connection.client._http  # TwitchIO offers this only for redemptions it has read itself

        async def update() -> Any:
            try:
                return await http.patch_custom_reward_redemption(
                    broadcaster_id=channel.id,
                    token_for=channel.id,
                    reward_id=reward_id,
                    id=redemption_id,
                    status="FULFILLED" if is_fulfilled else "CANCELED",
                )
            except HTTPException as error:
                if error.status != 404:  # which says that it is settled already, or gone with its reward
                    raise

        await self._connection.call(update, "fulfilling a reward" if is_fulfilled else "refunding a reward")

    def _channel(self, scope: str) -> PartialUser:
        """The login's own channel. Raises PlatformUnavailable, PlatformError or AuthError when it cannot be asked."""
        connection = self._connection
        if not connection.channels:
            raise PlatformUnavailable("Twitch is not connected")
        account = connection.account
        if account.id not in connection.logins or not self._is_ours((account.id,)):
            raise PlatformError(
                f"rewards are the streamer's own: {account.login} is none of twitch.channels; log in as the streamer"
            )
        if not {scope, MANAGE} & set(account.scopes):
            raise AuthError(f"the Twitch login of {account.login} lacks {scope}: {LOG_IN_AGAIN}")
        return connection.client.create_partialuser(account.id)


def _told(redemption: Mapping[str, Any], http: HTTPClient) -> ChannelPointsRedemptionAdd:
    """Twitch's answer as the event that it tells the same with."""
    who = {f"broadcaster_user_{part}": redemption[f"broadcaster_{part}"] for part in ("id", "login", "name")}
    event = {**redemption, **who, "status": redemption["status"].lower()}
    found: ChannelPointsRedemptionAdd = create_event_instance(
        ChannelPointsRedemptionAdd.subscription_type, {"event": event, "subscription": None}, http=http
    )
    return found


def _known(reward: CustomReward, *, is_ours: bool) -> ChannelReward:
    return ChannelReward(
        id=reward.id,
        title=reward.title,
        cost=reward.cost,
        is_ours=is_ours,
        is_paused=reward.paused,
        is_enabled=reward.enabled,
    )


@asynccontextmanager
async def reached(settings: TwitchSection, token_file: Path) -> AsyncIterator[TwitchRewards]:
    """The same without a relay that runs, over a connection of its own."""
    with redacted_logs():
        async with TwitchConnection(settings, TokenFile(token_file)) as connection:
            await connection.log_in()
            yield TwitchRewards(connection)
