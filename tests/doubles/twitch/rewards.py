"""api.twitch.tv/helix/channel_points: rewards, and what becomes of their redemptions.

https://dev.twitch.tv/docs/api/reference/#create-custom-rewards and the five entries after it. Only the broadcaster's
own login may ask, and only the application that created a reward may change it or settle its redemptions.
"""

from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from tests.doubles.twitch.identity import NOT_YOURS, Identity
from tests.doubles.twitch.state import Redemption, Reward, State, TwitchError, User

READ, MANAGE = "channel:read:redemptions", "channel:manage:redemptions"
MOST = 50
"""Custom rewards of a channel, disabled ones among them: #create-custom-rewards"""
MOST_ON_A_PAGE = 50
"""Redemptions: #get-custom-reward-redemption"""
NOT_OURS = "The ID in the Client-Id header must match the client ID used to create the custom reward."
NOT_OPEN = (
    "The redemptions specified using the id query parameter were not found "
    "or their statuses weren't marked as UNFULFILLED."
)
_FIELDS = {
    "title": "title",
    "cost": "cost",
    "prompt": "prompt",
    "is_enabled": "is_enabled",
    "is_paused": "is_paused",
    "is_user_input_required": "needs_text",
    "should_redemptions_skip_request_queue": "skips_queue",
    "background_color": "color",
    "max_per_stream": "per_stream",
    "max_per_user_per_stream": "per_viewer",
    "global_cooldown_seconds": "cooldown",
}
"""What Twitch calls what a reward here has; whoever asks for others has misread the documentation."""
_SWITCHES = {"is_max_per_stream_enabled", "is_max_per_user_per_stream_enabled", "is_global_cooldown_enabled"}


