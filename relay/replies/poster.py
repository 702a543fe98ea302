"""Which posts a reply becomes, and in which channels; each platform posts them in its own pace."""

import asyncio
import hashlib
import uuid
from collections.abc import Iterable, Iterator, Mapping

from relay.config import RepliesSection
from relay.model import Forward, Origin, Post, Quoted, ReplyText, Retraction
from relay.moderation.outbound import fit_to_post
from relay.replies.kept import KeptPosts, PostStore
from relay.replies.outlet import Outbox, Outlet, Posted, PostsElsewhere, Typing
from relay.replies.posting import PostQueue
from relay.replies.splitting import split


class Poster:
    """`queue` accepts a reply at once; `run` posts until cancelled."""

    def __init__(
        self, settings: RepliesSection, platforms: Iterable[Outlet], posted: Posted, store: PostStore | None = None
    ) -> None:
        """What is to be posted is kept in the store, where there is one."""
        self.settings = settings
        self._platforms: Mapping[str, Outlet] = {platform.name: platform for platform in platforms}
        self._expected: asyncio.Queue[Origin] = asyncio.Queue()
        self._outboxes: Mapping[str, Outbox] = {
            name: platform.outbox(posted)
            if isinstance(platform, PostsElsewhere)
            else PostQueue(platform, posted, KeptPosts(store, name))
            for name, platform in self._platforms.items()
        }

    def queue(self, reply: ReplyText) -> None:
        """Queue a reply for every channel it belongs to."""
        for origin in self._targets(reply):
            self._queue(origin, fit_to_post(reply.text), reply)

    def retract(self, retraction: Retraction) -> None:
        """Post nothing any more that answers what was taken back, as far as it waits."""
        for outbox in self._outboxes.values():
            outbox.retract(retraction)

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
            for outbox in self._outboxes.values():
                tasks.create_task(outbox.run())

    async def _show_typing(self) -> None:
        while True:
            origin = await self._expected.get()
            platform = self._platforms.get(origin.platform)
            if isinstance(platform, Typing):
                await platform.typing(origin.channel)

    async def drain(self) -> None:
        """Wait until everything taken so far is posted or given up."""
        for outbox in self._outboxes.values():
            await outbox.drain()

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
                known = {origin.place for origin in asked}
                return asked + [each for each in self._places() if each.place not in known]

    def _places(self) -> list[Origin]:
        return [
            Origin(platform=name, channel=channel)
            for name, platform in self._platforms.items()
            for channel in platform.channels()
        ]

    def _queue(self, origin: Origin, text: str, reply: ReplyText | None = None) -> None:
        room = self._platforms[origin.platform].text_limit - len(origin.asked) * Quoted.ROOM
        self._outboxes[origin.platform].put(list(self._posts(origin, split(text, room), reply)))

    def _posts(self, origin: Origin, pieces: Iterable[str], reply: ReplyText | None) -> Iterator[Post]:
        name = reply.message_id if reply is not None else uuid.uuid4().hex
        for number, piece in enumerate(filter(None, map(fit_to_post, pieces))):
            nonce = hashlib.sha256(f"{name}/{origin.channel}/{number}".encode()).hexdigest()[:25]
            reply_to = origin.reply_to if number == 0 and self.settings.as_reply else None
            yield Post(
                channel=origin.channel,
                text=piece,
                reply_to=reply_to,
                use=origin.use,
                asked=origin.asked if number == 0 else (),
                message_id=reply.message_id if reply is not None else None,
                nonce=nonce,
                keys=reply.keys if reply is not None else (),
                authors=reply.authors if reply is not None else (),
                places=reply.places if reply is not None else (),
            )
