"""Posting at one outlet: in order, again where that may help, and giving up what has become too old."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from typing import Final

from tenacity import AsyncRetrying, retry_if_exception, stop_after_delay

from relay.errors import PlatformError, PostRejected, RelayError, TextRejected
from relay.model import Post, Retraction
from relay.replies.kept import KeptPosts
from relay.replies.outlet import TAKEN_BACK, Outlet, Posted
from relay.system import clock
from relay.system.backoff import backoff

log = logging.getLogger(__name__)

QUEUE: Final = 32
"""Replies that wait for one platform; the oldest is given up when a further one comes."""
GIVE_UP_AFTER: Final = 120.0
"""Seconds of trying to post before a reply is too old to be worth it."""
BACKOFF: Final = backoff(0.5, 5.0)
"""The replies behind it wait as well, and more than QUEUE of them are given up: who is back is to be found soon."""


class AnswersTakenBack(RelayError):
    """What the post answers was taken back."""


class PostQueue:
    """An outbox of this process, with what the one before it owed."""

    def __init__(self, outlet: Outlet, posted: Posted, kept: KeptPosts) -> None:
        self._outlet = outlet
        self._posted = posted
        self._kept = kept
        self._queue: asyncio.Queue[Sequence[Post]] = asyncio.Queue()
        self._given_up = 0
        self._withheld: set[str] = set()
        """Nonces of what waits, and answers what was taken back."""

    def put(self, posts: Sequence[Post]) -> None:
        """See Outbox."""
        if self._queue.qsize() >= QUEUE:
            self._give_up(self._queue.get_nowait())
            self._queue.task_done()
        self._kept.owe(posts)
        self._queue.put_nowait(posts)

    def retract(self, retraction: Retraction) -> None:
        """See Outbox."""
        self._withheld = {
            post.nonce
            for post in self._kept.owed()
            if post.nonce in self._withheld or answers_some_of(post, self._outlet.name, retraction)
        }

    async def run(self) -> None:
        """See Outbox."""
        left = await self._kept.left()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._kept.run())
            for each in left:
                post = each.post.model_copy(update={"in_doubt": each.is_begun})
                await self._post(post, within=GIVE_UP_AFTER - (clock.now() - each.since))
            await self._work_off()

    async def _work_off(self) -> None:
        while True:
            posts = await self._queue.get()
            try:
                for post in posts:
                    if not self._kept.is_done(post):
                        await self._post(post)
            finally:
                self._queue.task_done()
            if self._queue.empty() and self._given_up:
                log.warning("%s was slow: %d replies were given up", self._outlet.name, self._given_up)
                self._given_up = 0

    async def _post(self, post: Post, within: float | None = None) -> None:
        if self._is_withheld(post):
            self._kept.done(post)
            self._posted(self._outlet.name, post, TAKEN_BACK)
            return
        await self._kept.begin(post)
        written_post, problem = await written(self._outlet, post, within, self._is_withheld)
        self._kept.done(post)
        await self._kept.written()
        self._posted(self._outlet.name, written_post, problem)

    def _is_withheld(self, post: Post) -> bool:
        return post.nonce in self._withheld

    async def drain(self) -> None:
        """See Outbox."""
        await self._queue.join()

    def _give_up(self, posts: Sequence[Post]) -> None:
        if not self._given_up:
            log.warning("%s is slow: replies that wait too long are given up", self._outlet.name)
        self._given_up += 1
        for post in posts:
            self._kept.done(post)
            self._posted(self._outlet.name, post, f"given up: {self._outlet.name} is slow")


def answers_some_of(post: Post, platform: str, retraction: Retraction) -> bool:
    """Whether it answers what was taken back; what answers nothing does not."""
    places = post.places or [(platform, post.channel)]
    return bool(post.keys) and retraction.concerns(post.keys, post.authors, places)


async def written(
    outlet: Outlet, post: Post, within: float | None, is_withheld: Callable[[Post], bool]
) -> tuple[Post, str | None]:
    """The post as it was written, and why it could not be; None when it could. Never raises.

    It is not tried again after `within` seconds, GIVE_UP_AFTER if not given, and not at all where none are left.
    `is_withheld` is asked before each try: what a post answers may be taken back while it is tried again.
    """
    if within is None:
        within = GIVE_UP_AFTER
    elif within <= 0:
        log.warning("a reply waited too long for %s, and is given up", outlet.name)
        return post, f"given up: it waited for more than {GIVE_UP_AFTER:g} s"
    problem = await _try(outlet, post, within, is_withheld)
    if _is_about_the_parent(problem) and post.reply_to is not None:
        post = post.model_copy(update={"reply_to": None})
        problem = await _try(outlet, post, within, is_withheld)
    if problem is not None and not isinstance(problem, AnswersTakenBack):
        log.warning("a reply could not be posted to %s: %s", outlet.name, problem)
    return post, str(problem) if problem is not None else None


def _is_about_the_parent(problem: RelayError | None) -> bool:
    """It may be that what the post replies to is gone, or held."""
    return isinstance(problem, PostRejected) and not isinstance(problem, TextRejected)


async def _try(outlet: Outlet, post: Post, within: float, is_withheld: Callable[[Post], bool]) -> RelayError | None:
    """Post, again where that may help; the error when it cannot be done."""
    try:
        async for attempt in AsyncRetrying(
            retry=retry_if_exception(lambda e: isinstance(e, PlatformError) and e.retryable),
            stop=stop_after_delay(within),
            wait=BACKOFF,
            reraise=True,
        ):
            with attempt:
                if is_withheld(post):
                    raise AnswersTakenBack(TAKEN_BACK)
                await outlet.post(post)
    except RelayError as problem:
        return problem
    except Exception as mistake:  # a stream must not end because of one post
        log.exception("a reply could not be posted to %s", outlet.name)
        return RelayError(f"a mistake of the relay ({type(mistake).__name__})")
    return None
