"""One SignalR connection to Voxta over aiohttp: negotiate with its cookies, shake hands, call and listen."""

import asyncio
import itertools
import math
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final, Self
from urllib.parse import urlencode

import aiohttp

from relay.errors import AuthError, ProtocolError, VoxtaError, VoxtaNotTold, VoxtaUnavailable, ungrouped
from relay.system.company import Company
from relay.system.periodic import until_multiple_of
from relay.voxta.refusals import refused
from relay.wire import signalr
from relay.wire.messages import InvalidMessage, WireMessage
from relay.wire.server import parse_server

REFUSED_KEY: Final = (
    "Voxta at {} wants another API key: run `relay auth voxta`, or set voxta.api_key to the one shown in Voxta"
)

Handle = Callable[[WireMessage], None]
MayGo = Callable[[], bool]


def always() -> bool:
    """Whenever that is."""
    return True


@dataclass(slots=True, eq=False)
class _Invocation:
    """A call, until the server has answered it."""

    id: str
    message: WireMessage
    answer: asyncio.Future[None]
    may_go: MayGo
    """Asked in the moment in which it goes."""
    due: float = math.inf
    """When it counts as unanswered, by the loop's clock; not before it is sent."""


class HubConnection:
    """A live connection. `connect` makes one, `run` reads until it is lost, `invoke` calls the server."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse, timeout: float, on_bad: Callable[[str], None]) -> None:
        self._socket = socket
        self._timeout = timeout
        self._on_bad = on_bad
        self._records = signalr.Records()
        self._ids = map(str, itertools.count(1))
        self._pending: dict[str, _Invocation] = {}
        """By their ids, in the order in which they go out."""
        self._unsent: list[tuple[bytes, _Invocation | None]] = []
        """Records, and the calls they make: they go in one WebSocket message, as far as they are there together."""
        self._some_unsent = Company()
        self._heard_at = 0.0
        """When something came last, by the loop's clock."""
        self._read_by = math.inf
        """When what is being sent has to be on its way, by the loop's clock."""
        self._is_lost = False
        self.on_sent: Callable[[WireMessage], None] = lambda message: None
        """Hears of every message that goes out."""
        self.cookies: aiohttp.abc.AbstractCookieJar | None = None
        """What the negotiation brought; Voxta wants to see it with every other request."""

    @classmethod
    @asynccontextmanager
    async def connect(
        cls, url: str, *, api_key: str | None, timeout: float, on_bad: Callable[[str], None]
    ) -> AsyncIterator[Self]:
        """Negotiate, connect and shake hands, each within `timeout` seconds.

        `on_bad` hears of what could not be read, in words that are the same whatever stood there. Raises AuthError
        when the key is refused, VoxtaUnavailable when nobody answers, ProtocolError when it is not Voxta that does.
        """
        headers = {"Authorization": f"Bearer {api_key}"} if api_key else {}
        jar = aiohttp.CookieJar(unsafe=True)
        limits = aiohttp.ClientTimeout(total=timeout)
        async with aiohttp.ClientSession(headers=headers, cookie_jar=jar, timeout=limits) as http:
            token = await _negotiate(http, url)
            async with await _open(http, url, token) as socket:
                hub = cls(socket, timeout, on_bad)
                hub.cookies = jar
                await hub._shake_hands(url)
                yield hub

    async def _shake_hands(self, url: str) -> None:
        try:
            async with asyncio.timeout(self._timeout):
                await self._write(signalr.encode(signalr.HANDSHAKE).encode())
                while True:
                    for frame in self._records.feed(await self._read()):
                        if "error" in frame:
                            raise ProtocolError(f"Voxta refused the handshake: {frame['error']}")
                        return
        except TimeoutError:
            raise VoxtaUnavailable(f"Voxta at {url} did not answer the handshake") from None

    async def run(self, handle: Handle) -> None:
        """Give each message to `handle`, in order, and keep the connection alive.

        Returns never; raises VoxtaUnavailable when the connection is lost.
        """
        self._heard_at = asyncio.get_running_loop().time()
        try:
            with ungrouped(VoxtaError):
                async with asyncio.TaskGroup() as tasks:
                    for each in (self._ping(), self._send(), self._watch()):
                        tasks.create_task(each)
                    await self._listen(handle)
        finally:
            self._is_lost = True
            for call in self._pending.values():
                if not call.answer.done():
                    call.answer.set_exception(VoxtaUnavailable("the connection to Voxta was lost"))
                    call.answer.exception()

    async def invoke(self, message: WireMessage, may_go: MayGo = always) -> None:
        """Send a message and wait until the server has taken it, unless it may not go by then: VoxtaNotTold.

        Raises VoxtaUnavailable when it is unknown whether it was taken, VoxtaError when it was refused. A connection on
        which an answer stays out is given up: only rejoining shows what was taken, and others would wait as long.
        """
        await self.call(message, may_go=may_go)

    def call(self, message: WireMessage, within: float = 0.0, may_go: MayGo = always) -> asyncio.Future[None]:
        """The same without waiting: done when the server has answered, and cancelled by nobody.

        It goes with the next call, and within that many seconds.
        """
        answer: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        if self._is_lost:
            answer.set_exception(VoxtaUnavailable("the connection to Voxta was lost"))
            return answer
        invocation_id = next(self._ids)
        call = self._pending[invocation_id] = _Invocation(invocation_id, message, answer, may_go)
        self._put(signalr.invocation_record("SendMessage", message.to_json(), invocation_id), call, within)
        return answer

    async def _listen(self, handle: Handle) -> None:
        text = ""
        while True:
            try:
                for frame in self._records.feed(text):
                    self._dispatch(frame, handle)
            except signalr.FrameError as error:
                self._on_bad(error.problem)
                text = ""
                continue
            text = await self._read()
            self._heard_at = asyncio.get_running_loop().time()

    def _dispatch(self, frame: signalr.Frame, handle: Handle) -> None:
        match frame.get("type"):
            case signalr.INVOCATION:
                arguments = frame.get("arguments")
                for argument in arguments if isinstance(arguments, list) else ():
                    self._deliver(argument, handle)
            case signalr.COMPLETION:
                self._complete(frame)
            case signalr.CLOSE:
                raise VoxtaUnavailable(f"Voxta closed the connection: {frame.get('error') or 'no reason given'}")

    def _deliver(self, argument: object, handle: Handle) -> None:
        try:
            if not isinstance(argument, dict):
                raise InvalidMessage("an argument that is no object")
            message = parse_server(argument)
        except InvalidMessage as error:
            self._on_bad(str(error))
        else:
            for field in message.left_out:
                self._on_bad(f"{message.type_name}.{field}")
            handle(message)

    def _complete(self, frame: signalr.Frame) -> None:
        call = self._pending.pop(str(frame.get("invocationId")), None)
        if call is None or call.answer.done():
            return
        if error := frame.get("error"):
            call.answer.set_exception(refused(str(error)))
        else:
            call.answer.set_result(None)

    async def _watch(self) -> None:
        """One timer for all: that something comes at all, that Voxta reads, and that it answers each call in time."""
        now = asyncio.get_running_loop().time
        while True:
            if (silent_at := self._heard_at + signalr.SILENCE_LIMIT) <= now():
                raise VoxtaUnavailable("Voxta has been silent for 30 s")
            if self._read_by <= now():
                raise VoxtaUnavailable("Voxta does not read what is sent")
            unanswered = [call for call in self._pending.values() if not call.answer.done()]
            for call in unanswered:
                if call.due <= now():
                    what = f"Voxta did not answer {call.message.type_name} in {self._timeout:g} s"
                    call.answer.set_exception(VoxtaUnavailable(what))
                    raise VoxtaUnavailable(what)
            later = (call.due for call in unanswered)
            soon = now() + until_multiple_of(self._timeout)  # what is called until then is not due before
            await asyncio.sleep(min(silent_at, soon, self._read_by, *later) - now())

    async def _ping(self) -> None:
        while True:
            await asyncio.sleep(signalr.PING_EVERY)
            self._put(signalr.encode(signalr.PING_FRAME).encode())

    def _put(self, record: bytes, call: _Invocation | None = None, within: float = 0.0) -> None:
        self._unsent.append((record, call))
        if within:
            self._some_unsent.set_within(within)
        else:
            self._some_unsent.set()

    async def _send(self) -> None:
        now = asyncio.get_running_loop().time
        while True:
            await self._some_unsent.wait()
            together = [(record, call) for record, call in self._unsent if call is None or self._goes(call)]
            self._unsent = []
            if not together:
                continue
            for _, call in together:
                if call is not None:
                    self.on_sent(call.message)
            self._read_by = now() + self._timeout
            await self._write(b"".join([record for record, _ in together]))
            self._read_by, due = math.inf, now() + self._timeout
            for _, call in together:
                if call is not None:
                    call.due = due

    def _goes(self, call: _Invocation) -> bool:
        """Whether it may go now; else who waits for its answer hears of that."""
        if call.may_go():
            return True
        del self._pending[call.id]
        if not call.answer.done():
            why = "may be another process's to send by now, or its chat was left"
            call.answer.set_exception(VoxtaNotTold(f"{call.message.type_name} {why}"))
            call.answer.exception()
        return False

    async def _write(self, records: bytes) -> None:
        try:
            await self._socket.send_frame(records, aiohttp.WSMsgType.TEXT)
        except (aiohttp.ClientError, ConnectionError, RuntimeError) as error:
            raise VoxtaUnavailable(f"the connection to Voxta was lost: {type(error).__name__}") from None

    async def _read(self) -> str:
        message = await self._socket.receive()
        if message.type is aiohttp.WSMsgType.TEXT:
            return str(message.data)
        if message.type is aiohttp.WSMsgType.BINARY:
            return bytes(message.data).decode("utf-8", "replace")
        raise VoxtaUnavailable(f"the connection to Voxta was lost: {message.type.name.lower()}")


