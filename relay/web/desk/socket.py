"""One open page of the desk: it is told how things are as fast as it takes that, and asks for what is to be done."""

import asyncio
import json
from collections import deque
from collections.abc import Mapping
from contextlib import suppress
from typing import Final

from aiohttp import WSCloseCode, WSMsgType, web

from relay.model import Caller, Role
from relay.web.desk.actions import DeskError
from relay.web.desk.desk import Desk
from relay.web.desk.topics import TopicNews, Topics

SEND_LIMIT: Final = 10.0
"""Seconds a page may take for one frame before it is dropped; it comes again by itself."""
HEARTBEAT: Final = 20.0
"""Seconds between the pings that find pages that are gone."""
MAX_FRAME: Final = 65_536
"""Bytes of a page's frame."""
MAX_STREAMERS_FRAME: Final = 2**21
"""The same of a streamer's, which may bring a whole settings file in any script."""
AT_ONCE: Final = 16
"""Frames of one page whose answers it has not taken yet; further ones are not read meanwhile."""
CLOSE_GRACE: Final = 1.0
"""Seconds for the closing handshake."""


def frame_limit(caller: Caller) -> int:
    """Bytes of a frame of theirs."""
    return MAX_STREAMERS_FRAME if Role.STREAMER in caller.roles else MAX_FRAME


class Showing:
    """One topic on one page."""

    def __init__(self, topic: TopicNews, topics: Topics, news: asyncio.Event) -> None:
        self._topic = topic
        self._news = news
        self._seen: int | None = None
        self._is_dirty = True
        self._due = 0.0
        self._unwatch = topics.watch(topic, self._changed)

    def _changed(self) -> None:
        if not self._is_dirty:
            self._is_dirty = True
            self._news.set()

    def due(self) -> float | None:
        """When there is something to tell, by the loop's clock; None while there is nothing."""
        return self._due if self._is_dirty else None

    def frame(self, now: float) -> str:
        """How it is now."""
        seen, self._seen = self._seen, self._topic.revision
        self._is_dirty = False
        self._due = now + self._topic.every
        return self._topic.news(seen)

    def end(self) -> None:
        self._unwatch()


class OpenDesk:
    """Serves one page. Nothing waits for it, and nothing piles up for it but answers to what it asked."""

    def __init__(self, socket: web.WebSocketResponse, transport: asyncio.Transport, desk: Desk, caller: Caller) -> None:
        transport.set_write_buffer_limits(high=0)  # what is sent is new when it is sent, so nothing is sent ahead
        self._socket = socket
        self._transport = transport
        self._desk = desk
        self.caller = caller
        self._showing: dict[str, Showing] = {}
        self._news = asyncio.Event()
        self._answers: deque[str] = deque()
        self._room = asyncio.Semaphore(AT_ONCE)

    def drop(self) -> None:
        """End the connection at once."""
        self._transport.abort()

    async def run(self) -> None:
        """Until the page is gone. What it asked for is brought to an end even then."""
        role = Role.STREAMER if Role.STREAMER in self.caller.roles else Role.MODERATOR
        hello = {"role": role, "name": self.caller.name, "limit": frame_limit(self.caller), **self._desk.about()}
        await self._room.acquire()
        self._answers.append(json.dumps({"hello": hello}))
        try:
            async with asyncio.TaskGroup() as tasks:
                writer = tasks.create_task(self._write(), name="desk-write")
                await self._read(tasks)
                writer.cancel()
        finally:
            for showing in self._showing.values():
                showing.end()
        with suppress(TimeoutError, ConnectionError):
            async with asyncio.timeout(CLOSE_GRACE):
                await self._socket.close()
        self.drop()

    # Reading

    async def _read(self, tasks: asyncio.TaskGroup) -> None:
        while True:
            received = await self._socket.receive()
            if received.type is WSMsgType.BINARY:
                await self._socket.close(code=WSCloseCode.UNSUPPORTED_DATA, message=b"text only")
            if received.type is not WSMsgType.TEXT:
                return
            await self._room.acquire()
            try:
                self._hear(received.data, tasks)
            except DeskError as error:
                self._answer(None, error)

    def _hear(self, text: str, tasks: asyncio.TaskGroup) -> None:
        """Take one frame, which is answered or makes room for the next."""
        frame = _object(text)
        if "show" in frame:
            self._show(frame["show"])
            self._room.release()
        elif "do" in frame:
            request_id, name = frame.get("id"), frame["do"]
            if not isinstance(request_id, int | str) or len(str(request_id)) > 100:
                raise DeskError("invalid", "id: has to be a number or a short text", "id")
            if not isinstance(name, str):
                return self._answer(request_id, DeskError("invalid", "do: has to be the name of an action", "do"))
            tasks.create_task(self._do(request_id, name, frame.get("with")), name="desk-do")
        else:
            raise DeskError("invalid", 'send {"show": [topics]} or {"id": 1, "do": an action, "with": {fields}}')

    def _show(self, names: object) -> None:
        topics = self._desk.topics.visible_to(self.caller)
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            raise DeskError("invalid", "show: has to be a list of names of topics", "show")
        for name in self._showing.keys() - set(names):
            self._showing.pop(name).end()
        for name in topics.keys() & set(names) - self._showing.keys():
            self._showing[name] = Showing(topics[name], self._desk.topics, self._news)
        self._news.set()
        if unknown := ", ".join(sorted({name[:40] for name in names} - topics.keys())[:5]):
            raise DeskError("unknown", f"show: there is no {unknown}; there are {', '.join(topics)}", "show")

    async def _do(self, request_id: int | str, name: str, given: object) -> None:
        try:
            self._answer(request_id, await self._desk.actions.do(name, given, self.caller))
        except DeskError as error:
            self._answer(request_id, error)

    def _answer(self, request_id: int | str | None, answer: object) -> None:
        told = (
            {"ok": False, "error": answer.shown()} if isinstance(answer, DeskError) else {"ok": True, "answer": answer}
        )
        self._answers.append(json.dumps({"id": request_id, **told}))
        self._news.set()

    # Writing

    async def _write(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            while True:
                self._news.clear()
                while self._answers:
                    await self._send(self._answers.popleft())
                    self._room.release()
                for showing in list(self._showing.values()):
                    if (due := showing.due()) is not None and due <= loop.time():
                        await self._send(showing.frame(loop.time()))
                with suppress(TimeoutError):
                    async with asyncio.timeout_at(self._next_due()):
                        await self._news.wait()
        except (TimeoutError, ConnectionError):
            self.drop()

    def _next_due(self) -> float | None:
        return min((due for each in self._showing.values() if (due := each.due()) is not None), default=None)

    async def _send(self, text: str) -> None:
        async with asyncio.timeout(SEND_LIMIT):
            await self._socket.send_str(text)


def _object(text: str) -> Mapping[str, object]:
    try:
        frame = json.loads(text)
    except (ValueError, RecursionError):
        raise DeskError("invalid", "a frame has to be JSON") from None
    if not isinstance(frame, dict):
        raise DeskError("invalid", "a frame has to be a JSON object")
    return frame
