"""A page of the desk without a browser: the frames it gets, and what it asks for."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp

from tests.support import PATIENCE


class RawPage:
    """Speaks the desk's protocol."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.socket = socket
        self.states: dict[str, Any] = {}
        """The newest frame of each topic."""
        self._asked = 0
        self._answers: dict[Any, dict[str, Any]] = {}

    async def frame(self) -> dict[str, Any]:
        """The next one. Raises TypeError when there are no more."""
        frame: dict[str, Any] = await self.socket.receive_json(timeout=PATIENCE)
        if "topic" in frame:
            self.states[frame["topic"]] = frame
        return frame

    async def show(self, *topics: str) -> None:
        await self.socket.send_json({"show": topics})

    async def until(self, topic: str, *is_so: Any) -> Any:
        """The newest frame of a topic, which may have come before an answer, once all of that holds; else the next."""
        frame = self.states.get(topic, {}) if is_so else {}
        while frame.get("topic") != topic or not all(each(frame) for each in is_so):
            frame = await self.frame()
        return frame

    async def rows_until(self, topic: str, are_so: Any, rows: dict[str, Any] | None = None) -> dict[str, Any]:
        """The rows of a log by their ids, once all of that holds for them; they go on from those that are given."""
        rows = {} if rows is None else rows
        while not (rows and are_so(list(rows.values()))):
            frame = await self.until(topic)
            if frame["anew"]:
                rows.clear()
            rows.update({row["id"]: row for row in frame["rows"]})
        return rows

    async def ask(self, do: str, /, **fields: Any) -> dict[str, Any]:
        """The answer to a request, whole."""
        self._asked += 1
        await self.socket.send_json({"id": self._asked, "do": do, "with": fields})
        while True:
            frame = await self.frame()
            if frame.get("id") == self._asked:
                return frame

    async def answer(self, asked: str) -> dict[str, Any]:
        """That to a request, whichever comes first."""
        while asked not in self._answers:
            frame = await self.frame()
            self._answers[frame.get("id")] = frame
        return self._answers.pop(asked)

    async def raw(self, text: str) -> dict[str, Any]:
        """The error that a frame is answered with."""
        await self.socket.send_str(text)
        while "error" not in (frame := await self.frame()):
            pass
        error: dict[str, Any] = frame["error"]
        return error


@asynccontextmanager
async def opened(url: str, **headers: str) -> AsyncIterator[RawPage]:
    """A page that has been told who it is."""
    async with (
        aiohttp.ClientSession() as http,
        http.ws_connect(f"{url}/desk/ws", headers=headers, max_msg_size=0) as socket,
    ):
        page = RawPage(socket)
        hello = await page.frame()
        assert "hello" in hello, json.dumps(hello)
        yield page
