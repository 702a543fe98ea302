"""The REST side: login, channels, messages, typing."""

import time
from collections import defaultdict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from itertools import islice

from aiohttp import web

from tests.doubles.discord.answers import Refused, answer, nothing, too_many
from tests.doubles.discord.signal import Signal
from tests.doubles.discord.world import READ_HISTORY, Channel, Json, World

Publish = Callable[[str, Json], Awaitable[None]]
"""Tells the gateway's sessions of something in a channel."""

TEXT_LIMIT, NONCE_LIMIT = 2_000, 25


@dataclass
class Posted:
    """A message the bot wrote."""

    id: str
    channel: str
    text: str
    reference: str | None
    """The id of the message it replies to."""
    nonce: str | None
    allowed_mentions: Json | None
    edits: list[str] = field(default_factory=list)
    deleted: bool = False


@dataclass
class Rate:
    """How many posts one channel takes in a window of `per` seconds."""

    limit: int = 1_000
    per: float = 1.0
    _since: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    _used: dict[str, int] = field(default_factory=lambda: defaultdict(int))

    def take(self, channel: str) -> dict[str, str] | float:
        """The headers of the answer, or the seconds to wait."""
        now = time.monotonic()
        if now - self._since[channel] >= self.per:
            self._since[channel], self._used[channel] = now, 0
        left = self._since[channel] + self.per - now
        if self._used[channel] >= self.limit:
            return left
        self._used[channel] += 1
        return {
            "X-RateLimit-Limit": str(self.limit), "X-RateLimit-Remaining": str(self.limit - self._used[channel]),
            "X-RateLimit-Reset-After": f"{left:.3f}", "X-RateLimit-Reset": f"{time.time() + left:.3f}",
            "X-RateLimit-Bucket": "messages",
        }  # fmt: skip


