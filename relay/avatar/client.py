"""VTube Studio, held on to whenever it runs: found, allowed, watched, and found again."""

import asyncio
import logging
from collections.abc import Callable, Collection
from contextlib import suppress
from typing import Any, Final, Literal

from tenacity import AsyncRetrying, retry_if_exception_type

from relay.avatar.access import AvatarToken, ask, log_in
from relay.avatar.connection import AvatarConnection, AvatarRefused, ErrorId, connect
from relay.config import VTubeStudioSection
from relay.errors import AuthError, AvatarUnavailable, ConfigError, RelayError
from relay.system.backoff import LossPauses, backoff

log = logging.getLogger(__name__)

LOOK_EVERY: Final = 5.0
"""Seconds between two questions whether it is still there and lets us in."""
RECONNECT: Final = (1.0, 10.0)
"""Seconds, at most, before a lost connection is made anew: at first, and when it is lost soon again and again. Failures
after that back off."""

_BACKOFF = backoff(1.0, 10.0)
_OUT: Final = (ErrorId.NEEDS_AUTHENTICATION, ErrorId.ACCESS_DENIED)


class VTubeStudio:
    """Everything that is asked of it while it is not there is left undone, or refused where somebody waits for it."""

    def __init__(self, settings: VTubeStudioSection, token: AvatarToken, *, look_every: float = LOOK_EVERY) -> None:
        self._settings = settings
        self._token = token
        self._look_every = look_every
        self._pauses = LossPauses(*RECONNECT)
        self._connection: AvatarConnection | None = None
        self._parameters: frozenset[str] = frozenset()
        """Those of the settings that this VTube Studio has."""
        self._problem = "not connected to VTube Studio yet"
        self._reported: type[RelayError] | None = None
        self._is_asking = False
        self._connected: list[Callable[[], None]] = []

    def on_connected(self, listener: Callable[[], None]) -> None:
        """Call `listener` whenever it has let us in."""
        self._connected.append(listener)

    # How it is

    @property
    def state(self) -> Literal["ok", "busy", "problem"]:
        """`problem`: a person has to do something."""
        if self._connection is not None:
            return "ok" if self._connection.movement_refused is None else "problem"
        refused = self._reported is not None and issubclass(self._reported, AuthError | ConfigError)
        return "problem" if refused or self._is_asking else "busy"

    def health(self) -> str:
        """One line."""
        if self._connection is None:
            return self._problem
        if (refused := self._connection.movement_refused) is None:
            return "connected"
        if refused.error_id == ErrorId.CONTROLLED_BY_OTHER:
            return (
                f"the mouth does not move: {refused}; switch the other plug-in off, or shorten vtube_studio.parameters"
            )
        return f"the mouth does not move: {refused}"

    # What is done there

    async def move(self, values: dict[str, float]) -> None:
        """Set parameters of the model, as far as it is there."""
        if self._connection is not None:
            wanted = {name: value for name, value in values.items() if name in self._parameters}
            if wanted:
                with suppress(AvatarUnavailable):  # the connection's own task sees to it
                    await self._connection.move(wanted, face_found=self._settings.keep_awake)

    async def request(self, kind: str, data: dict[str, Any] | None = None) -> dict[str, Any]:
        """Raises AvatarRefused, or AvatarUnavailable."""
        if self._connection is None:
            raise AvatarUnavailable(self._problem)
        return await self._connection.request(kind, data)

    # The connection

    async def run(self) -> None:
        """Connect and connect again until cancelled. What was denied is not asked for again."""
        while True:
            try:
                async for attempt in AsyncRetrying(retry=retry_if_exception_type(AvatarUnavailable), wait=_BACKOFF):
                    with attempt:
                        await self._serve()
            except (AuthError, ConfigError) as error:
                self._report(error)
                await asyncio.Event().wait()
            await asyncio.sleep(self._pauses.next())

    async def _serve(self) -> None:
        """One connection, from login to loss. Raises AvatarUnavailable when it never came to anything."""
        was_in = False
        try:
            async with connect(self._settings.url) as connection:
                await self._enter(connection)
                self._parameters = await self._known(connection, self._settings.parameters)
                self._connection, was_in, self._reported = connection, True, None
                self._pauses.is_well()
                log.info("VTube Studio is connected")
                for listener in self._connected:
                    listener()
                await self._watch(connection)
        except AvatarUnavailable as error:
            self._report(error)
            if not was_in:
                raise
        finally:
            self._connection = None

    async def _enter(self, connection: AvatarConnection) -> None:
        if await log_in(connection, self._token):
            return
        self._is_asking, self._problem = True, "VTube Studio asks you whether Voxta Relay may control it: click Allow"
        try:
            await ask(connection, self._token)
        finally:
            self._is_asking = False

    async def _known(self, connection: AvatarConnection, wanted: Collection[str]) -> frozenset[str]:
        try:
            answer = await connection.request("InputParameterListRequest")
        except AvatarRefused as refused:
            raise AvatarUnavailable(str(refused)) from None
        lists = (answer.get("defaultParameters"), answer.get("customParameters"))
        known = {entry.get("name") for entries in lists if isinstance(entries, list) for entry in entries}
        if missing := [name for name in wanted if name not in known]:
            log.info("this VTube Studio has no %s: left out", ", ".join(missing))
        return frozenset(wanted).intersection(known)

    async def _watch(self, connection: AvatarConnection) -> None:
        """Until it is gone, or lets us in no more."""
        while True:
            try:
                async with asyncio.timeout(self._look_every):
                    await connection.lost.wait()
                raise AvatarUnavailable(f"the connection to VTube Studio at {self._settings.url} was lost")
            except TimeoutError:
                pass
            try:
                answer = await connection.request("APIStateRequest")
            except AvatarRefused as refused:
                raise AvatarUnavailable(str(refused)) from None
            refused_movement = connection.movement_refused
            is_out = refused_movement is not None and refused_movement.error_id in _OUT
            if is_out or answer.get("currentSessionAuthenticated") is False:
                raise AvatarUnavailable("VTube Studio lets the relay in no more")

    def _report(self, error: RelayError) -> None:
        self._problem = str(error)
        if type(error) is self._reported:
            return
        self._reported = type(error)
        if isinstance(error, AvatarUnavailable):
            log.info("%s; waiting for it", error)
        else:
            log.error("%s", error)
