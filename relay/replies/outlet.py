"""Where posts go. Every platform is such a place; what else a platform is does not concern who answers."""

from collections.abc import Callable, Sequence
from typing import Final, Protocol, runtime_checkable

from relay.model import Post, Retraction


class Outlet(Protocol):
    """Takes posts for the channels of one platform."""

    name: str
    """The `platform` of its messages."""
    text_limit: int
    """The most characters one post may have."""

    async def post(self, post: Post) -> None:
        """Write one message, waiting for the platform's own rate limits.

        Raises PlatformUnavailable or RateLimited when a later try with the same nonce may succeed,
        PostRejected when it never will.
        """
        ...

    def channels(self) -> Sequence[str]:
        """The ids of the channels it listens to, where text goes that answers nobody in particular."""
        ...


@runtime_checkable
class Typing(Protocol):
    """Optional: the outlet can show that the companion is writing."""

    async def typing(self, channel: str) -> None:
        """Show it for a few seconds. Failures are swallowed: it is only decoration."""
        ...


TAKEN_BACK: Final = "withheld: what it answers was taken back"
"""The error of a post that is not made, therefore."""
Posted = Callable[[str, Post, str | None], None]
"""Hears of each post: the platform, the post, and the error when it failed for good."""


class Outbox(Protocol):
    """What is to be posted at one outlet waits here; `run` gets it posted until cancelled."""

    def put(self, posts: Sequence[Post]) -> None:
        """Take posts that follow each other; returns at once."""
        ...

    def retract(self, retraction: Retraction) -> None:
        """Of what was put until now nothing is posted any more that answers what was taken back; returns at once."""
        ...

    async def run(self) -> None: ...

    async def drain(self) -> None:
        """Wait until everything taken so far is posted or given up, or safe with who will do it."""
        ...


@runtime_checkable
class PostsElsewhere(Protocol):
    """Optional: another process posts there."""

    def outbox(self, posted: Posted) -> Outbox:
        """Where that process finds what is to be posted; it tells what came of it."""
        ...
