"""People's speech on its way into Voxta's speech recognition, for as long as Voxta asks for it."""

import asyncio
import json
import logging
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Final, Protocol
from urllib.parse import urlencode

import aiohttp
from aiohttp.abc import AbstractCookieJar
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type

from relay.config import VoxtaSection
from relay.errors import VoxtaUnavailable, ungrouped
from relay.hearing.base import HEARING_RATE
from relay.hearing.one_stream import STREAM_BLOCK
from relay.system.backoff import backoff

log = logging.getLogger(__name__)

BLOCK: Final = STREAM_BLOCK
"""Seconds of one block, as the header tells Voxta."""
HEADER: Final = {
    "contentType": "audio/wav",
    "sampleRate": HEARING_RATE,
    "channels": 1,
    "bitsPerSample": 16,
    "bufferMilliseconds": round(BLOCK * 1000),
}
BEHIND: Final = 0.3
"""Seconds of delay that are caught up; after more, as when the computer slept, sending starts afresh."""
LOSSES: Final = (aiohttp.ClientError, ConnectionError, TimeoutError)
"""What ends a connection that is made anew."""
GOODBYE: Final = 0.5
"""Seconds for the closing handshake."""
SETTLED: Final = 10.0
"""Seconds a connection has to last for the next loss to count as the first."""


class SpeechSource(Protocol):
    """What people say, in blocks. Called on the event loop."""

    unreachable: str | None
    """Why Voxta cannot hear, in one line; None when it can, or does not want to. Set by who reads the blocks."""

    def open(self) -> None:
        """Blocks will be read from now on."""
        ...

    def close(self) -> None:
        """No block will be read any more; forget what waits."""
        ...

    @property
    def is_behind(self) -> bool:
        """Whether the next block need not wait for its time."""
        ...

    def read(self) -> bytes:
        """The next 30 ms as the header describes them, at once; zeros when nobody talks."""
        ...


class AudioInput:
    """Sends what people say while Voxta records.

    While nobody talks it sends zeros, as a muted microphone does: recognisers find the end of an utterance in the
    samples that follow it, and Voxta documents no other sign of silence.
    """

    def __init__(
        self,
        settings: VoxtaSection,
        source: SpeechSource,
        *,
        url: str,
        cookies: Callable[[], AbstractCookieJar | None] = lambda: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`cookies` gives those of the SignalR connection: Voxta knows us by them."""
        self._settings = settings
        self._source = source
        self._url = url
        self._cookies = cookies
        self._clock = clock
        self._wanted: str | None = None
        self._news = asyncio.Event()
        self._reported: str | None = None

    def request(self, enabled: bool, session_id: str) -> None:
        """Voxta wants to hear, or does not any more. Also to be called with False when the chat is left."""
        self._wanted = session_id if enabled else None
        self._news.set()

    async def run(self) -> None:
        """Connect, send and reconnect whenever Voxta wants to hear, until cancelled."""
        while True:
            self._source.unreachable = self._reported = None
            await self._until_not(None)
            if (session_id := self._wanted) is not None:
                async with asyncio.TaskGroup() as tasks:
                    sending = tasks.create_task(self._keep_sending(session_id), name="audio input")
                    await self._until_not(session_id)
                    sending.cancel()

    async def _until_not(self, wanted: str | None) -> None:
        while self._wanted == wanted:
            self._news.clear()
            await self._news.wait()

    async def _keep_sending(self, session_id: str) -> None:
        while True:
            async for attempt in AsyncRetrying(
                retry=retry_if_exception_type(VoxtaUnavailable),
                wait=backoff(0.25, 8.0),
                after=self._report,
            ):
                with attempt:
                    await self._send(session_id)

    def _report(self, state: RetryCallState) -> None:
        error = state.outcome.exception() if state.outcome else None
        self._source.unreachable = problem = str(error)
        if problem != self._reported:
            self._reported = problem
            log.warning("%s; trying again", error)

    async def _send(self, session_id: str) -> None:
        """One connection, to its loss. Raises VoxtaUnavailable, unless it had lasted for a while."""
        began = self._clock()
        try:
            with ungrouped(*LOSSES):
                async with self._connected(session_id) as socket:
                    began = self._clock()
                    self._source.unreachable = self._reported = None
                    async with asyncio.TaskGroup() as tasks:
                        tasks.create_task(_notice_loss(socket))
                        await self._stream(socket)
        except LOSSES as loss:
            if self._clock() - began < SETTLED:
                raise VoxtaUnavailable(f"Voxta's audio input: {_explain(loss)}") from None
            log.warning("Voxta's audio input: %s; connecting again", _explain(loss))

    @asynccontextmanager
    async def _connected(self, session_id: str) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
        key = self._settings.api_key
        headers = {"Authorization": f"Bearer {key.get_secret_value()}"} if key else {}
        address = f"{self._url.rstrip('/')}/ws/audio/input/stream?{urlencode({'sessionId': session_id})}"
        limits = aiohttp.ClientTimeout(total=self._settings.timeout)
        jar = self._cookies() or aiohttp.DummyCookieJar()
        async with aiohttp.ClientSession(headers=headers, cookie_jar=jar, timeout=limits) as http:
            async with asyncio.timeout(self._settings.timeout):
                socket = await http.ws_connect(address, timeout=aiohttp.ClientWSTimeout(ws_close=GOODBYE))
            async with socket:
                async with asyncio.timeout(self._settings.timeout):
                    await socket.send_str(json.dumps(HEADER))
                yield socket

    async def _stream(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._source.open()
        try:
            due = self._clock()
            while True:
                async with asyncio.timeout(self._settings.timeout):
                    for _ in range(2 if self._source.is_behind else 1):
                        await socket.send_bytes(self._source.read())
                due = max(due + BLOCK, self._clock() - BEHIND)
                await asyncio.sleep(due - self._clock())
        finally:
            self._source.close()


async def _notice_loss(socket: aiohttp.ClientWebSocketResponse) -> None:
    """Read, so that pings are answered, until the connection is lost. Raises ConnectionError then."""
    async for _ in socket:
        pass
    raise ConnectionResetError(f"closed by Voxta ({socket.close_code})")


def _explain(error: Exception) -> str:
    """In one line that holds no address."""
    if isinstance(error, aiohttp.WSServerHandshakeError):
        return f"refused with status {error.status}"
    return f"{type(error).__name__}: {error}" if isinstance(error, ConnectionResetError) else type(error).__name__
