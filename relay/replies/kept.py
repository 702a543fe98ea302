"""What one platform is yet to be told, kept in the store: what a relay that was killed owes, the next one posts."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Final, Protocol

from relay.model import Post
from relay.model.base import Value
from relay.system import clock
from relay.system.cancellation import checkpoint

log = logging.getLogger(__name__)

NOTE: Final = "posts"
"""The notes that hold them begin so, and go on with the platform."""
WITHIN: Final = 2.0
"""Seconds for which posting waits for a store that is away; then it goes on all the same."""
DONE: Final = 64
"""Posts of which is remembered that they are done: a relay that begins may find their answers in the chat again."""


class PostStore(Protocol):
    """Where notes are kept. Each call waits for a store that is away."""

    async def get_note(self, name: str) -> str | None: ...

    async def set_note(self, name: str, value: str) -> None: ...

    async def make_sure(self) -> None:
        """Raises InboxTaken when another relay has the store now."""


class KeptPost(Value):
    post: Post
    since: float
    """When it came to be posted, in seconds since the epoch."""
    is_begun: bool = False
    """The platform may have been told."""


class PostNote(Value):
    """What the note holds."""

    posts: tuple[KeptPost, ...] = ()
    done: tuple[str, ...] = ()
    """Nonces, the oldest first."""


class KeptPosts:
    """Those of one platform."""

    def __init__(self, store: PostStore | None, platform: str, now: Callable[[], float] = clock.now) -> None:
        """Without a store nothing outlives this process."""
        self._store = store
        self._name = f"{NOTE} {platform}"
        self._now = now
        self._posts: dict[str, KeptPost] = {}
        """By their nonces, in order."""
        self._done: dict[str, None] = {}
        self._changes = self._written = 0
        """How many there were, and how many of them are in the store."""
        self._changed = asyncio.Event()
        self._is_written = asyncio.Event()

    async def left(self) -> list[KeptPost]:
        """What the process before this one owed; asked once, and before `run`."""
        found = await self._store.get_note(self._name) if self._store is not None else None
        try:
            note = PostNote.model_validate_json(found) if found else PostNote()
        except ValueError:
            log.warning("what %s was still to be told cannot be read, as of a newer relay", self._name)
            return []
        self._posts = {each.post.nonce: each for each in note.posts} | self._posts
        self._done = dict.fromkeys(note.done) | self._done
        return list(note.posts)

    async def run(self) -> None:
        """Keep what is told to, until cancelled."""
        while True:
            checkpoint()
            await self._changed.wait()
            self._changed.clear()
            changes = self._changes
            if self._store is not None:
                note = PostNote(posts=tuple(self._posts.values()), done=tuple(self._done))
                await self._store.set_note(self._name, note.model_dump_json())
            self._written = changes
            self._is_written.set()

    def owe(self, posts: Sequence[Post]) -> None:
        """They are to be posted. An answer to the use of a command is not kept, as nobody waits for it then."""
        for post in posts:
            if not post.answers_use and post.nonce not in self._posts and post.nonce not in self._done:
                self._posts[post.nonce] = KeptPost(post=post, since=self._now())
        self._change()

    def owed(self) -> list[Post]:
        """What is neither posted nor given up, in order."""
        return [each.post for each in self._posts.values()]

    def is_done(self, post: Post) -> bool:
        """Whether it was posted before, or given up."""
        return post.nonce in self._done

    async def begin(self, post: Post) -> None:
        """The platform is about to be told. Returns when that is in the store, if the store is there.

        Raises InboxTaken when another relay has the store now: what is owed is that one's to post.
        """
        if (kept := self._posts.get(post.nonce)) is not None:
            self._posts[post.nonce] = kept.model_copy(update={"is_begun": True})
            self._change()
            await self.written()
        if self._store is not None:
            await self._store.make_sure()

    def done(self, post: Post) -> None:
        """It is posted, or given up."""
        if self._posts.pop(post.nonce, None) is not None:
            self._done[post.nonce] = None
            while len(self._done) > DONE:
                del self._done[next(iter(self._done))]
            self._change()

    async def written(self) -> None:
        """Return when all that was told is in the store, if the store is there."""
        wanted = self._changes
        with suppress(TimeoutError):
            async with asyncio.timeout(WITHIN):
                while self._written < wanted:
                    self._is_written.clear()
                    await self._is_written.wait()

    def _change(self) -> None:
        self._changes += 1
        self._changed.set()
