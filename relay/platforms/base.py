"""What every platform adapter is: it brings audience messages in and posts text back. It owns no policy."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

from relay.model import Incoming, Post

Receive = Callable[[Incoming], Awaitable[None]]
"""Called once for each thing the audience did. Returns when it is stored, so awaiting it is back-pressure.

Raises InboxError when the store cannot take it; the adapter keeps the message and tries again.
"""


class Platform(Protocol):
    """A connection to one platform, built with its settings and a `receive` callable."""

    name: str
    """`twitch`, `discord`, …: the `platform` of its messages."""
    text_limit: int
    """The most characters one post may have."""

    async def run(self) -> None:
        """Connect, receive and reconnect until cancelled.

        Raises AuthError or ConfigError when a person has to act; everything else is retried inside.
        """
        ...

    async def post(self, post: Post) -> None:
        """Write one message, waiting for the platform's own rate limits.

        Raises PlatformUnavailable or RateLimited when a later try with the same nonce may succeed,
        PostRejected when it never will.
        """
        ...

    def channels(self) -> Sequence[str]:
        """The ids of the channels it listens to, where text goes that answers nobody in particular."""
        ...

    def health(self) -> str:
        """One line for people: `connected`, or what is wrong. Never holds a secret."""
        ...


class Typing(Protocol):
    """Optional: the platform can show that the companion is writing."""

    async def typing(self, channel: str) -> None:
        """Show it for a few seconds. Failures are swallowed: it is only decoration."""
        ...


class Controls(Protocol):
    """What a platform's commands may ask of the relay."""

    async def status(self) -> str:
        """A few lines fit for a moderator: what is connected, what waits."""
        ...
