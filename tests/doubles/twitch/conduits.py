"""Conduits: subscriptions that outlive connections, and shards that carry their events.

The guide: https://dev.twitch.tv/docs/eventsub/handling-conduit-events/
The calls: https://dev.twitch.tv/docs/api/reference/conduits/
What they document in the body is taken from the query as well, where TwitchIO puts it.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from tests.doubles.twitch.eventsub import Session, Sessions
from tests.doubles.twitch.helix import DISABLED
from tests.doubles.twitch.identity import Identity
from tests.doubles.twitch.state import State, Subscription, TwitchError, number, timestamp
from tests.doubles.twitch.webhooks import Webhooks, refusal

MAX_CONDUITS = 5
"""Of one application: https://dev.twitch.tv/docs/api/reference/conduits/#create-conduits"""
MAX_SHARDS = 20_000
PAGE = 100
OUT_OF_RANGE = "The shard id is outside the conduit's range"


@dataclass
class Shard:
    id: str
    session_id: str = ""
    callback: str = ""
    secret: str = ""
    status: str = "enabled"
    connected_at: str = field(default_factory=timestamp)
    disconnected_at: str | None = None

    @property
    def method(self) -> str:
        return "webhook" if self.callback else "websocket"

    @property
    def is_listed(self) -> bool:
        """Whether a transport was ever assigned."""
        return bool(self.session_id or self.callback)

    def shown(self) -> dict[str, Any]:
        times = {"connected_at": self.connected_at} | (
            {"disconnected_at": self.disconnected_at} if self.disconnected_at else {}
        )
        where = {"callback": self.callback} if self.callback else {"session_id": self.session_id, **times}
        transport = {"method": self.method, **where}
        return {"id": self.id, "status": self.status, "transport": transport}


@dataclass
class Conduit:
    shards: list[Shard]
    id: str = field(default_factory=lambda: f"conduit-{number()}")
    turn: int = 0
    """Whose turn it is to carry an event."""

    def shown(self) -> dict[str, Any]:
        return {"id": self.id, "shard_count": len(self.shards)}


