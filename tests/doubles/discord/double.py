"""The whole local Discord, with a script for what its people do."""

from typing import Any, Self

from aiohttp import web

from tests.doubles.discord import certificate
from tests.doubles.discord.answers import Refused, error
from tests.doubles.discord.clock import timestamp
from tests.doubles.discord.faults import Fault, Handler, Refuse
from tests.doubles.discord.gateway import Gateway
from tests.doubles.discord.interactions import Interaction, Interactions, Response
from tests.doubles.discord.rest import Posted, Rest
from tests.doubles.discord.server_events import ServerEvents
from tests.doubles.discord.sessions import GUILD_MEMBERS, GUILD_MESSAGES, GUILD_MODERATION
from tests.doubles.discord.signal import Signal
from tests.doubles.discord.voice import Voice
from tests.doubles.discord.voice_person import VoicePerson
from tests.doubles.discord.world import FORUM, PUBLIC_THREAD, STAGE, TEXT, VOICE, Json, Person, World
from tests.support import PATIENCE

TOKEN = "token-of-the-double"


class DiscordDouble:
    """`async with DiscordDouble() as discord:` serves a guild with the channels `channel` and `unlisted`."""

    def __init__(self) -> None:
        self.world = World()
        self.clock = self.world.clock
        self.signal = Signal()
        self.gateway = Gateway(self.world, TOKEN, self.signal)
        self.rest = Rest(self.world, self.signal, self._publish)
        self.interactions = Interactions(self.world, self.signal)
        self.voice = Voice(self.world, self.gateway.dispatch, self.signal)
        self._calls: dict[str, Voice] = {}
        """By guild, of those that have one of their own."""
        self.server = ServerEvents(self.world, self.gateway)
        self.gateway.change_voice_state = self._change_voice_state
        self.channel = self.world.add_channel("general").id
        """The text channel the relay listens to."""
        self.unlisted = self.world.add_channel("offtopic").id
        self.lounge = self.world.add_channel("lounge", VOICE).id
        """A voice channel."""
        self.requests: list[str] = []
        """Each request as `METHOD path`."""
        self._faults: list[Fault] = []
        self._runner = web.AppRunner(self._application(), shutdown_timeout=0.5)
        self._port = 0

    def _application(self) -> web.Application:
        application = web.Application(middlewares=[self._serve])
        application.add_routes(
            [
                *self.rest.routes(), *self.interactions.routes(), *self.voice.routes(), *self.gateway.routes(),
                web.get("/", self._socket),
            ]
        )  # fmt: skip
        return application

    async def _socket(self, request: web.Request) -> web.WebSocketResponse:
        """The main gateway and the voice gateway differ by name only."""
        host = request.host.split(":")[0]
        voice = next((each.sockets for each in (self.voice, *self._calls.values()) if each.host == host), None)
        return await (voice or self.gateway).handle(request)

    async def _change_voice_state(self, session: str, data: Json) -> None:
        await self._calls.get(str(data["guild_id"]), self.voice).request(session, data)

    async def __aenter__(self) -> Self:
        await self._runner.setup()
        self.voice.start()
        site = web.TCPSite(self._runner, "127.0.0.1", 0, ssl_context=certificate.server_context())
        await site.start()
        self._port = self._runner.addresses[0][1]
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.gateway.stop()
        for each in (self.voice, *self._calls.values()):
            await each.stop()
        await self._runner.cleanup()
        if self.gateway.failures:
            raise BaseExceptionGroup("the local Discord failed", self.gateway.failures)

    @property
    def port(self) -> int:
        return self._port

    def settings(self, **over: Any) -> dict[str, Any]:
        """The values of the settings that lead a client here."""
        return {
            "enabled": True, "token": TOKEN, "channels": (int(self.channel),),
            "connect_to": f"127.0.0.1:{self._port}", "ca_file": certificate.authority(),
        } | over  # fmt: skip

    @web.middleware
    async def _serve(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        self.requests.append(f"{request.method} {request.path}")
        self.signal.notify()
        answer = self._unauthorized(request) or await self._handle(request, handler)
        if not answer.prepared:
            answer.headers["Date"] = self.clock.date()
        return answer

    async def _handle(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        asked = f"{request.method} {request.path}"
        fault = next((fault for fault in self._faults if fault.times > 0 and fault.path in asked), None)
        try:
            if fault is None:
                return await handler(request)
            fault.times -= 1
            return await fault.apply(request, handler)
        except Refused as refused:
            return refused.answer
        except (web.HTTPException, ConnectionError):
            raise
        except Exception as failure:
            self.gateway.failures.append(failure)
            raise

    def _unauthorized(self, request: web.Request) -> web.Response | None:
        carries_its_own = ("/api/v10/interactions/", "/api/v10/webhooks/")
        if request.path == "/" or request.path.startswith(carries_its_own):
            return None
        right = request.headers.get("Authorization") == f"Bot {TOKEN}" and not self.gateway.revoked
        return None if right else error(401, 0, "401: Unauthorized")

    # What people do

    def person(self, name: str, **traits: Any) -> Person:
        """The person of that name; traits: nick, bot, moderator, booster. `owner` owns the guild."""
        return self.world.person(name, **traits)

    async def say(
        self,
        text: str,
        author: str = "ann",
        channel: str | int | None = None,
        id: str | None = None,
        mention_bot: bool = False,
        reply_to: str | None = None,
        **more: Any,
    ) -> str:
        """Someone writes a message; its id. `more` replaces fields of the payload."""
        if mention_bot:
            text = f"<@{self.world.bot.id}> {text}"
        if reply_to is not None:
            original = self.world.messages.get(reply_to)
            home = self.world.channels[str(channel or self.channel)]
            reference = {"message_id": reply_to, "channel_id": home.id, "guild_id": home.guild}
            more = {"type": 19, "message_reference": reference, "referenced_message": original} | more
        message = self.world.add_message(self.person(author), str(channel or self.channel), text, id, **more)
        await self._publish("MESSAGE_CREATE", message)
        return str(message["id"])

    async def edit(self, id: str, text: str) -> None:
        message = self.world.messages[id]
        message |= {"content": text, "edited_timestamp": timestamp(self.clock.now())}
        await self._publish("MESSAGE_UPDATE", message)

    async def unfurl(self, id: str) -> None:
        """Discord itself updates a message to add a link's preview."""
        message = self.world.messages[id]
        message["embeds"] = [{"type": "link", "url": "https://example.com"}]
        await self._publish("MESSAGE_UPDATE", message)

    async def delete(self, *ids: str) -> None:
        """One message, or several at once as a moderator's purge does."""
        channel = self.world.messages[ids[0]]["channel_id"]
        for id in ids:
            self.world.messages.pop(id)
        if len(ids) == 1:
            await self._publish("MESSAGE_DELETE", {"channel_id": channel, "id": ids[0]})
        else:
            await self._publish("MESSAGE_DELETE_BULK", {"channel_id": channel, "ids": list(ids)})

    async def ban(self, name: str, guild: str | None = None) -> None:
        event = {"guild_id": guild or self.world.guild_id, "user": self.person(name).user()}
        await self.gateway.dispatch("GUILD_BAN_ADD", event, GUILD_MODERATION)

    async def time_out(self, name: str, seconds: float = 60.0) -> None:
        person = self.person(name, timed_out_until=self.clock.now() + seconds)
        event = self.world.full_member(person) | {"guild_id": self.world.guild_id}
        await self.gateway.dispatch("GUILD_MEMBER_UPDATE", event, GUILD_MEMBERS)

    async def open_thread(self, name: str = "thread", parent: str | None = None) -> str:
        thread = self.world.add_channel(name, PUBLIC_THREAD, parent or self.channel)
        event = self.world.channel(thread) | {"newly_created": True}
        await self.gateway.dispatch("THREAD_CREATE", event, intent=1)
        return thread.id

    async def post_in_forum(self, forum: str, title: str, text: str, author: str = "ann", **more: Any) -> str:
        """Someone opens a post; its id, which its first message has too. Threads, "Forums"."""
        thread = await self.open_thread(title, forum)
        return await self.say(text, author, thread, id=thread, **more)

    async def delete_channel(self, id: str) -> None:
        """Also a thread."""
        channel = self.world.channels.pop(id)
        event = "CHANNEL_DELETE" if channel.type == TEXT else "THREAD_DELETE"
        await self.gateway.dispatch(event, self.world.channel(channel), intent=1)

    def open_server(self, name: str = "general", shard: int = 0, of: int = 1) -> str:
        """Another server, which this shard of so many is told of, with a text channel: its id. To be called first."""
        return self.world.add_channel(name, guild=self.world.add_guild(shard, of)).id

    def open_forum(self, name: str = "ideas") -> str:
        """A channel of posts; to be called before a client connects."""
        return self.world.add_channel(name, FORUM).id

    def open_voice_channel(self, name: str = "lobby", stage: bool = False) -> str:
        """Another one; to be called before a client connects."""
        return self.world.add_channel(name, STAGE if stage else VOICE).id

    def open_call(self, room: str) -> tuple[str, Voice]:
        """A voice channel on the server of that channel, and its calls, in which the bot is besides all others.

        To be called before a client connects.
        """
        guild = self.world.channels[room].guild
        call = self._calls[guild] = Voice(self.world, self.gateway.dispatch, self.signal, guild)
        call.start()
        return self.world.add_channel("lounge", VOICE, guild=guild).id, call

    async def enter(self, name: str, channel: str | None = None) -> VoicePerson:
        """Someone joins a voice channel (the lounge, unless another is named), or moves there."""
        channel = channel or self.lounge
        call = self._calls.get(self.world.channels[channel].guild, self.voice)
        return await call.enter(self.person(name), channel)

    async def leave(self, name: str) -> None:
        """Someone leaves voice."""
        await self.voice.leave(self.person(name))

    async def ask(
        self, question: str, author: str = "ann", channel: str | None = None, resolved: Json | None = None
    ) -> Response:
        """Someone uses `/ask`; what they see. `resolved` is what Discord tells of whom it mentions."""
        used = self.interactions.use(["ask"], self.person(author), channel or self.channel, 0, question=question)
        if resolved is not None:
            used.payload["data"]["resolved"] = resolved
        return await self._answer(used, "/ask")

    async def command(
        self, words: str, author: str = "ann", permissions: int = 0, channel: str | None = None, **options: Any
    ) -> Response:
        """Someone uses a command such as `relay status` holding these permissions; what they see."""
        return await self._use(words.split(), author, channel, permissions, **options)

    async def press(self, button: str, author: str = "ann", permissions: int = 0) -> Response:
        """Someone presses a button, known by its custom id; what becomes of the message it belongs to."""
        used = self.interactions.press(button, self.person(author), self.channel, permissions)
        return await self._answer(used, f"the button {button}")

    async def type_into(
        self, words: str, option: str, typed: str, author: str = "ann", permissions: int = 0
    ) -> list[tuple[str, str]]:
        """Someone types into an option; what is offered to them, as (shown, sent)."""
        person = self.person(author)
        used = self.interactions.type_into(words.split(), option, typed, person, self.channel, permissions)
        return (await self._answer(used, f"what completes {typed}")).choices

    async def _use(
        self, words: list[str], author: str, channel: str | None, permissions: int, **options: Any
    ) -> Response:
        used = self.interactions.use(words, self.person(author), channel or self.channel, permissions, **options)
        return await self._answer(used, f"/{' '.join(words)}")

    async def _answer(self, used: Interaction, what: str) -> Response:
        await self.gateway.dispatch("INTERACTION_CREATE", used.payload)
        await self.signal.wait_until(lambda: _complete(used), f"an answer to {what}")
        return used.response

    async def _publish(self, event: str, data: Json) -> None:
        if data["channel_id"] not in self.world.hidden:
            await self.gateway.dispatch(event, self.world.as_event(data), GUILD_MESSAGES)

    # What the relay did

    @property
    def posts(self) -> list[Posted]:
        """What the bot wrote into channels, oldest first."""
        return self.rest.posts

    async def wait_for_posts(self, n: int, timeout: float = PATIENCE) -> list[Posted]:
        await self.signal.wait_until(lambda: len(self.posts) >= n, f"{n} posts", timeout)
        return self.posts

    async def wait_ready(self, timeout: float = PATIENCE) -> None:
        """Until a client is connected and has been told of its guilds, or has resumed."""
        await self.signal.wait_until(lambda: bool(self.gateway.live), "a client on the gateway", timeout)

    async def wait_shards(self, n: int) -> None:
        """Until so many shards are."""
        await self.signal.wait_until(lambda: len(self.gateway.live) >= n, f"{n} shards on the gateway")

    # What goes wrong

    async def drop_socket(self, forget: bool = False, shard: int | None = None) -> None:
        """Cut the gateway's line; with `forget`, the session cannot be resumed."""
        self.gateway.drop(forget, shard)

    async def request_reconnect(self, shard: int | None = None) -> None:
        await self.gateway.request_reconnect(shard)

    async def invalidate_session(self, resumable: bool = False, shard: int | None = None) -> None:
        await self.gateway.invalidate(resumable, shard)

    def fail(self, fault: Fault) -> None:
        """Let a fault happen to the next requests it fits."""
        self._faults.append(fault)

    def fail_next(self, path: str, status: int, times: int = 1, retry_after: float = 0.1) -> Refuse:
        """Refuse the next requests that `path` fits; see Fault."""
        fault = Refuse(path, status, times, retry_after=retry_after)
        self.fail(fault)
        return fault


def _complete(interaction: Interaction) -> bool:
    return interaction.answered and not interaction.response.deferred
