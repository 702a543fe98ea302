"""Posts replies to the channels they belong to, each platform in its own pace."""

import asyncio
import hashlib
import logging
import uuid
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from tenacity import AsyncRetrying, RetryCallState, retry_if_exception, stop_after_delay, wait_exponential_jitter

from relay.config import RepliesSection
from relay.errors import PlatformError, PostRejected, RateLimited, RelayError
from relay.model import Forward, Origin, Post, Quoted, ReplyText
from relay.moderation.outbound import fit_to_post
from relay.replies.outlet import Outlet, Typing
from relay.replies.splitting import split

log = logging.getLogger(__name__)

QUEUE = 32
"""Replies that wait for one platform; the oldest is given up when a further one comes."""
GIVE_UP_AFTER = 120.0
"""Seconds of trying to post before a reply is too old to be worth it."""

Posted = Callable[[str, Post, str | None], None]
"""Hears of each post: the platform, the post, and the error when it failed for good."""


class Poster:
    """`queue` accepts a reply at once; `run` posts until cancelled."""

    def __init__(self, settings: RepliesSection, platforms: Iterable[Outlet], posted: Posted) -> None:
        self.settings = settings
        self._platforms: Mapping[str, Outlet] = {platform.name: platform for platform in platforms}
        self._posted = posted
        self._expected: asyncio.Queue[Origin] = asyncio.Queue()
        self._queues: dict[str, asyncio.Queue[Sequence[Post]]] = {name: asyncio.Queue() for name in self._platforms}
        self._given_up: Counter[str] = Counter()

    def queue(self, reply: ReplyText) -> None:
        """Queue a reply for every channel it belongs to."""
        for origin in self._targets(reply):
            self._queue(origin, fit_to_post(reply.text), reply.message_id)

    def tell(self, origin: Origin, text: str) -> None:
        """Queue what the relay itself has to say to somebody."""
        self._queue(origin, fit_to_post(text))

    def announce(self, about: Outlet, line: str) -> None:
        """Queue a line about one platform for the first channel of each other, unless posts are not wanted."""
        if self.settings.post_to == "nowhere":
            return
        for name, platform in self._platforms.items():
            if platform is not about and (channels := platform.channels()):
                self.tell(Origin(platform=name, channel=channels[0]), line)

    def expect(self, forward: Forward) -> None:
        """Show that an answer is on its way, where it will be posted and the platform can."""
        if self.settings.post_to != "nowhere":
            for origin in forward.origins:
                self._expected.put_nowait(origin)

    async def run(self) -> None:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._show_typing())
            for name, platform in self._platforms.items():
                tasks.create_task(self._post_all(platform, self._queues[name]))

    async def _show_typing(self) -> None:
        while True:
            origin = await self._expected.get()
            platform = self._platforms.get(origin.platform)
            if isinstance(platform, Typing):
                await platform.typing(origin.channel)

    async def drain(self) -> None:
        """Wait until everything taken so far is posted or given up."""
        for queue in self._queues.values():
            await queue.join()

    def _targets(self, reply: ReplyText) -> list[Origin]:
        asked = [origin for origin in reply.origins if origin.platform in self._platforms]
        if reply.pretended:
            return asked
        match self.settings.post_to:
            case "nowhere":
                return []
            case "origin":
                return asked
            case "everywhere":
                known = {(origin.platform, origin.channel) for origin in asked}
                return asked + [place for place in self._places() if (place.platform, place.channel) not in known]

    def _places(self) -> list[Origin]:
        return [
            Origin(platform=name, channel=channel)
            for name, platform in self._platforms.items()
            for channel in platform.channels()
        ]

    def _queue(self, origin: Origin, text: str, message_id: str | None = None) -> None:
        platform, queue = self._platforms[origin.platform], self._queues[origin.platform]
        if queue.qsize() >= QUEUE:
            self._give_up(platform, queue.get_nowait())
            queue.task_done()
        room = len(origin.asked) * Quoted.ROOM
        queue.put_nowait(list(self._posts(origin, split(text, platform.text_limit - room), message_id)))

    def _posts(self, origin: Origin, pieces: Iterable[str], message_id: str | None) -> Iterator[Post]:
        name = message_id or uuid.uuid4().hex
        for number, piece in enumerate(filter(None, map(fit_to_post, pieces))):
            nonce = hashlib.sha256(f"{name}/{origin.channel}/{number}".encode()).hexdigest()[:25]
            reply_to = origin.reply_to if number == 0 and self.settings.as_reply else None
            yield Post(
                channel=origin.channel,
                text=piece,
                reply_to=reply_to,
                use=origin.use,
                asked=origin.asked if number == 0 else (),
                message_id=message_id,
                nonce=nonce,
            )

    def _give_up(self, platform: Outlet, posts: Sequence[Post]) -> None:
        if not self._given_up[platform.name]:
            log.warning("%s is slow: replies that wait too long are given up", platform.name)
        self._given_up[platform.name] += 1
        for post in posts:
            self._posted(platform.name, post, f"given up: {platform.name} is slow")

    async def _post_all(self, platform: Outlet, queue: asyncio.Queue[Sequence[Post]]) -> None:
        while True:
            posts = await queue.get()
            try:
                for post in posts:
                    await self._post(platform, post)
            finally:
                queue.task_done()
            if queue.empty() and (count := self._given_up.pop(platform.name, 0)):
                log.warning("%s was slow: %d replies were given up", platform.name, count)

    async def _post(self, platform: Outlet, post: Post) -> None:
        problem = await self._try(platform, post)
        if isinstance(problem, PostRejected) and post.reply_to is not None:  # what it replies to may be gone, or held
            post = post.model_copy(update={"reply_to": None})
            problem = await self._try(platform, post)
        if problem is not None:
            log.warning("a reply could not be posted to %s: %s", platform.name, problem)
        self._posted(platform.name, post, str(problem) if problem is not None else None)

    async def _try(self, platform: Outlet, post: Post) -> RelayError | None:
        """Post, again where that may help; the error when it cannot be done."""
        try:
            async for attempt in AsyncRetrying(
                retry=retry_if_exception(lambda e: isinstance(e, PlatformError) and e.retryable),
                stop=stop_after_delay(GIVE_UP_AFTER),
                wait=_wait,
                reraise=True,
            ):
                with attempt:
                    await platform.post(post)
        except RelayError as problem:
            return problem
        except Exception as mistake:  # a stream must not end because of one post
            log.exception("a reply could not be posted to %s", platform.name)
            return RelayError(f"a mistake of the relay ({type(mistake).__name__})")
        return None


_backoff = wait_exponential_jitter(multiplier=0.5, max=20, jitter=0.5)


def _wait(state: RetryCallState) -> float:
    problem = state.outcome.exception() if state.outcome else None
    return problem.retry_after if isinstance(problem, RateLimited) else _backoff(state)
