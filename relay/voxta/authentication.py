"""Coming in: who we are, what we can play and hear, and what we ask to be allowed."""

import asyncio
import logging
from base64 import b64encode
from collections.abc import Sequence
from typing import Final

from relay import __version__
from relay.errors import VoxtaError, VoxtaKeyNeeded, VoxtaUnavailable
from relay.voxta.refusals import refusal_in
from relay.voxta.transport import HubConnection
from relay.wire import client, server
from relay.wire.messages import Capabilities, WireMessage

log = logging.getLogger(__name__)

APP: Final = ("role:app",)
"""The least a client can ask for: chats that it opens itself."""
API_VERSIONS: Final = ("2025-08", "2025-11")
"""Those of servers whose behaviour is known."""

_SVG: Final = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="7" fill="#5b3fd6"/>'
    '<path d="M7 9h18v11H15l-5 5v-5H7z" fill="#fff"/><circle cx="12" cy="14.5" r="1.7" fill="#5b3fd6"/>'
    '<circle cx="20" cy="14.5" r="1.7" fill="#5b3fd6"/></svg>'
)
ICON: Final = f"data:image/svg+xml;base64,{b64encode(_SVG.encode()).decode()}"
"""What Voxta shows beside the relay's name."""


class Authentication:
    """Introduces the relay on each new connection. It is told of every message that comes; see `on_message`."""

    def __init__(self, scope: Sequence[str], capabilities: Capabilities, timeout: float) -> None:
        self._asked = tuple(scope)
        self._capabilities = capabilities
        self._timeout = timeout
        self._refusal: VoxtaError | None = None
        self._warned_of: str | None = ""
        """The unknown version that was told of."""
        self._news = asyncio.Event()
        self.scope = self._asked
        """What is asked for; less than the settings say once that was refused."""
        self.welcome: server.Welcome | None = None
        """What the server said of itself and of us; None while we are not in."""

    def on_message(self, message: WireMessage) -> None:
        """Raises VoxtaUnavailable when a key is needed."""
        match message:
            case server.Welcome():
                self.welcome = message
                self._warn(message.api_version)
            case server.AuthenticationRequired() if self.welcome is None:
                raise VoxtaKeyNeeded(
                    "Voxta asks for a key: run `relay auth voxta` and start the relay again, or set voxta.api_key"
                )
            case _ if self.welcome is None:
                self._refusal = refusal_in(message) or self._refusal
        self._news.set()

    async def enter(self, hub: HubConnection) -> None:
        """Authenticate and register. Raises VoxtaError when nobody is let in, VoxtaUnavailable without an answer."""
        self.welcome = None
        await self._authenticate(hub)
        try:
            await hub.invoke(client.RegisterApp(client_version=__version__, label="Voxta Relay", icon_base64_url=ICON))
        except VoxtaUnavailable:
            raise
        except VoxtaError as error:
            log.info("Voxta does not list the relay among its apps: %s", error)

    async def _authenticate(self, hub: HubConnection) -> None:
        while True:
            refusal = await self._ask(hub)
            if refusal is None:
                return
            if self.scope == APP:
                self.scope = self._asked
                raise refusal
            log.warning(
                "%s. Asking for %s alone: the relay can then only talk in chats that it opens itself", refusal, *APP
            )
            self.scope = APP

    async def _ask(self, hub: HubConnection) -> VoxtaError | None:
        """Why we may not come in with this scope; None when we are in."""
        self._refusal = None
        try:
            await hub.invoke(
                client.Authenticate(
                    client="Voxta.Relay",
                    client_version=__version__,
                    scope=list(self.scope),
                    capabilities=self._capabilities,
                )
            )
            async with asyncio.timeout(self._timeout):
                while self.welcome is None and self._refusal is None:
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            raise VoxtaUnavailable(f"Voxta sent no welcome within {self._timeout:g} s") from None
        except VoxtaUnavailable:
            raise
        except VoxtaError as refusal:
            return refusal
        return self._refusal if self.welcome is None else None

    def _warn(self, version: str | None) -> None:
        if version not in (*API_VERSIONS, self._warned_of):
            self._warned_of = version
            log.warning(
                "Voxta speaks version %s of its API, the relay knows %s: most things will work",
                version or "(untold)",
                " and ".join(API_VERSIONS),
            )