class Conduits:
    """Those of one application. `tell` sends an event of which no channel is the place."""

    def __init__(
        self, state: State, identity: Identity, sessions: Sessions, tell: Callable[[Subscription, Any], Awaitable[None]]
    ) -> None:
        self._state = state
        self._identity = identity
        self._sessions = sessions
        self._tell = tell
        self.webhooks = Webhooks()
        self._verifying: set[asyncio.Task[None]] = set()
        self.all: dict[str, Conduit] = {}
        self.lost: list[dict[str, Any]] = []
        """Events that no shard took: one is tried, and then one other."""
        self.is_unsure = False
        """Twitch takes a delivery for failed that has arrived, and delivers it to another shard as well."""
        sessions.ended.append(self._note_end)
        sessions.moved.append(self._note_move)

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/helix/eventsub/conduits", self.list_all),
            web.post("/helix/eventsub/conduits", self.create),
            web.patch("/helix/eventsub/conduits", self.update),
            web.delete("/helix/eventsub/conduits", self.delete),
            web.get("/helix/eventsub/conduits/shards", self.list_shards),
            web.patch("/helix/eventsub/conduits/shards", self.assign),
        ]

    def sessions_of(self, conduit_id: str) -> list[Session]:
        """Those that are enabled on its shards, in their order."""
        shards = self.all[conduit_id].shards if conduit_id in self.all else []
        found = [self._sessions.get(shard.session_id) for shard in shards if self._is_up(shard)]
        return [session for session in found if session is not None]

    def serving(self, conduit_id: str) -> list[str]:
        """By which method each of its shards is served, in their order, of those that are."""
        shards = self.all[conduit_id].shards if conduit_id in self.all else []
        return [shard.method for shard in shards if self._is_up(shard)]

    async def revoked(self, sub: Subscription) -> None:
        """Tell a webhook."""
        for shard in [shard for shard in self.all[sub.conduit_id].shards if self._is_up(shard) and shard.callback][:1]:
            about = {"subscription_type": sub.type, "subscription_version": sub.version}
            body = {"subscription": sub.shown()}
            await self.webhooks.send(shard.callback, shard.secret, "revocation", body, **about)

    async def close(self) -> None:
        """Stop what is under way."""
        for task in self._verifying:
            task.cancel()
        await asyncio.gather(*self._verifying, return_exceptions=True)

    async def deliver(
        self, subscription: Subscription, payload: dict[str, Any], id: str | None, **metadata: str
    ) -> None:
        """To the shard whose turn it is; if that does not get it, to one other."""
        conduit = self.all[subscription.conduit_id]
        first, count = conduit.turn, len(conduit.shards)
        conduit.turn = (first + 1) % count
        id, has_arrived = id or f"message-{number()}", False
        for shard in [conduit.shards[first], conduit.shards[(first + 1) % count]][: min(count, 2)]:
            has_arrived |= self._is_up(shard) and await self._send(shard, payload, id, metadata)
            if has_arrived and not self.is_unsure:
                return
        if not has_arrived:
            self.lost.append(payload["event"])

    async def _send(self, shard: Shard, payload: dict[str, Any], id: str, metadata: dict[str, str]) -> bool:
        if shard.callback:
            return await self.webhooks.send(shard.callback, shard.secret, "notification", payload, id, **metadata)
        session = self._sessions.get(shard.session_id)
        return session is not None and await session.send("notification", payload, id, **metadata)

    def _is_up(self, shard: Shard) -> bool:
        is_there = bool(shard.callback) or self._sessions.is_open(shard.session_id)
        return shard.status == "enabled" and is_there

    async def list_all(self, request: web.Request) -> web.Response:
        self._identity.application(request)
        return web.json_response({"data": [conduit.shown() for conduit in self.all.values()]})

    async def create(self, request: web.Request) -> web.Response:
        self._identity.application(request)
        count = self._shard_count(await _parameters(request))
        if len(self.all) >= MAX_CONDUITS:
            raise TwitchError(429, "Conduit limit reached")
        return self._answer(self.make(count))

    def make(self, shard_count: int) -> Conduit:
        """Another one."""
        conduit = Conduit([Shard(str(place)) for place in range(shard_count)])
        self.all[conduit.id] = conduit
        return conduit

    async def update(self, request: web.Request) -> web.Response:
        self._identity.application(request)
        asked = await _parameters(request)
        conduit, count = self._known(asked.get("id")), self._shard_count(asked)
        conduit.shards = [*conduit.shards, *(Shard(str(place)) for place in range(len(conduit.shards), count))][:count]
        conduit.turn = 0
        return self._answer(conduit)

    async def delete(self, request: web.Request) -> web.Response:
        self._identity.application(request)
        conduit = self._known(request.query.get("id"))
        self.drop(conduit.id)
        return web.Response(status=204)

    def drop(self, conduit_id: str) -> None:
        """As Twitch does with one whose shards were all disabled for 72 hours."""
        del self.all[conduit_id]
        gone = [sub.id for sub in self._state.subscriptions.values() if sub.conduit_id == conduit_id]
        for id in gone:
            del self._state.subscriptions[id]
        self._state.changes.happened()

    async def list_shards(self, request: web.Request) -> web.Response:
        self._identity.application(request)
        conduit, status = self._known(request.query.get("conduit_id")), request.query.get("status")
        found = [shard.shown() for shard in conduit.shards if shard.is_listed and status in (None, shard.status)]
        start = int(request.query.get("after", 0))
        page = {"cursor": str(start + PAGE)} if len(found) > start + PAGE else {}
        return web.json_response({"data": found[start : start + PAGE], "pagination": page})

    async def assign(self, request: web.Request) -> web.Response:
        """Shards get their transports, each of them or not: the answer is 202 either way."""
        self._identity.application(request)
        body = await _parameters(request)
        conduit = self._known(body.get("conduit_id"))
        done, errors = [], []
        for asked in body["shards"]:
            place, session_id = int(asked["id"]), asked["transport"].get("session_id", "")
            if place >= len(conduit.shards):
                errors.append({"id": asked["id"], "message": OUT_OF_RANGE, "code": "invalid_parameter"})
            elif asked["transport"].get("method") == "webhook":
                if why := refusal(asked["transport"]):
                    errors.append({"id": asked["id"], "message": why, "code": "invalid_parameter"})
                else:
                    done.append(self._assign_callback(conduit, asked["id"], asked["transport"]))
            elif not self._sessions.is_open(session_id):
                message = "The websocket session does not exist or has disconnected"
                errors.append({"id": asked["id"], "message": message, "code": "invalid_parameter"})
            else:
                conduit.shards[place] = Shard(asked["id"], session_id)
                self._sessions.use(session_id)
                done.append(conduit.shards[place].shown())
        self._state.changes.happened()
        return web.json_response({"data": done, "errors": errors}, status=202)

    def _assign_callback(self, conduit: Conduit, id: str, transport: dict[str, Any]) -> dict[str, Any]:
        """The owner has to answer a challenge before it is enabled."""
        pending = "webhook_callback_verification_pending"
        shard = Shard(id, callback=transport["callback"], secret=transport["secret"], status=pending)
        conduit.shards[int(id)] = shard
        verifying = asyncio.create_task(self._verify(conduit, shard))
        self._verifying.add(verifying)
        verifying.add_done_callback(self._verifying.discard)
        return shard.shown()

    async def _verify(self, conduit: Conduit, shard: Shard) -> None:
        body = {"conduit_id": conduit.id, "shard": shard.shown()}
        is_owner = await self.webhooks.verify(shard.callback, shard.secret, body)
        shard.status = "enabled" if is_owner else "webhook_callback_verification_failed"
        self._state.changes.happened()

    def _known(self, id: str | None) -> Conduit:
        if id not in self.all:
            raise TwitchError(404, "Conduit not found")
        return self.all[id]

    def _shard_count(self, asked: dict[str, Any]) -> int:
        count = int(asked.get("shard_count", 0))
        if not 1 <= count <= MAX_SHARDS:
            raise TwitchError(400, "The shard_count must be between 1 and 20000")
        return count

    def _answer(self, conduit: Conduit) -> web.Response:
        self._state.changes.happened()
        return web.json_response({"data": [conduit.shown()]})

    async def _note_end(self, session: Session) -> None:
        for conduit in self.all.values():
            for shard in conduit.shards:
                if shard.session_id == session.id and shard.status == "enabled":
                    await self.disable(conduit, shard)

    async def disable(self, conduit: Conduit, shard: Shard, status: str = "websocket_disconnected") -> None:
        """Twitch gives a shard up and tells whoever asked to be told."""
        shard.status, shard.disconnected_at = status, timestamp()
        event = {"conduit_id": conduit.id, "shard_id": shard.id, "status": status, **shard.shown()}
        del event["id"]
        for sub in [
            sub for sub in self._state.subscriptions.values() if sub.type == DISABLED and sub.status == "enabled"
        ]:
            if sub.condition.get("conduit_id") in (None, conduit.id):
                await self._tell(sub, event)

    async def _note_move(self, old: Session, new: Session) -> None:
        for conduit in self.all.values():
            for shard in conduit.shards:
                if shard.session_id == old.id:
                    shard.session_id = new.id
                    self._sessions.use(new.id)


async def _parameters(request: web.Request) -> dict[str, Any]:
    """Of the body, or of the query."""
    body = await request.json() if request.can_read_body else {}
    return {**request.query, **body}
