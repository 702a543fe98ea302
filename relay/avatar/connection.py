"""One connection to VTube Studio by its public API: requests that end in time, and a loss that is noticed."""

import asyncio
import itertools
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from enum import IntEnum
from typing import Any, Final

import aiohttp

from relay.errors import AvatarUnavailable, RelayError

CONNECTS: Final = 10.0
"""Seconds until there is a connection; Windows alone needs two to find that nobody listens on ::1."""
ANSWER: Final = 3.0
"""Seconds VTube Studio may take to answer; it does so between two pictures."""
GOODBYE: Final = 0.5
"""Seconds for the closing handshake."""
MAX_MESSAGE: Final = 4_000_000
"""Bytes of an answer. A list of all parameters has some ten thousand."""
MAX_UNANSWERED: Final = 60
"""Movements that may wait for an answer before further ones are left out: two seconds of them."""


class ErrorId(IntEnum):
    """Why VTube Studio refuses, as far as it makes a difference here; see ErrorID.cs of its documentation."""

    API_DEACTIVATED = 1
    NEEDS_AUTHENTICATION = 8
    ACCESS_DENIED = 50
    """Also when the user has withdrawn what they had allowed."""
    ALREADY_ASKING = 51
    HOTKEY_NOT_FOUND = 202
    CONTROLLED_BY_OTHER = 454


class AvatarRefused(RelayError):
    """VTube Studio answered that it does not do this."""

    def __init__(self, kind: str, error_id: int, message: str) -> None:
        super().__init__(f"VTube Studio declined {kind}: {message or 'no reason given'} (error {error_id})")
        self.error_id = error_id


class AvatarConnection:
    """Use it through `connect`."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse, url: str) -> None:
        self._socket = socket
        self._url = url
        self._numbers = itertools.count(1)
        self._asked: dict[str, tuple[str, asyncio.Future[dict[str, Any]]]] = {}
        self._moved: set[str] = set()
        """The movements that are not answered yet."""
        self.lost = asyncio.Event()
        self.movement_refused: AvatarRefused | None = None
        """Why the last movement was not made; None when it was."""

    async def request(
        self, kind: str, data: dict[str, Any] | None = None, *, within: float | None = None
    ) -> dict[str, Any]:
        """What is answered. Raises AvatarRefused when it is no, AvatarUnavailable when nothing comes in time."""
        number = f"relay-{next(self._numbers)}"
        answer: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        self._asked[number] = kind, answer
        seconds = ANSWER if within is None else within
        try:
            async with asyncio.timeout(seconds):
                await self._send(number, kind, data)
                return await answer
        except TimeoutError:
            raise AvatarUnavailable(f"VTube Studio at {self._url} did not answer {kind} within {seconds:g} s") from None
        finally:
            del self._asked[number]

    async def move(self, values: dict[str, float], *, face_found: bool) -> None:
        """Set parameters, and do not wait for the answer. Raises AvatarUnavailable."""
        if len(self._moved) >= MAX_UNANSWERED:
            return
        number = f"relay-{next(self._numbers)}"
        self._moved.add(number)
        placed = [{"id": name, "value": round(value, 3)} for name, value in values.items()]
        data = {"faceFound": face_found, "mode": "set", "parameterValues": placed}
        try:
            async with asyncio.timeout(ANSWER):
                await self._send(number, "InjectParameterDataRequest", data)
        except TimeoutError:
            raise AvatarUnavailable(f"VTube Studio at {self._url} takes nothing more") from None

    async def _send(self, number: str, kind: str, data: dict[str, Any] | None) -> None:
        if self.lost.is_set():
            raise self._loss()
        request = {"apiName": "VTubeStudioPublicAPI", "apiVersion": "1.0", "requestID": number, "messageType": kind}
        try:
            await self._socket.send_json(request if data is None else request | {"data": data})
        except (aiohttp.ClientError, OSError):
            raise self._loss() from None

    async def read(self) -> None:
        """Take answers in until the connection is over."""
        try:
            async for message in self._socket:
                if message.type is aiohttp.WSMsgType.TEXT:
                    with suppress(ValueError, TypeError, AttributeError):  # what cannot be read answers nothing
                        self._take(json.loads(message.data))
        finally:
            self.lost.set()
            for _, answer in self._asked.values():
                if not answer.done():
                    answer.set_exception(self._loss())

    def _take(self, message: dict[str, Any]) -> None:
        number, data = message.get("requestID"), message.get("data") or {}
        refused = message.get("messageType") == "APIError"
        if number in self._moved:
            self._moved.discard(number)
            self.movement_refused = _refusal("InjectParameterDataRequest", data) if refused else None
        elif number in self._asked:
            kind, answer = self._asked[number]
            if answer.done():
                return
            if refused:
                answer.set_exception(_refusal(kind, data))
            else:
                answer.set_result(dict(data))

    def _loss(self) -> AvatarUnavailable:
        return AvatarUnavailable(f"the connection to VTube Studio at {self._url} was lost")


def _refusal(kind: str, data: dict[str, Any]) -> AvatarRefused:
    error_id = data.get("errorID")
    return AvatarRefused(kind, error_id if isinstance(error_id, int) else -1, str(data.get("message") or "")[:300])


@asynccontextmanager
async def connect(url: str) -> AsyncIterator[AvatarConnection]:
    """Connect, not yet logged in. Raises AvatarUnavailable."""
    async with aiohttp.ClientSession() as http:
        try:
            async with asyncio.timeout(CONNECTS):
                closing = aiohttp.ClientWSTimeout(ws_close=GOODBYE)
                socket = await http.ws_connect(url, timeout=closing, max_msg_size=MAX_MESSAGE)
        except TimeoutError:
            raise AvatarUnavailable(f"VTube Studio does not answer at {url}") from None
        except aiohttp.WSServerHandshakeError:
            raise AvatarUnavailable(f"what answers at {url} is not VTube Studio") from None
        except (aiohttp.ClientError, OSError, ValueError):
            raise AvatarUnavailable(f"VTube Studio cannot be reached at {url}") from None
        connection = AvatarConnection(socket, url)
        reading = asyncio.create_task(connection.read(), name="vtube studio")
        try:
            yield connection
        finally:
            await socket.close()
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)
