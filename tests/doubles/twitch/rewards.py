"""api.twitch.tv/helix/channel_points: an application may change only the rewards it created itself.

https://dev.twitch.tv/docs/api/reference/#create-custom-rewards and #update-redemption-status
"""

from typing import Any

from aiohttp import web

from tests.doubles.twitch.identity import Identity
from tests.doubles.twitch.state import Redemption, Reward, State, TwitchError, timestamp

MANAGE = "channel:manage:redemptions"
NOT_OURS = "The ID in the Client-Id header must match the client ID used to create the custom reward."


class Rewards:
    def __init__(self, state: State, identity: Identity) -> None:
        self._state = state
        self._identity = identity

    def routes(self) -> list[web.RouteDef]:
        return [
            web.post("/helix/channel_points/custom_rewards", self.create),
            web.patch("/helix/channel_points/custom_rewards/redemptions", self.settle),
        ]

    async def create(self, request: web.Request) -> web.Response:
        self._identity.allowed(request, MANAGE)
        body = await request.json()
        reward = self._state.rewards[body["title"]] = Reward(body["title"], is_ours=True)
        return web.json_response({"data": [{"id": reward.id, "title": reward.title, "cost": body["cost"]}]})

    async def settle(self, request: web.Request) -> web.Response:
        """Fulfil or refund."""
        self._identity.allowed(request, MANAGE)
        reward = next((r for r in self._state.rewards.values() if r.id == request.query["reward_id"]), None)
        redemption = self._state.redemptions.get(request.query["id"])
        if reward is None or redemption is None or redemption.status != "UNFULFILLED":
            raise TwitchError(404, "The redemption is unknown, or no longer unfulfilled.")
        if not reward.is_ours:
            raise TwitchError(403, NOT_OURS)
        redemption.status = (await request.json())["status"]
        return web.json_response({"data": [self._shown(reward, redemption)]})

    def _shown(self, reward: Reward, redemption: Redemption) -> dict[str, Any]:
        return {
            **self._state.channels[0].named("broadcaster"),
            "id": redemption.id,
            **redemption.user.named("user"),
            "user_input": redemption.text,
            "status": redemption.status,
            "redeemed_at": timestamp(),
            "reward": {"id": reward.id, "title": reward.title, "prompt": "", "cost": 100},
        }