async def _negotiate(http: aiohttp.ClientSession, url: str) -> str | None:
    """The id of the connection to be; None where servers want the WebSocket straight away."""
    address = f"{url.rstrip('/')}/hub/negotiate?negotiateVersion=1"
    try:
        async with http.post(address) as response:
            if response.status in (401, 403):
                raise AuthError(REFUSED_KEY.format(url))
            if response.status in (404, 405):
                return None
            if response.status != 200:
                raise VoxtaUnavailable(f"Voxta at {url} answered {response.status} to the negotiation")
            data = await response.json(content_type=None)
    except (aiohttp.ClientError, TimeoutError) as error:
        raise VoxtaUnavailable(f"Voxta at {url} cannot be reached: {type(error).__name__}") from None
    except ValueError:
        raise ProtocolError(f"{url} answers, but not as Voxta does; is voxta.url right?") from None
    token = data.get("connectionToken") if isinstance(data, dict) else None
    if not isinstance(token, str):
        raise ProtocolError(f"{url} answers, but gives no connection token; is voxta.url right?")
    return token


async def _open(http: aiohttp.ClientSession, url: str, token: str | None) -> aiohttp.ClientWebSocketResponse:
    query = f"?{urlencode({'id': token})}" if token is not None else ""
    try:
        return await http.ws_connect(f"{url.rstrip('/')}/hub{query}", max_msg_size=signalr.MAX_RECORD)
    except aiohttp.WSServerHandshakeError as error:
        if error.status in (401, 403):
            raise AuthError(REFUSED_KEY.format(url)) from None
        raise VoxtaUnavailable(f"Voxta at {url} refused the connection ({error.status}); is voxta.url right?") from None
    except (aiohttp.ClientError, TimeoutError) as error:
        raise VoxtaUnavailable(f"Voxta at {url} refused the connection: {type(error).__name__}") from None
