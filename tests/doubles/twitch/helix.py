"""api.twitch.tv/helix: users, streams, event subscriptions, chat."""

import asyncio
import math
import time
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any

from aiohttp import web

from tests.doubles.twitch.eventsub import Sessions
from tests.doubles.twitch.identity import Identity
from tests.doubles.twitch.shapes import MODERATOR, TYPES
from tests.doubles.twitch.state import Grant, Posted, State, Subscription, TwitchError, User, number, timestamp

MAX_SUBSCRIPTIONS = 300
"""For each session: https://dev.twitch.tv/docs/eventsub/handling-websocket-events/#subscription-limits"""
MAX_CONNECTIONS = 3
"""With subscriptions, for each account; the same page."""
MAX_TOTAL_COST = 10
"""For each account on WebSockets: https://dev.twitch.tv/docs/eventsub/manage-subscriptions/#subscription-limits"""
POINTS = 800
"""A minute: https://dev.twitch.tv/docs/api/guide/#twitch-rate-limits"""
CANNOT_REPLY = "The request's input was not valid. Message cannot be replied to."
"""As https://github.com/twitchdev/issues/issues/896 shows it."""


class Helix:
    def __init__(self, state: State, identity: Identity, sessions: Sessions, echo: Callable[[Posted], Awaitable[None]]):
        self._state = state
        self._identity = identity
        self._sessions = sessions
        self._echo = echo
        self._spent: deque[float] = deque()
        self._written: deque[tuple[float, str, str]] = deque(maxlen=200)
        self.points = POINTS
        """API calls in a window."""
        self.window = 60.0
        """Seconds until a call counts no more."""
        self.clock_ahead = 0.0
        """Seconds by which Twitch's clock is ahead of ours."""
        self.reject: dict[str, Any] | None = None
        """The drop reason for every chat message from now on."""
        self.failing_types: dict[str, int] = {}
        """Subscription types that are answered with an error status from now on."""

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/helix/users", self.users),
            web.get("/helix/eventsub/subscriptions", self.list_subscriptions),
            web.post("/helix/eventsub/subscriptions", self.subscribe),
            web.delete("/helix/eventsub/subscriptions", self.unsubscribe),
            web.post("/helix/chat/messages", self.post),
        ]

    def spend(self) -> bool:
        """Take a point for a call; whether there was one."""
        now = time.time()
        while self._spent and self._spent[0] <= now - self.window:
            self._spent.popleft()
        if len(self._spent) >= self.points:
            return False
        self._spent.append(now)
        return True

    def limits(self) -> dict[str, str]:
        """The `Ratelimit-*` headers of an answer; the reset is a Unix time by Twitch's own clock, as is `Date`."""
        there = time.time() + self.clock_ahead
        back = self._spent[0] + self.window + self.clock_ahead if self._spent else there
        return {
            "Ratelimit-Limit": str(self.points),
            "Ratelimit-Remaining": str(max(self.points - len(self._spent), 0)),
            "Ratelimit-Reset": str(math.ceil(back)),
            "Date": format_datetime(datetime.fromtimestamp(there, UTC), usegmt=True),
        }

    async def users(self, request: web.Request) -> web.Response:
        grant = self._identity.bearer(request)
        ids, logins = request.query.getall("id", []), request.query.getall("login", [])
        known = [user for user in self._state.users.values() if user.id in ids or user.login in logins]
        found = known if ids or logins else [grant.user]
        return web.json_response({"data": [_profile(user) for user in found]})

    async def list_subscriptions(self, request: web.Request) -> web.Response:
        grant = self._identity.bearer(request)
        status = request.query.get("status")
        found = [sub.shown() for sub in self._state.subscriptions.values() if status in (None, sub.status)]
        start, size = int(request.query.get("after", 0)), 100
        page = {"cursor": str(start + size)} if len(found) > start + size else {}
        return web.json_response(
            {
                "data": found[start : start + size],
                "total": len(found),
                "total_cost": self.total_cost(grant.user),
                "max_total_cost": MAX_TOTAL_COST,
                "pagination": page,
            }
        )

    async def subscribe(self, request: web.Request) -> web.Response:
        grant = self._identity.bearer(request)
        body = await request.json()
        wanted = Subscription(body["type"], body["version"], body["condition"], body["transport"]["session_id"])
        self._check_subscription(grant, wanted)
        wanted.cost = self.cost(wanted)
        if wanted.cost and self.total_cost(grant.user) + wanted.cost > MAX_TOTAL_COST:
            raise TwitchError(429, "cost exceeded")
        self._state.subscriptions[wanted.id] = wanted
        self._sessions.subscribed(wanted)
        return web.json_response(
            {
                "data": [wanted.shown()],
                "total": len(self._state.subscriptions),
                "total_cost": self.total_cost(grant.user),
                "max_total_cost": MAX_TOTAL_COST,
            },
            status=202,
        )

    def cost(self, wanted: Subscription) -> int:
        """1 for what needs no authorisation, unless whom it concerns has authorised the application anyway."""
        if TYPES[wanted.type].scope is not None:
            return 0
        user = self._state.by_id(str(wanted.watched))
        return 0 if user is not None and user.login in self._state.authorised else 1

    def total_cost(self, user: User) -> int:
        """Of all that is enabled; a double has one account at a time."""
        return sum(sub.cost for sub in self._state.subscriptions.values() if sub.status == "enabled")

    def _check_subscription(self, grant: Grant, wanted: Subscription) -> None:
        if status := self.failing_types.get(wanted.type):
            raise TwitchError(status, "something went wrong with this type")
        known = TYPES.get(wanted.type)
        if known is None or known.version != wanted.version:
            raise TwitchError(400, "invalid subscription type and version")
        if not self._sessions.is_open(wanted.session_id):
            raise TwitchError(400, "websocket transport session does not exist or has already disconnected")
        if not may_read(known.scope, grant.scopes) or not self.has_rank(grant.user, wanted, known.rank):
            raise TwitchError(403, "subscription missing proper authorization")
        if {wanted.condition.get("user_id"), wanted.condition.get("moderator_user_id")} - {None, grant.user.id}:
            raise TwitchError(403, "subscription missing proper authorization")
        mine = [
            sub
            for sub in self._state.subscriptions.values()
            if (sub.session_id, sub.status) == (wanted.session_id, "enabled")
        ]
        if any((sub.type, sub.condition) == (wanted.type, wanted.condition) for sub in mine):
            raise TwitchError(409, "subscription already exists")
        others = {sub.session_id for sub in self._state.subscriptions.values() if sub.status == "enabled"}
        if len(others - {wanted.session_id}) >= MAX_CONNECTIONS:
            raise TwitchError(429, "number of websocket transports limit exceeded")
        if len(mine) >= MAX_SUBSCRIPTIONS:
            raise TwitchError(429, "number of subscriptions limit exceeded")

    def has_rank(self, user: User, wanted: Subscription, rank: str | None) -> bool:
        channel = self._state.by_id(wanted.condition.get("broadcaster_user_id", ""))
        if rank is None or channel is None or channel == user:
            return True
        return rank == MODERATOR and self._state.is_privileged(user, channel)

    async def unsubscribe(self, request: web.Request) -> web.Response:
        self._identity.bearer(request)
        if self._state.subscriptions.pop(request.query["id"], None) is None:
            raise TwitchError(404, "subscription was not found")
        self._state.changes.happened()
        return web.Response(status=204)

    async def post(self, request: web.Request) -> web.Response:
        grant = self._identity.allowed(request, "user:write:chat")
        body = await request.json()
        channel = self._state.by_id(str(body["broadcaster_id"]))
        if channel is None or str(body["sender_id"]) != grant.user.id:
            raise TwitchError(400, "The broadcaster or the sender is not valid")
        if len(body["message"]) > 500:
            raise TwitchError(422, "The message is too large")
        parent = body.get("reply_parent_message_id")
        if parent is not None and not self._state.can_be_answered(parent, channel):
            raise TwitchError(400, CANNOT_REPLY)
        posted = Posted(
            f"post-{number()}",
            channel.login,
            body["message"],
            parent,
            asyncio.get_running_loop().time(),
        )
        if reason := self.reject or self._drop_reason(grant.user, channel, posted):
            return web.json_response({"data": [{"message_id": "", "is_sent": False, "drop_reason": reason}]})
        self._written.append((posted.at, channel.login, posted.text))
        self._state.posts.append(posted)
        await self._echo(posted)
        self._state.changes.happened()
        return web.json_response({"data": [{"message_id": posted.id, "is_sent": True, "drop_reason": None}]})

    def _drop_reason(self, user: User, channel: User, posted: Posted) -> dict[str, str] | None:
        privileged = self._state.is_privileged(user, channel)
        recent = [entry for entry in self._written if entry[0] > posted.at - 30]
        gap = not privileged and any(at > posted.at - 0.95 and where == channel.login for at, where, _ in recent)
        if gap or len(recent) >= (100 if privileged else 20):
            return {"code": "msg_ratelimit", "message": "You are sending messages too quickly."}
        if not privileged and any(entry[1:] == (channel.login, posted.text) for entry in recent):
            return {"code": "msg_duplicate", "message": "Your message is identical to the previous one."}
        return None


def may_read(scope: str | None, scopes: Sequence[str]) -> bool:
    """Whether a login with these scopes may subscribe what needs that one; who may manage may read, too."""
    return scope is None or bool({scope, scope.replace(":read:", ":manage:")} & set(scopes))


def _profile(user: User) -> dict[str, Any]:
    return {
        "id": user.id,
        "login": user.login,
        "display_name": user.login.capitalize(),
        "type": "",
        "broadcaster_type": "affiliate",
        "description": "",
        "profile_image_url": "https://static.example/profile.png",
        "offline_image_url": "",
        "view_count": 0,
        "created_at": timestamp(),
    }
