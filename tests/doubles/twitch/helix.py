"""api.twitch.tv/helix: users, streams, event subscriptions, chat."""

import asyncio
import math
import time
from collections import deque
from collections.abc import Awaitable, Callable, Collection, Sequence
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any

from aiohttp import web

from tests.doubles.twitch.eventsub import Sessions
from tests.doubles.twitch.identity import Identity
from tests.doubles.twitch.shapes import MODERATOR, TYPES, EventType
from tests.doubles.twitch.state import Grant, Posted, State, Subscription, TwitchError, User, number, timestamp

MAX_SUBSCRIPTIONS = 300
"""For each session: https://dev.twitch.tv/docs/eventsub/handling-websocket-events/#subscription-limits"""
MAX_CONNECTIONS = 3
"""With subscriptions, for each account; the same page."""
MAX_TOTAL_COST = 10
"""For each account on WebSockets: https://dev.twitch.tv/docs/eventsub/manage-subscriptions/#subscription-limits"""
MAX_APPLICATION_COST = 10_000
"""For each application on conduits and webhooks; the same page."""
MAX_ASKED = 10
"""People in one question about authorisation."""
DISABLED = "conduit.shard.disabled"
"""https://dev.twitch.tv/docs/eventsub/reference/conduit/#conduit-shard-disabled"""
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
        self.conduits: Collection[str] = ()
        """Ids of those there are."""
        self._spent: dict[bool, deque[float]] = {False: deque(), True: deque()}
        """By logins, and by the application, which has points of its own."""
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
            web.get("/helix/authorization/users", self.authorizations),
            web.get("/helix/eventsub/subscriptions", self.list_subscriptions),
            web.post("/helix/eventsub/subscriptions", self.subscribe),
            web.delete("/helix/eventsub/subscriptions", self.unsubscribe),
            web.post("/helix/chat/messages", self.post),
        ]

    def spend(self, request: web.Request) -> bool:
        """Take a point for a call; whether there was one."""
        now, spent = time.time(), self._spent[self._identity.is_application(request)]
        while spent and spent[0] <= now - self.window:
            spent.popleft()
        if len(spent) >= self.points:
            return False
        spent.append(now)
        return True

    def limits(self, request: web.Request) -> dict[str, str]:
        """The `Ratelimit-*` headers of an answer; the reset is a Unix time by Twitch's own clock, as is `Date`."""
        there, spent = time.time() + self.clock_ahead, self._spent[self._identity.is_application(request)]
        back = spent[0] + self.window + self.clock_ahead if spent else there
        return {
            "Ratelimit-Limit": str(self.points),
            "Ratelimit-Remaining": str(max(self.points - len(spent), 0)),
            "Ratelimit-Reset": str(math.ceil(back)),
            "Date": format_datetime(datetime.fromtimestamp(there, UTC), usegmt=True),
        }

    async def users(self, request: web.Request) -> web.Response:
        grant = self._identity.bearer(request)
        ids, logins = request.query.getall("id", []), request.query.getall("login", [])
        known = [user for user in self._state.users.values() if user.id in ids or user.login in logins]
        found = known if ids or logins else [grant.user]
        return web.json_response({"data": [_profile(user) for user in found]})

    async def authorizations(self, request: web.Request) -> web.Response:
        """https://dev.twitch.tv/docs/api/reference/users/#get-authorization-by-user"""
        self._identity.application(request)
        ids = request.query.getall("user_id")
        if len(ids) > MAX_ASKED:
            raise TwitchError(400, "The maximum number of user_id query parameters is 10")
        found = [user for id in ids if (user := self._state.by_id(id)) is not None]
        return web.json_response(
            {
                "data": [
                    {
                        **user.named("user"),
                        "scopes": sorted(self._state.scopes_of(user)),
                        "has_authorized": user.login in self._state.authorised,
                    }
                    for user in found
                ]
            }
        )

    async def list_subscriptions(self, request: web.Request) -> web.Response:
        as_application = self._is_application(request)
        filters = {name: value for name, value in request.query.items() if name not in ("after", "first")}
        if len(filters) > 1:
            raise TwitchError(400, "only one filter may be specified")
        status, conduit_id = filters.get("status"), filters.get("conduit_id")
        found = [
            sub.shown()
            for sub in self._state.subscriptions.values()
            if status in (None, sub.status)
            and conduit_id in (None, sub.conduit_id)
            and bool(sub.conduit_id) == as_application
        ]
        start, size = int(request.query.get("after", 0)), 100
        page = {"cursor": str(start + size)} if len(found) > start + size else {}
        return web.json_response(
            {
                "data": found[start : start + size],
                "total": len(found),
                "total_cost": self.total_cost(as_application=as_application),
                "max_total_cost": self._max_cost(as_application),
                "pagination": page,
            }
        )

    async def subscribe(self, request: web.Request) -> web.Response:
        as_application, body = self._is_application(request), await request.json()
        transport = body["transport"]
        wanted = Subscription(
            body["type"],
            body["version"],
            body["condition"],
            transport.get("session_id", ""),
            transport.get("conduit_id", ""),
        )
        if (transport["method"] == "conduit") != as_application:
            raise TwitchError(400, "invalid transport and auth combination")
        if as_application:
            self._check_for_conduit(wanted)
        else:
            self._check_subscription(self._identity.bearer(request), wanted)
        wanted.cost, max_cost = self.cost(wanted), self._max_cost(as_application)
        if wanted.cost and self.total_cost(as_application=as_application) + wanted.cost > max_cost:
            raise TwitchError(429, "cost exceeded")
        self._state.subscriptions[wanted.id] = wanted
        self._sessions.subscribed(wanted)
        return web.json_response(
            {
                "data": [wanted.shown()],
                "total": len(self._state.subscriptions),
                "total_cost": self.total_cost(as_application=as_application),
                "max_total_cost": max_cost,
            },
            status=202,
        )

    def cost(self, wanted: Subscription) -> int:
        """1 for what needs no authorisation, unless whom it concerns has authorised the application anyway."""
        if wanted.type == DISABLED or TYPES[wanted.type].scope is not None:
            return 0
        user = self._state.by_id(str(wanted.watched))
        return 0 if user is not None and user.login in self._state.authorised else 1

    def total_cost(self, *, as_application: bool = False) -> int:
        """Of all that is enabled; a double has one account at a time."""
        enabled = [sub for sub in self._state.subscriptions.values() if sub.status == "enabled"]
        return sum(sub.cost for sub in enabled if bool(sub.conduit_id) == as_application)

    def _max_cost(self, as_application: bool) -> int:
        return MAX_APPLICATION_COST if as_application else MAX_TOTAL_COST

    def _is_application(self, request: web.Request) -> bool:
        if self._identity.is_application(request):
            return True
        self._identity.bearer(request)
        return False

    def _check_for_conduit(self, wanted: Subscription) -> None:
        """What an application may subscribe is what people have allowed it, whoever is logged in where."""
        if status := self.failing_types.get(wanted.type):
            raise TwitchError(status, "something went wrong with this type")
        if wanted.conduit_id not in self.conduits:
            raise TwitchError(400, "the conduit does not exist")
        if wanted.type != DISABLED:
            known = TYPES.get(wanted.type)
            if known is None or known.version != wanted.version:
                raise TwitchError(400, "invalid subscription type and version")
            if not self._is_allowed(wanted, known):
                raise TwitchError(403, "subscription missing proper authorization")
        if any(
            (sub.type, sub.condition, sub.conduit_id) == (wanted.type, wanted.condition, wanted.conduit_id)
            for sub in self._state.subscriptions.values()
            if sub.status == "enabled"
        ):
            raise TwitchError(409, "subscription already exists")

    def _is_allowed(self, wanted: Subscription, known: EventType) -> bool:
        """Chat: https://dev.twitch.tv/docs/chat/authenticating/#cloud-chatbots"""
        state, channel = self._state, self._state.by_id(str(wanted.watched))
        reader = state.by_id(wanted.condition.get("user_id", "") or wanted.condition.get("moderator_user_id", ""))
        if reader is None or channel is None:
            return may_read(known.scope, tuple(state.scopes_of(channel)))
        if not may_read(known.scope, tuple(state.scopes_of(reader))):
            return False
        if "user_id" in wanted.condition:
            return "user:bot" in state.scopes_of(reader) and self._lets_in(reader, channel)
        return self.has_rank(reader, wanted, known.rank)

    def _lets_in(self, bot: User, channel: User) -> bool:
        return "channel:bot" in self._state.scopes_of(channel) or self._state.is_privileged(bot, channel)

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
        self._is_application(request)
        if self._state.subscriptions.pop(request.query["id"], None) is None:
            raise TwitchError(404, "subscription was not found")
        self._state.changes.happened()
        return web.Response(status=204)

    async def post(self, request: web.Request) -> web.Response:
        as_application, body = self._identity.is_application(request), await request.json()
        channel, sender = self._state.by_id(str(body["broadcaster_id"])), self._state.by_id(str(body["sender_id"]))
        if channel is None or sender is None:
            raise TwitchError(400, "The broadcaster or the sender is not valid")
        if as_application:
            self._check_bot(sender, channel)
        elif sender != self._identity.allowed(request, "user:write:chat").user:
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
        if reason := self.reject or self._drop_reason(sender, channel, posted):
            return web.json_response({"data": [{"message_id": "", "is_sent": False, "drop_reason": reason}]})
        self._written.append((posted.at, channel.login, posted.text))
        self._state.posts.append(posted)
        await self._echo(posted)
        self._state.changes.happened()
        return web.json_response({"data": [{"message_id": posted.id, "is_sent": True, "drop_reason": None}]})

    def _check_bot(self, sender: User, channel: User) -> None:
        """https://dev.twitch.tv/docs/api/reference/#send-chat-message, with an application's token."""
        if not {"user:write:chat", "user:bot"} <= self._state.scopes_of(sender):
            raise TwitchError(
                401, "The sender must have authorized the app with the user:write:chat and user:bot scopes"
            )
        if not self._lets_in(sender, channel):
            raise TwitchError(401, "The broadcaster must have authorized the app with the channel:bot scope")

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
