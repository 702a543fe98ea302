"""api.twitch.tv/helix/moderation/automod: deciding about messages that AutoMod holds.

https://dev.twitch.tv/docs/api/reference/#manage-held-automod-messages
"""

from collections.abc import Awaitable, Callable

from aiohttp import web

from tests.doubles.twitch.identity import Identity
from tests.doubles.twitch.state import State, TwitchError

MANAGE = "moderator:manage:automod"
ACTIONS = {"ALLOW": "approved", "DENY": "denied"}


class AutoModQueue:
    """`moderate` carries a decision out, by the id of the message, its status and the moderator's login."""

    def __init__(self, state: State, identity: Identity, moderate: Callable[[str, str, str], Awaitable[None]]) -> None:
        self._state = state
        self._identity = identity
        self._moderate = moderate

    def routes(self) -> list[web.RouteDef]:
        return [web.post("/helix/moderation/automod/message", self.decide)]

    async def decide(self, request: web.Request) -> web.Response:
        grant = self._identity.allowed(request, MANAGE)
        body = await request.json()
        if str(body["user_id"]) != grant.user.id:
            raise TwitchError(401, "The ID in user_id must match the user ID found in the request's OAuth token.")
        if body["action"] not in ACTIONS:
            raise TwitchError(400, "The value in the action field is not valid.")
        held = self._state.held.get(body["msg_id"])
        if held is None:
            raise TwitchError(404, "The message specified in the msg_id field was not found.")
        if held.channel != grant.user and not self._state.is_privileged(grant.user, held.channel):
            raise TwitchError(403, "The user in user_id is not one of the broadcaster's moderators.")
        if held.status != "held":
            raise TwitchError(400, "The message was already processed.")
        await self._moderate(held.id, ACTIONS[body["action"]], grant.user.login)
        return web.Response(status=204)
