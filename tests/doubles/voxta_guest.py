"""A Voxta client of a few lines, in plain JSON, to try servers with: it keeps what comes, and acknowledges nothing."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

import aiohttp

from tests.support import PATIENCE

END: Final = "\x1e"
PLAYER: Final = {"audioInput": "None", "audioOutput": "Url", "acceptedAudioContentTypes": ["audio/x-wav"]}
READER: Final = {"audioInput": "None", "audioOutput": "None"}


class Guest:
    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self._news = asyncio.Condition()
        self._calls = 0
        self._seen = 0
        self.records: list[dict[str, Any]] = []
        """All that the server sent, in order, as SignalR's records."""
        self.gone = False

    @property
    def messages(self) -> list[dict[str, Any]]:
        return [record["arguments"][0] for record in self.records if record.get("type") == 1]

    @property
    def types(self) -> list[str | None]:
        return [message.get("$type") for message in self.messages]

    async def greet(self, protocol: str = "json") -> dict[str, Any]:
        await self.put({"protocol": protocol, "version": 1})
        return await self._wait(lambda record: "type" not in record)

    async def put(self, *records: dict[str, Any]) -> None:
        """Send records in one frame."""
        await self._socket.send_str("".join(json.dumps(record) + END for record in records))

    async def put_bytes(self, frame: bytes) -> None:
        await self._socket.send_bytes(frame)

    async def call(self, target: str, *arguments: Any) -> dict[str, Any]:
        """Invoke a method of the hub; its completion."""
        self._calls += 1
        id = str(self._calls)
        await self.put({"type": 1, "invocationId": id, "target": target, "arguments": list(arguments)})
        return await self._wait(lambda record: record.get("type") == 3 and record["invocationId"] == id)

    async def say(self, type: str, **fields: Any) -> str | None:
        """Send a message; the error of its completion, if it had one."""
        return (await self.call("SendMessage", {"$type": type, **fields})).get("error")

    async def told(self, type: str, **fields: Any) -> dict[str, Any]:
        """The next message of this type, with these fields, behind the last that was asked for."""
        wanted = {"$type": type, **fields}

        def fits(record: dict[str, Any]) -> bool:
            return record.get("type") == 1 and wanted.items() <= record["arguments"][0].items()

        record = await self._wait(fits, since=self._seen)
        self._seen = self.records.index(record) + 1
        message: dict[str, Any] = record["arguments"][0]
        return message

    async def authenticate(self, name: str = "Guest", scope: tuple[str, ...] = ("role:app",), **more: Any) -> None:
        capabilities = more.pop("capabilities", READER)
        await self.say("authenticate", client=name, scope=list(scope), capabilities=capabilities, **more)

    async def lost(self) -> None:
        """Return when the server has ended the connection."""
        async with asyncio.timeout(PATIENCE), self._news:
            await self._news.wait_for(lambda: self.gone)

    async def read(self) -> None:
        async for frame in self._socket:
            async with self._news:
                self.records += [json.loads(part) for part in frame.data.split(END) if part]
                self._news.notify_all()
        async with self._news:
            self.gone = True
            self._news.notify_all()

    async def _wait(self, fits: Any, since: int = 0) -> dict[str, Any]:
        def found() -> list[dict[str, Any]]:
            return [record for record in self.records[since:] if fits(record)]

        async with asyncio.timeout(PATIENCE), self._news:
            return (await self._news.wait_for(found))[0]


@asynccontextmanager
async def visiting(
    url: str, *, negotiate: bool = False, bearer: str | None = None, access_token: str | None = None
) -> AsyncIterator[Guest]:
    """A guest that is connected and has shaken hands."""
    headers = {} if bearer is None else {"Authorization": f"Bearer {bearer}"}
    query = {} if access_token is None else {"access_token": access_token}
    async with aiohttp.ClientSession(headers=headers, raise_for_status=True) as session:
        if negotiate:
            async with session.post(f"{url}/hub/negotiate", params=query | {"negotiateVersion": "1"}) as response:
                query["id"] = (await response.json())["connectionToken"]
        async with session.ws_connect(f"{url}/hub", params=query) as socket:
            guest = Guest(socket)
            reading = asyncio.create_task(guest.read())
            try:
                await guest.greet()
                yield guest
            finally:
                reading.cancel()
                await asyncio.gather(reading, return_exceptions=True)
