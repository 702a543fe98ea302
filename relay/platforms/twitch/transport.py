"""What the two ways to hear channels have in common: by the account's login, and by a conduit of the application."""

from typing import Protocol


class EventTransport(Protocol):
    """Keeps every channel of the connection subscribed and its events coming."""

    @property
    def live(self) -> frozenset[tuple[str, str]]:
        """What is subscribed: event types with channel ids."""
        ...

    @property
    def trouble(self) -> str:
        """What is not heard and why, for people; empty when all is well."""
        ...

    async def run(self) -> None:
        """Hear the channels until cancelled; the connection is logged in. Raises what only a person mends."""
        ...

    def channels_changed(self) -> None:
        """The connection has other channels now: subscribe and end what differs, without connecting again."""
        ...
