"""A Twitch of our own: id, Helix and EventSub on one local port, for the real TwitchIO to connect to."""

import asyncio
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Self

from aiohttp import web

from tests.doubles.twitch.audience import Audience
from tests.doubles.twitch.broadcast import Broadcast
from tests.doubles.twitch.conduits import Conduits
from tests.doubles.twitch.eventsub import Session, Sessions
from tests.doubles.twitch.faults import Fault, Handler, Refuse
from tests.doubles.twitch.helix import MAX_TOTAL_COST, Helix, may_read
from tests.doubles.twitch.identity import Identity
from tests.doubles.twitch.moderation import AutoModQueue
from tests.doubles.twitch.rewards import Rewards
from tests.doubles.twitch.shapes import TYPES
from tests.doubles.twitch.state import Posted, State, Subscription, TwitchError, User
from tests.doubles.twitch.subscribers import Subscribers
from tests.doubles.twitch.whispers import Whispers
from tests.support import PATIENCE

CLIENT_ID = "client-of-the-relay"
RARELY_WANTED = {"channel.suspicious_user.message", "automod.message.hold", "automod.message.update"}
"""Types that `wait_subscribed` does not expect unless they are named."""
SCOPES = ("user:write:chat", *dict.fromkeys(type.scope for type in TYPES.values() if type.scope))


