"""A SignalR client as bare as it gets, so that tests see every frame, and brains that do as they are told."""

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from itertools import islice
from typing import Any

import aiohttp

from relay.companion.brains.base import BrainError, ChatView, ChosenAction
from relay.companion.scenario.model import Action
from relay.companion.state.chat import MessageRole
from tests.support import PATIENCE

Json = dict[str, Any]
REFUSALS = {"error", "chatSessionError", "authenticationRequired"}


class RawClient:
    """Keeps all frames it received, in order; `expect` reads on from where the last one left off."""

    def __init__(self, http: aiohttp.ClientSession, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.http = http
        """With the cookies of the negotiation."""
        self.socket = socket
        self.frames: list[Json] = []
        self.session_id = ""
        self.chat_id = ""
        self._at = 0
        self._calls = 0
        self._news = asyncio.Condition()
        self.ended = asyncio.Event()

    async def read(self) -> None:
        rest = ""
        async for message in self.socket:
            *records, rest = (rest + message.data).split("\x1e")
            self.frames += [json.loads(record) for record in records]
            async with self._news:
                self._news.notify_all()
        self.ended.set()

    async def send_frame(self, frame: Any) -> None:
        await self.socket.send_str(json.dumps(frame) + "\x1e")

    async def call(self, kind: str, **fields: Any) -> Json:
        """Send one message; its completion, with `error` when a refusal was all that came of it.

        A call of a method that there is not follows in the same breath, and its answer shows that nothing more comes.
        """
        self._calls += 1
        name, after = f"call-{self._calls}", f"after-{self._calls}"
        calls = [
            {"type": 1, "invocationId": name, "target": "SendMessage", "arguments": [{"$type": kind, **fields}]},
            {"type": 1, "invocationId": after, "target": "Nothing", "arguments": []},
        ]
        before = len(self.frames)
        await self.socket.send_str("".join(json.dumps(call) + "\x1e" for call in calls))
        end = self.frames.index(await self.frame(lambda frame: frame.get("invocationId") == after, before), before)
        [begin] = [place for place in range(before, end) if self.frames[place].get("invocationId") == name]
        came = [self._message(frame) for frame in self.frames[begin + 1 : end]]
        is_refused = bool(came) and {m["$type"] for m in came} <= {
            "error",
            "chatSessionError",
            "authenticationRequired",
        }
        return self.frames[begin] | ({"error": came[-1]["message"]} if is_refused else {})

    async def in_chat(self, kind: str, **fields: Any) -> Json:
        return await self.call(kind, sessionId=self.session_id, **fields)

    async def say(self, text: str, **fields: Any) -> Json:
        return await self.in_chat("send", text=text, **fields)

    async def frame(self, wanted: Callable[[Json], bool], begin: int = 0) -> Json:
        """The first frame of all, or of those from `begin` on, that fits, once it is there."""
        async with asyncio.timeout(PATIENCE), self._news:
            while True:
                for frame in islice(self.frames, begin, None):
                    if wanted(frame):
                        return frame
                begin = len(self.frames)
                await self._news.wait()

    async def more(self) -> None:
        """Wait for one more frame."""
        async with asyncio.timeout(PATIENCE), self._news:
            await self._news.wait()

    async def expect(self, kind: str, **fields: Any) -> Json:
        """The next message of this type, in which these fields hold these values."""
        try:
            async with asyncio.timeout(PATIENCE), self._news:
                while True:
                    for place in range(self._at, len(self.frames)):
                        message = self._message(self.frames[place])
                        if message.get("$type") == kind and fields.items() <= message.items():
                            self._at = place + 1
                            return message
                    await self._news.wait()
        except TimeoutError:
            raise AssertionError(f"no {kind}; got {self.kinds()}") from None

    @property
    def messages(self) -> list[Json]:
        return [message for frame in self.frames if (message := self._message(frame))]

    def kinds(self) -> list[str]:
        return [message["$type"] for message in self.messages]

    def of_kind(self, kind: str) -> list[Json]:
        return [message for message in self.messages if message["$type"] == kind]

    @property
    def answers(self) -> list[Json]:
        """What characters have said, whole or cut off."""
        return [message for message in self.of_kind("update") if message["role"] == "Assistant"]

    async def enter(self, **capabilities: Any) -> Json:
        """Authenticate and join the open chat."""
        await self.call("authenticate", client="test", clientVersion="1", scope=["role:app"], capabilities=capabilities)
        [session] = (await self.expect("chatsSessionsUpdated"))["sessions"]
        self.session_id, self.chat_id = session["sessionId"], session["chatId"]
        await self.call("subscribeToChat", sessionId=self.session_id, chatId=self.chat_id)
        return await self.expect("chatStarted")

    @staticmethod
    def _message(frame: Json) -> Json:
        return frame["arguments"][0] if frame.get("target") == "ReceiveMessage" else {}


@asynccontextmanager
async def connected(url: str, *, key: str | None = None) -> AsyncIterator[RawClient]:
    """A client that negotiated, after the handshake."""
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True), headers=headers) as http:
        async with http.post(f"{url}/hub/negotiate?negotiateVersion=1") as response:
            token = (await response.json())["connectionToken"]
        async with _shaken(http, f"{url}/hub", {"id": token}) as client:
            yield client


@asynccontextmanager
async def straight(url: str, *, key: str | None = None) -> AsyncIterator[RawClient]:
    """A client that comes without negotiation, its key in the address."""
    query = {"access_token": key} if key else {}
    async with aiohttp.ClientSession() as http, _shaken(http, f"{url}/hub", query) as client:
        yield client


@asynccontextmanager
async def _shaken(http: aiohttp.ClientSession, address: str, query: dict[str, str]) -> AsyncIterator[RawClient]:
    socket = await http.ws_connect(address, params=query, max_msg_size=0)
    client = RawClient(http, socket)
    async with asyncio.TaskGroup() as tasks:
        reading = tasks.create_task(client.read())
        await client.send_frame({"protocol": "json", "version": 1})
        await client.frame(lambda frame: frame == {})
        try:
            yield client
        finally:
            await socket.close()
            await reading


class Brains:
    """What all brains of tests have in common: a plain story, and the first action that is spoken of by its name."""

    async def write(self, view: ChatView, prompt: str) -> AsyncGenerator[str, None]:
        yield f"{prompt} And so it was. Truly."

    async def choose(self, view: ChatView, actions: Sequence[Action]) -> ChosenAction | None:
        spoken = [line.text for line in view.lines if line.role in (MessageRole.USER, MessageRole.ASSISTANT)]
        said = spoken[-1] if spoken else ""
        return next((ChosenAction(action.name) for action in actions if action.name in said), None)

    async def suggest(self, view: ChatView) -> list[str]:
        return ["Why?", "How?"]


class ScriptedBrain(Brains):
    """Says the same at every turn; `hold` stops it before a piece until `go` is set. Keeps what it was shown."""

    def __init__(self, *pieces: str, hold: int | None = None, fails: str | None = None) -> None:
        self.pieces = pieces or ("Sure. ", "Why not?")
        self.hold = hold
        self.go = asyncio.Event()
        self.closed = asyncio.Event()
        self.fails = fails
        self.views: list[ChatView] = []

    async def reply(self, view: ChatView) -> AsyncGenerator[str, None]:
        self.views.append(view)
        try:
            for place, piece in enumerate(self.pieces):
                if place == self.hold:
                    await self.go.wait()
                yield piece
            if self.fails is not None:
                raise BrainError(self.fails)
        finally:
            self.closed.set()
