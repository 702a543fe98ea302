"""What the two ways to hear channels have in common: by the account's login, and by a conduit of the application."""

import time
from abc import ABC, abstractmethod

from relay.platforms.twitch.subscriptions import Reconciler


class EventTransport(ABC):
    """Keeps every channel of the connection subscribed and its events coming."""

    def __init__(self) -> None:
        self._reconciler = Reconciler(time.monotonic)

    @property
    def live(self) -> frozenset[tuple[str, str]]:
        """What is subscribed: event types with channel ids."""
        return self._reconciler.live

    @property
    def trouble(self) -> str:
        """What is not heard and why, for people; empty when all is well."""
        return self._reconciler.trouble

    @abstractmethod
    async def run(self) -> None:
        """Hear the channels until cancelled; the connection is logged in. Raises what only a person mends."""

    @abstractmethod
    def channels_changed(self) -> None:
        """The connection has other channels now: subscribe and end what differs, without connecting again."""