class TwitchDouble(Audience):
    """Use with `async with`. Nothing is delivered to whoever has not subscribed, as on Twitch.

    `account` is whom the token belongs to; the owner of a channel may subscribe everything in it.
    """

    def __init__(
        self, account: str = "streamer", channels: Sequence[str] = ("streamer",), scopes: Sequence[str] = SCOPES
    ) -> None:
        self.state = State(account, tuple(channels), tuple(scopes))
        self.identity = Identity(self.state, CLIENT_ID)
        self.sessions = Sessions(self.state)
        self.helix = Helix(self.state, self.identity, self.sessions, self._echo)
        self.conduits = Conduits(self.state, self.identity, self.sessions, self.tell)
        self.helix.conduits = self.conduits.all
        self.broadcast = Broadcast(self.state, self.identity, self.happen)
        self.whispers = Whispers(self.state, self.identity)
        self.faults: list[Fault] = []
        self.requests: list[tuple[str, str]] = []
        """Method and path of every call."""
        self.refused: list[tuple[str, str, int]] = []
        """Method, path and status of every call that was not answered with a success."""
        self.most_at_once = 0
        """The most API calls that were under way together."""
        self._at_once = 0
        self._app = web.Application(middlewares=[self._errors, self._limits, self._faults])
        rooms = (
            self.identity,
            self.helix,
            self.conduits,
            self.broadcast,
            self.whispers,
            Rewards(self.state, self.identity, self.settle),
            Subscribers(self.state, self.identity),
            AutoModQueue(self.state, self.identity, self.moderate),
        )
        self._app.add_routes([route for room in rooms for route in room.routes()])
        self._app.router.add_get("/ws", self.sessions.serve)
        self._app.on_shutdown.append(self._close_sockets)
        self._runner = web.AppRunner(self._app, shutdown_timeout=0.5, access_log=None)
        self._base = ""

    async def __aenter__(self) -> Self:
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self._base = site.name
        host, port = self._runner.addresses[0][:2]
        self._base = f"{host}:{port}"
        return self

    async def __aexit__(self, *_: object) -> None:
        self.sessions.welcoming.set()
        await self.conduits.close()
        await self._runner.cleanup()

    # pointing a relay at it

    @property
    def account(self) -> User:
        return self.state.account

    @property
    def channel(self) -> User:
        """The first channel."""
        return self.state.channels[0]

    @property
    def posts(self) -> list[Posted]:
        return self.state.posts

    @property
    def subscriptions(self) -> list[Subscription]:
        """Those that are enabled."""
        return [sub for sub in self.state.subscriptions.values() if sub.status == "enabled"]

    def listened_to(self) -> set[str]:
        """The logins of the channels in which anything is subscribed."""
        watched = {sub.watched for sub in self.subscriptions}
        return {user.login for user in self.state.users.values() if user.id in watched}

    def settings(self, **over: Any) -> dict[str, Any]:
        """What the section [twitch] has to say to reach this double."""
        fields = {
            "enabled": True,
            "client_id": CLIENT_ID,
            "channels": tuple(channel.login for channel in self.state.channels),
            "api_url": f"http://{self._base}/helix/",
            "auth_url": f"http://{self._base}/id/",
            "eventsub_url": self.eventsub_url,
        }
        return fields | over

    @property
    def port(self) -> int:
        return int(self._base.rpartition(":")[2])

    @property
    def eventsub_url(self) -> str:
        return f"ws://{self._base}/ws"

    def write_token(self, path: Path) -> Path:
        """Lay down the token file of a logged-in relay."""
        grant = self.state.grant
        path.write_text(json.dumps({"access_token": grant.access, "refresh_token": grant.refresh}), "utf-8")
        return path

    # what goes wrong

    def fail_next(self, path: str, status: int, times: int = 1, message: str = "something went wrong") -> None:
        """Answer the next calls of a path, such as `chat/messages`, with an error."""
        self.faults.append(Refuse(path, times, status=status, message=message))

    def expire_token(self) -> None:
        """The access token runs out; the refresh token still works."""
        self.state.grant.valid = False

    def withdraw_login(self) -> None:
        """Neither the access token nor the refresh token works any more, as after a changed password."""
        self.state.grant.valid = False
        self.state.grant.refresh = ""

    async def change_password(self) -> None:
        """By the owner of the account: every login ends, and Twitch tells of each subscription that ends with it."""
        self.withdraw_login()
        for type in {sub.type for sub in self.subscriptions}:
            await self.revoke(type)

    def subscribe_for_another(self, session: Session) -> None:
        """Another program of the same account has a subscription there."""
        condition = {"broadcaster_user_id": self.channel.id, "user_id": self.account.id}
        other = Subscription("channel.chat.clear", "1", condition, session.id)
        self.state.subscriptions[other.id] = other
        self.sessions.subscribed(other)

    def authorise(self, login: str, *scopes: str) -> None:
        """A streamer allows the application something, such as `channel:bot`."""
        self.state.issue(self.state.user(login), scopes)

    def log_in_again(self, account: str | None = None) -> None:
        """A person grants the same again, with this account; `write_token` lays it down."""
        self.state.account = self.state.user(account) if account else self.account
        self.state.grant = self.state.issue(self.account, self.state.grant.scopes)

    async def drop_socket(self) -> None:
        """Cut every EventSub connection without a word."""
        for session in self.sessions.current:
            if session.request.transport:
                session.request.transport.abort()
        await self.until(lambda: not self.sessions.current, "sockets to be gone")

    async def cut(self, session_id: str) -> None:
        """Cut one EventSub connection without a word."""
        session = self.sessions.get(session_id)
        if session is not None and session.request.transport is not None:
            session.request.transport.abort()
            await self.until(lambda: not session.open, "the socket to be gone")

    def forget_sessions(self) -> None:
        """Lose every session on Twitch's side while the connections stand."""
        for session in self.sessions.current:
            session.forgotten = True
            for sub in [sub for sub in self.subscriptions if sub.session_id == session.id]:
                sub.status = "websocket_network_error"

    async def close_socket(self, code: int) -> None:
        """Close every EventSub connection with one of Twitch's codes, 4000 to 4007."""
        for session in self.sessions.current:
            await session.socket.close(code=code)

    async def revoke(self, type: str, status: str = "authorization_revoked") -> None:
        """Take a subscription away; Twitch tells so once."""
        for sub in [sub for sub in self.subscriptions if sub.type == type]:
            sub.status = status
            carriers = self.conduits.sessions_of(sub.conduit_id)
            if session := carriers[0] if carriers else self.sessions.get(sub.session_id):
                await session.send(
                    "revocation",
                    {"subscription": sub.shown()},
                    subscription_type=sub.type,
                    subscription_version=sub.version,
                )
            elif sub.conduit_id:
                await self.conduits.revoked(sub)

    async def ask_to_reconnect(self) -> list[Session]:
        """Ask every socket to move; the sockets asked."""
        asked = self.sessions.current
        for session in asked:
            await self.sessions.ask_to_move(session, self.eventsub_url)
        return asked

    async def reconnect(self) -> None:
        """Ask every socket to move and wait until each has."""
        for session in await self.ask_to_reconnect():
            async with asyncio.timeout(PATIENCE):
                await session.moved.wait()

    # waiting

    async def until(self, condition: Any, what: str, timeout: float = PATIENCE) -> None:
        await self.state.changes.until(condition, lambda: what, timeout)

    async def wait_for_posts(self, count: int, timeout: float = PATIENCE) -> list[Posted]:
        """The posts, once there are `count`."""
        await self.until(lambda: len(self.posts) >= count, f"{count} posts, got {self.posts}", timeout)
        return self.posts

    async def wait_calls(
        self, path: str, count: int, *, method: str | None = None, from_now: bool = False, timeout: float = PATIENCE
    ) -> None:
        """Until a path was called `count` times, altogether or from now on."""
        start = len(self.requests) if from_now else 0

        def calls() -> int:
            return sum(
                each_path.endswith(path) and method in (None, each_method)
                for each_method, each_path in self.requests[start:]
            )

        await self.state.changes.until(
            lambda: calls() >= count, lambda: f"{calls()} of {count} calls of {path}", timeout
        )

    async def wait_subscribed(self, *types: str, timeout: float = PATIENCE) -> None:
        """Until these types, by default all the token allows, are subscribed in every channel on an open socket."""
        await self.state.changes.until(
            lambda: not any(self._missing(types)), lambda: f"not subscribed: {list(self._missing(types))}", timeout
        )

    def _missing(self, types: Sequence[str]) -> Iterator[str]:
        """One after the other, as mostly the first one decides."""
        there = {(sub.type, sub.watched) for sub in self.subscriptions if self._is_carried(sub)}
        for type in types or TYPES.keys() - RARELY_WANTED:
            for channel in self.state.channels:
                if (type, channel.id) not in there and (types or self._allowed(type, channel)):
                    yield type

    def _is_carried(self, sub: Subscription) -> bool:
        return bool(self.conduits.serving(sub.conduit_id)) or self.sessions.is_open(sub.session_id)

    def _allowed(self, type: str, channel: User) -> bool:
        if not may_read(TYPES[type].scope, self.state.grant.scopes):
            return False
        wanted = Subscription(type, "", {"broadcaster_user_id": channel.id}, "")
        if self.helix.cost(wanted) and self.helix.total_cost() >= MAX_TOTAL_COST:
            return False
        return self.helix.has_rank(self.account, wanted, TYPES[type].rank)

    async def _echo(self, posted: Posted) -> None:
        channel = self.state.user(posted.channel)
        badges = ["broadcaster"] if channel == self.account else []
        if (channel.login, self.account.login) in self.state.moderators:
            badges = ["moderator"]
        await self.chat(posted.text, self.account.login, posted.channel, badges, id=posted.id, reply_to=posted.reply_to)

    async def _close_sockets(self, _: web.Application) -> None:
        for session in self.sessions.current:
            await session.socket.close(code=4000)

    @web.middleware
    async def _errors(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        self.requests.append((request.method, request.path))
        self.state.changes.happened()
        try:
            return await handler(request)
        except TwitchError as error:
            return error.answer()

    @web.middleware
    async def _faults(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        for fault in self.faults:
            if fault.concerns(request):
                fault.times -= 1
                return await fault.strike(request, handler)
        return await handler(request)

    @web.middleware
    async def _limits(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        if not request.path.startswith("/helix/"):
            return await handler(request)
        self._at_once += 1
        self.most_at_once = max(self.most_at_once, self._at_once)
        try:
            response = await self._answered(request, handler)
        finally:
            self._at_once -= 1
        if response.status >= 400:
            self.refused.append((request.method, request.path, response.status))
        for name, value in self.helix.limits(request).items():
            response.headers.setdefault(name, value)  # a fault may have its own
        return response

    async def _answered(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            if not self.helix.spend(request):
                raise TwitchError(429, "Too Many Requests")
            return await handler(request)
        except TwitchError as error:
            return error.answer()
