"""One connection to OBS, logged in: requests that end in time, events in order, and a loss that is noticed."""

import asyncio
import logging
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from enum import IntEnum
from typing import Any, NamedTuple, TypeVar

import simpleobsws
from websockets.exceptions import WebSocketException

from relay.config import ObsSection
from relay.errors import AuthError, ObsUnavailable, RelayError

# It writes every message, and so twenty frames a second and the answer to the login's challenge.
logging.getLogger("simpleobsws").setLevel(logging.INFO)

LOGIN = 10.0
"""Seconds until logged in; Windows alone needs two to find that nobody listens on ::1."""
ANSWER = 3.0
"""Seconds OBS may take to answer a request."""
GOODBYE = 0.5
"""Seconds for the closing handshake."""

T = TypeVar("T")


class CloseCode(IntEnum):
    """Why OBS hangs up, by the obs-websocket protocol."""

    REFUSED = 4009
    UNKNOWN_VERSION = 4010


class ObsEvent(NamedTuple):
    kind: str
    data: Any
    """As OBS sent it: a dictionary, unless something else answers at that address."""


class RequestRefused(RelayError):
    """OBS answered that it cannot do this."""


class ObsConnection:
    """Use it through `connect`.

    The library leaves three things to its users: a lost connection ends neither a pending request nor the wait for
    the login, its receiving task may end by an error nobody sees, and it starts a task for every event. So requests
    here are raced against the end of that task, and events go to a queue that one task reads.
    """

    def __init__(self, client: simpleobsws.WebSocketClient, url: str) -> None:
        self._client = client
        self._url = url
        self._events: asyncio.Queue[ObsEvent | None] = asyncio.Queue()
        self._receiver: asyncio.Task[None] | None = None

    async def request(self, kind: str, **data: object) -> dict[str, Any]:
        """Raises RequestRefused when OBS declines, ObsUnavailable when no answer comes."""
        call = self._client.call(simpleobsws.Request(kind, data or None), timeout=ANSWER)
        try:
            response = await self._unless_lost(call)
        except simpleobsws.MessageTimeout:
            raise ObsUnavailable(f"OBS at {self._url} did not answer {kind} within {ANSWER:g} s") from None
        if not response.ok():
            raise RequestRefused(f"OBS declined {kind}: {response.requestStatus.comment or 'no reason given'}")
        return response.responseData if isinstance(response.responseData, dict) else {}

    async def event(self, seconds: float) -> ObsEvent | None:
        """The next event, or None after `seconds`. Raises ObsUnavailable once the connection is lost."""
        try:
            async with asyncio.timeout(seconds):
                event = await self._events.get()
        except TimeoutError:
            return None
        if event is None:
            raise self._loss()
        return event

    async def open(self) -> None:
        """Log in. Raises as `connect` does."""
        self._client.register_event_callback(self._arrived)
        try:
            async with asyncio.timeout(LOGIN):
                await self._client.connect()
                self._client.ws.close_timeout = GOODBYE
                self._receiver = self._client.recv_task
                self._receiver.add_done_callback(lambda _: self._events.put_nowait(None))
                if not await self._unless_lost(self._client.wait_until_identified(timeout=2 * LOGIN)):
                    raise self._loss()
        except TimeoutError:
            raise ObsUnavailable(f"OBS does not answer at {self._url}") from None
        except OSError:
            raise ObsUnavailable(f"OBS cannot be reached at {self._url}") from None
        except WebSocketException:
            raise ObsUnavailable(f"what answers at {self._url} is not OBS") from None
        except ImportError:
            raise ObsUnavailable(
                "OBS is behind this system's SOCKS proxy: set NO_PROXY to the host in obs.url"
            ) from None

    async def _arrived(self, kind: str, data: Any) -> None:
        self._events.put_nowait(ObsEvent(kind, data))

    async def _unless_lost(self, work: Coroutine[Any, Any, T]) -> T:
        assert self._receiver is not None
        task = asyncio.create_task(work)
        try:
            await asyncio.wait({task, self._receiver}, return_when=asyncio.FIRST_COMPLETED)
            if not task.done():
                raise self._loss()
            return task.result()
        except (WebSocketException, simpleobsws.NotIdentifiedError):
            raise self._loss() from None
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    def _loss(self) -> RelayError:
        match self._client.ws.close_code:
            case CloseCode.REFUSED:
                return AuthError(
                    "obs.password: OBS refused it; set RELAY_OBS__PASSWORD to the one under Tools > WebSocket Server "
                    "Settings > Show Connect Info"
                )
            case CloseCode.UNKNOWN_VERSION:
                return ObsUnavailable(f"OBS at {self._url} speaks another version of obs-websocket: update OBS")
        return ObsUnavailable(f"the connection to OBS at {self._url} was lost")

    async def close(self) -> None:
        """Hang up, and end what the library left running."""
        if self._receiver is not None:
            await self._client.disconnect()
            await asyncio.gather(self._receiver, return_exceptions=True)


@asynccontextmanager
async def connect(settings: ObsSection, subscriptions: int) -> AsyncIterator[ObsConnection]:
    """Log in and subscribe to kinds of events (a bit mask of the protocol's EventSubscription).

    Raises ObsUnavailable, or AuthError when OBS refuses the password.
    """
    password = settings.password.get_secret_value() if settings.password else ""
    parameters = simpleobsws.IdentificationParameters(eventSubscriptions=subscriptions)
    connection = ObsConnection(simpleobsws.WebSocketClient(settings.url, password, parameters), settings.url)
    try:
        await connection.open()
        yield connection
    finally:
        await connection.close()