class Rewards:
    """`settled` makes it so, and tells of it."""

    def __init__(self, state: State, identity: Identity, settled: Callable[[str, str], Awaitable[None]]) -> None:
        self._state = state
        self._identity = identity
        self._settled = settled

    def routes(self) -> list[web.RouteDef]:
        rewards = "/helix/channel_points/custom_rewards"
        return [
            web.get(rewards, self.list),
            web.post(rewards, self.create),
            web.patch(rewards, self.update),
            web.delete(rewards, self.delete),
            web.get(f"{rewards}/redemptions", self.redeemed),
            web.patch(f"{rewards}/redemptions", self.settle),
        ]

    async def list(self, request: web.Request) -> web.Response:
        """#get-custom-reward"""
        channel = self._channel(request, READ, MANAGE)
        ids = request.query.getall("id", [])
        only_ours = request.query.get("only_manageable_rewards", "false").lower() == "true"
        found = [
            reward
            for reward in self._state.rewards.values()
            if (not ids or reward.id in ids) and (reward.is_ours or not only_ours)
        ]
        if ids and not found:
            raise TwitchError(404, "All of the custom rewards specified using the id query parameter were not found.")
        return web.json_response({"data": [_shown(reward, channel) for reward in found]})

    async def create(self, request: web.Request) -> web.Response:
        """#create-custom-rewards"""
        channel = self._channel(request, MANAGE)
        body = await request.json()
        if len(self._state.rewards) >= MOST:
            raise TwitchError(400, "CREATE_CUSTOM_REWARD_TOO_MANY_REWARDS")
        self._check(body, None)
        reward = Reward(body["title"], is_ours=True)
        self._change(reward, body)
        return web.json_response({"data": [_shown(reward, channel)]})

    async def update(self, request: web.Request) -> web.Response:
        """#update-custom-reward"""
        channel = self._channel(request, MANAGE)
        reward, body = self._ours(request.query["id"]), await request.json()
        self._check({"title": reward.title, "cost": reward.cost} | body, reward)
        self._change(reward, body)
        return web.json_response({"data": [_shown(reward, channel)]})

    async def delete(self, request: web.Request) -> web.Response:
        """#delete-custom-reward: whoever waited loses what they paid."""
        self._channel(request, MANAGE)
        reward = self._ours(request.query["id"])
        del self._state.rewards[reward.title]
        for redemption in self._state.redemptions.values():
            if redemption.reward_id == reward.id and redemption.status == "UNFULFILLED":
                redemption.status = "FULFILLED"
        return web.Response(status=204)

    async def redeemed(self, request: web.Request) -> web.Response:
        """#get-custom-reward-redemption, oldest first unless `sort` says otherwise, up to 50 on a page."""
        channel = self._channel(request, READ, MANAGE)
        reward = self._ours(request.query["reward_id"])
        ids, status = request.query.getall("id", []), request.query.get("status")
        if not ids and status is None:
            raise TwitchError(400, "The status query parameter is required if you don't specify the id parameter.")
        found = [
            each
            for each in self._state.redemptions.values()
            if each.reward_id == reward.id and (not ids or each.id in ids) and status in (None, each.status)
        ]
        if request.query.get("sort") == "NEWEST":
            found.reverse()
        size, start = int(request.query.get("first", 20)), int(request.query.get("after", 0))
        if not 1 <= size <= MOST_ON_A_PAGE:
            raise TwitchError(400, "The parameter first must be between 1 and 50.")
        page, rest = found[start : start + size], found[start + size :]
        return web.json_response(
            {
                "data": [_redeemed(each, reward, channel) for each in page],
                "pagination": {"cursor": str(start + size)} if rest else {},
            }
        )

    async def settle(self, request: web.Request) -> web.Response:
        """#update-redemption-status: fulfil, or refund."""
        channel = self._channel(request, MANAGE)
        reward = self._ours(request.query["reward_id"])
        status = (await request.json())["status"]
        if status not in ("FULFILLED", "CANCELED"):
            raise TwitchError(400, "The value in the status field is not valid.")
        known = [self._state.redemptions.get(id) for id in request.query.getall("id")]
        found = [each for each in known if each is not None and each.status == "UNFULFILLED"]
        if not found:
            raise TwitchError(404, NOT_OPEN)
        for each in found:
            await self._settled(each.id, status)
        return web.json_response({"data": [_redeemed(each, reward, channel) for each in found]})

    def _channel(self, request: web.Request, *scopes: str) -> User:
        grant = self._identity.bearer(request)
        if not set(scopes) & set(grant.scopes):
            raise TwitchError(401, f"Missing scope: {' or '.join(scopes)}")
        if request.query.get("broadcaster_id") != grant.user.id:
            raise TwitchError(401, NOT_YOURS)
        return grant.user

    def _ours(self, id: str) -> Reward:
        reward = next((reward for reward in self._state.rewards.values() if reward.id == id), None)
        if reward is None:
            raise TwitchError(404, "The custom reward specified in the id query parameter was not found.")
        if not reward.is_ours:
            raise TwitchError(403, NOT_OURS)
        return reward

    def _check(self, body: dict[str, Any], before: Reward | None) -> None:
        if unknown := body.keys() - _FIELDS.keys() - _SWITCHES:
            raise KeyError(f"not in the documentation: {', '.join(sorted(unknown))}")
        if not 1 <= len(body["title"]) <= 45:
            raise TwitchError(400, "The title must contain a minimum of 1 character and a maximum of 45 characters.")
        if self._state.rewards.get(body["title"]) not in (None, before):
            raise TwitchError(400, "CREATE_CUSTOM_REWARD_DUPLICATE_REWARD")
        if body["cost"] < 1:
            raise TwitchError(400, "The cost must contain a minimum of 1 point.")
        if len(body.get("prompt", "")) > 200:
            raise TwitchError(400, "The prompt is limited to a maximum of 200 characters.")

    def _change(self, reward: Reward, body: dict[str, Any]) -> None:
        self._state.rewards.pop(reward.title, None)
        for name, value in body.items():
            if name in _FIELDS:
                setattr(reward, _FIELDS[name], value)
        self._state.rewards[reward.title] = reward
        self._state.changes.happened()


def _shown(reward: Reward, channel: User) -> dict[str, Any]:
    def limit(field: str, value: int) -> dict[str, Any]:
        return {"is_enabled": value > 0, field: value}

    sizes = {f"url_{size}x": f"https://static.example/default-{size}.png" for size in (1, 2, 4)}
    return {
        **channel.named("broadcaster"),
        "id": reward.id,
        "title": reward.title,
        "prompt": reward.prompt,
        "cost": reward.cost,
        "image": None,
        "default_image": sizes,
        "background_color": reward.color,
        "is_enabled": reward.is_enabled,
        "is_user_input_required": reward.needs_text,
        "max_per_stream_setting": limit("max_per_stream", reward.per_stream),
        "max_per_user_per_stream_setting": limit("max_per_user_per_stream", reward.per_viewer),
        "global_cooldown_setting": limit("global_cooldown_seconds", reward.cooldown),
        "is_paused": reward.is_paused,
        "is_in_stock": True,
        "should_redemptions_skip_request_queue": reward.skips_queue,
        "redemptions_redeemed_current_stream": None,
        "cooldown_expires_at": None,
    }


def _redeemed(redemption: Redemption, reward: Reward, channel: User) -> dict[str, Any]:
    return {
        **channel.named("broadcaster"),
        "id": redemption.id,
        **redemption.user.named("user"),
        "user_input": redemption.text,
        "status": redemption.status,
        "redeemed_at": redemption.at,
        "reward": {"id": reward.id, "title": reward.title, "prompt": reward.prompt, "cost": reward.cost},
    }
