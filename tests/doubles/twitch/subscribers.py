"""api.twitch.tv/helix/subscriptions: https://dev.twitch.tv/docs/api/reference/#get-broadcaster-subscriptions."""

from typing import Any

from aiohttp import web

from tests.doubles.twitch.identity import NOT_YOURS, Identity
from tests.doubles.twitch.state import State, TwitchError, User

READ = "channel:read:subscriptions"


class Subscribers:
    """Only the broadcaster's own login may ask."""

    def __init__(self, state: State, identity: Identity) -> None:
        self._state = state
        self._identity = identity

    def routes(self) -> list[web.RouteDef]:
        return [web.get("/helix/subscriptions", self.list)]

    async def list(self, request: web.Request) -> web.Response:
        """Of the people asked for, those who subscribe; without names all of them, with how many there are."""
        grant, ids = self._identity.bearer(request), request.query.getall("user_id", [])
        if READ not in grant.scopes:
            raise TwitchError(401, f"Missing scope: {READ}")
        if request.query.get("broadcaster_id") != grant.user.id:
            raise TwitchError(401, NOT_YOURS)
        logins = sorted(who for channel, who in self._state.subscribers if channel == grant.user.login)
        found = [_shown(self._state.user(login), grant.user) for login in logins]
        if ids:
            return web.json_response({"data": [each for each in found if each["user_id"] in ids], "pagination": {}})
        return web.json_response({"data": found, "pagination": {}, "total": len(found), "points": len(found)})


def _shown(user: User, channel: User) -> dict[str, Any]:
    return {
        "broadcaster_id": channel.id,
        "broadcaster_login": channel.login,
        "broadcaster_name": channel.login.capitalize(),
        "gifter_id": "",
        "gifter_login": "",
        "gifter_name": "",
        "is_gift": False,
        "plan_name": f"Channel Subscription ({channel.login})",
        "tier": "1000",
        "user_id": user.id,
        "user_name": user.login.capitalize(),
        "user_login": user.login,
    }