class Rest:
    def __init__(self, world: World, signal: Signal, publish: Publish) -> None:
        self._world = world
        self._signal = signal
        self._publish = publish
        self.posts: list[Posted] = []
        self.typing: list[str] = []
        """The channels in which the bot showed that it writes."""
        self.reactions: list[tuple[str, str]] = []
        """The message and the emoji of each."""
        self.pins: list[str] = []
        self.rate = Rate()
        self.forbidden: set[str] = set()
        """Channels the bot may see but not write to."""

    def routes(self) -> list[web.RouteDef]:
        channel = "/api/v10/channels/{channel}"
        return [
            web.get("/api/v10/users/@me", self._me),
            web.get("/api/v10/applications/@me", self._application),
            web.get("/api/v10/oauth2/applications/@me", self._application),
            web.get(channel, self._get_channel),
            web.get("/api/v10/users/@me/guilds", self._guilds),
            web.get("/api/v10/guilds/{guild}", self._guild),
            web.get("/api/v10/guilds/{guild}/channels", self._guild_channels),
            web.get("/api/v10/guilds/{guild}/members/{user}", self._get_member),
            web.get(channel + "/messages", self._history),
            web.post(channel + "/messages", self._post),
            web.patch(channel + "/messages/{message}", self._edit),
            web.delete(channel + "/messages/{message}", self._delete),
            web.post(channel + "/typing", self._type),
            web.put(channel + "/messages/{message}/reactions/{emoji}/@me", self._react),
            web.put(channel + "/messages/pins/{message}", self._pin),
        ]

    async def _react(self, request: web.Request) -> web.Response:
        self.reactions.append((self._known(request), request.match_info["emoji"]))
        return web.Response(status=204)

    async def _pin(self, request: web.Request) -> web.Response:
        self.pins.append(self._known(request))
        return web.Response(status=204)

    def _known(self, request: web.Request) -> str:
        """The id of the message that is meant."""
        self._writable(request)
        message = request.match_info["message"]
        if message not in self._world.messages:
            raise Refused(404, 10008, "Unknown Message")
        return message

    async def _me(self, request: web.Request) -> web.Response:
        return answer(self._world.bot.user())

    async def _application(self, request: web.Request) -> web.Response:
        return answer(self._world.application())

    async def _get_channel(self, request: web.Request) -> web.Response:
        return answer(self._world.channel(self._channel(request)))

    async def _guilds(self, request: web.Request) -> web.Response:
        """Pages of it are asked for by the newest id that is known."""
        known, guilds = int(request.query.get("after", 0)), sorted(self._world.guilds, key=int)
        new = [self._world.guild(id, []) for id in guilds if int(id) > known and self._world.is_invited]
        about = ("id", "name", "features")
        return answer([{key: guild[key] for key in about} | {"icon": None, "owner": False} for guild in new])

    async def _guild(self, request: web.Request) -> web.Response:
        sent_to_sessions = ("channels", "threads", "members", "presences", "voice_states", "member_count", "large")
        guild = self._world.guild(request.match_info["guild"], [])
        return answer({key: value for key, value in guild.items() if key not in sent_to_sessions})

    async def _guild_channels(self, request: web.Request) -> web.Response:
        return answer(self._world.guild(request.match_info["guild"], [])["channels"])

    async def _get_member(self, request: web.Request) -> web.Response:
        everybody = (*self._world.people.values(), self._world.bot)
        person = next((p for p in everybody if p.id == request.match_info["user"]), None)
        if person is None:
            raise Refused(404, 10007, "Unknown Member")
        return answer(self._world.full_member(person))

    async def _history(self, request: web.Request) -> web.Response:
        after, limit = int(request.query.get("after", 0)), int(request.query.get("limit", 50))
        if not 1 <= limit <= 100:
            raise Refused(400, 50035, "Invalid Form Body")
        channel = self._channel(request)
        if not self._world.bot_may(READ_HISTORY):
            return answer([])
        found = [message for message in self._world.history(channel.id) if int(message["id"]) > after]
        return answer(found[-limit:] if after else list(islice(found, limit)))

    async def _post(self, request: web.Request) -> web.Response:
        channel = self._writable(request)
        headers = self.rate.take(channel.id)
        if isinstance(headers, float):
            return too_many(headers)
        body = await request.json()
        self._check(body)
        if (again := self._with_nonce(channel.id, body)) is not None:
            return answer(again, headers=headers)
        reference = self._reference(body)
        more: Json = {"nonce": body.get("nonce")}
        if reference is not None:
            more |= {"type": 19, "message_reference": {"message_id": reference, "channel_id": channel.id}}
        message = self._world.add_message(self._world.bot, channel.id, body["content"], **more)
        self.posts.append(
            Posted(
                message["id"], channel.id, body["content"], reference, body.get("nonce"), body.get("allowed_mentions")
            )
        )
        self._signal.notify()
        await self._publish("MESSAGE_CREATE", message)
        return answer(message, headers=headers)

    def _check(self, body: Json) -> None:
        if not body.get("content"):
            raise Refused(400, 50006, "Cannot send an empty message")
        if len(body["content"]) > TEXT_LIMIT or len(str(body.get("nonce") or "")) > NONCE_LIMIT:
            raise Refused(400, 50035, "Invalid Form Body")

    def _with_nonce(self, channel: str, body: Json) -> Json | None:
        """The message an earlier try with this nonce created; only where the sender asked for that."""
        if not body.get("enforce_nonce"):
            return None
        earlier = (post for post in self.posts if (post.channel, post.nonce) == (channel, body["nonce"]))
        return next((self._world.messages[post.id] for post in earlier), None)

    def _reference(self, body: Json) -> str | None:
        reference = body.get("message_reference")
        if reference is None:
            return None
        wanted = str(reference["message_id"])
        if wanted in self._world.messages:
            return wanted
        if reference.get("fail_if_not_exists", True):
            raise Refused(400, 50035, "Invalid Form Body: message_reference: Unknown message")
        return None

    async def _edit(self, request: web.Request) -> web.Response:
        self._writable(request)
        post, body = self._own(request), await request.json()
        self._check(body)
        post.edits.append(body["content"])
        message = self._world.messages[post.id]
        message["content"] = body["content"]
        self._signal.notify()
        await self._publish("MESSAGE_UPDATE", message)
        return answer(message)

    async def _delete(self, request: web.Request) -> web.Response:
        post = self._own(request)
        post.deleted = True
        self._world.messages.pop(post.id)
        self._signal.notify()
        await self._publish("MESSAGE_DELETE", {"id": post.id, "channel_id": post.channel})
        return nothing()

    async def _type(self, request: web.Request) -> web.Response:
        self.typing.append(self._writable(request).id)
        self._signal.notify()
        return nothing()

    def _own(self, request: web.Request) -> Posted:
        wanted = request.match_info["message"]
        post = next((post for post in self.posts if post.id == wanted and not post.deleted), None)
        if post is None:
            raise Refused(404, 10008, "Unknown Message")
        return post

    def _channel(self, request: web.Request) -> Channel:
        channel = self._world.channels.get(request.match_info["channel"])
        if channel is None:
            raise Refused(404, 10003, "Unknown Channel")
        if channel.id in self._world.hidden:
            raise Refused(403, 50001, "Missing Access")
        return channel

    def _writable(self, request: web.Request) -> Channel:
        channel = self._channel(request)
        if channel.id in self.forbidden:
            raise Refused(403, 50013, "Missing Permissions")
        return channel
