"""The process that posts: for each platform one at a time, channel by channel, what cores have handed over."""

import asyncio
import logging
import math
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, Final, NamedTuple

from relay.application.processes.kinds import POST
from relay.application.processes.measures import EVERY_COMPANION, StreamLengths
from relay.application.processes.outbound import Ordered, Report, outbound, outbound_space, reports
from relay.application.watching import Watch
from relay.bus.bus import Bus
from relay.bus.lease import Lease
from relay.bus.presence import ProcessSign, Suits
from relay.bus.stream import StreamEntry
from relay.errors import InboxTaken, PostRejected
from relay.inbox.retry import with_retries
from relay.model import Post
from relay.platforms.info import PlatformInfo
from relay.replies.posting import GIVE_UP_AFTER, QUEUE, written
from relay.system.cancellation import checkpoint

log = logging.getLogger(__name__)

WAIT: Final = 1.0
"""Seconds one read waits for something new."""
AT_ONCE: Final = 256
"""Posts under way; what a channel's pace holds up does not hold up the others."""
POST_WITHIN: Final = GIVE_UP_AFTER
"""Seconds an adapter may take for one post: it keeps its platform's pace, and that of all who post there."""


class _Taken(NamedTuple):
    """A post under way."""

    entry: StreamEntry
    ordered: Ordered
    until: float
    """The time of the loop until when it is worth posting."""


class AdapterOutlet:
    """A platform as the process that posts has it: its adapter has the login, and hears its own posts come back."""

    def __init__(self, info: PlatformInfo[Any], service: str, bus: Bus) -> None:
        self.name = info.name
        self.service = service
        self.text_limit = info.text_limit
        self._bus = bus

    async def post(self, post: Post) -> None:
        """See Outlet. Where several processes have the login, it is the one that hears the channel that writes there.

        Only the process that was told of a use can answer it; the others refuse to.
        """
        if not post.answers_use:
            await self._have_posted(post, lambda sign: post.channel in sign.services[self.service]["channels"])
            return
        *others, last = [sign.id for sign in self._bus.presence.of(self.service)] or [""]
        for process in others:
            with suppress(PostRejected):
                await self._have_posted(post, _is(process))
                return
        await self._have_posted(post, _is(last))

    async def _have_posted(self, post: Post, suits: Suits) -> None:
        asked = post.model_dump(mode="json")
        await self._bus.calls.ask(self.service, "post", asked, within=POST_WITHIN, suits=suits)

    def channels(self) -> Sequence[str]:
        """None: whoever posts was told where to."""
        return ()


def _is(process: str) -> Suits:
    def is_it(sign: ProcessSign) -> bool:
        return sign.id == process

    return is_it


async def run_post(info: PlatformInfo[Any], account: str, bus: Bus, watch: Watch) -> None:
    """Post what cores want with this account, until asked to end; while another process does, stand by."""
    service = f"{POST}/{account}"
    waiting = StreamLengths({f"outbound/{account}": outbound(bus, account).length})
    with watch.exposition.telling_of(EVERY_COMPANION, waiting):
        await _take_turns(AdapterOutlet(info, account, bus), bus, watch, service)


async def _take_turns(outlet: AdapterOutlet, bus: Bus, watch: Watch, service: str) -> None:
    while not watch.asked.is_set():
        checkpoint()
        lease = bus.lease(outbound_space(outlet.service))
        await lease.stand_by()
        bus.presence.offer(service)
        try:
            with watch.finishing_this():
                await ChannelQueues(outlet, bus, lease).run(watch.asked)
        except* InboxTaken as taken:
            log.info("standing by: %s", taken.exceptions[0])
        finally:
            bus.presence.withdraw(service)
            await lease.release()


class ChannelQueues:
    """Posts of one account: in each channel one after the other, and all channels beside each other."""

    def __init__(self, outlet: AdapterOutlet, bus: Bus, lease: Lease) -> None:
        self._outlet = outlet
        self._bus = bus
        self._lease = lease
        self._stream = outbound(bus, outlet.service, lease)
        self._queues: dict[str, deque[_Taken]] = {}
        """By channel; one that is here is being worked off."""
        self._under_way: set[bytes] = set()
        self._done = asyncio.Event()

    async def run(self, asked: asyncio.Event) -> None:
        """Until asked to end and nothing is under way. Raises InboxTaken when another process has taken over."""
        async with asyncio.TaskGroup() as tasks:
            while not asked.is_set():
                checkpoint()
                self._done.clear()
                if (room := AT_ONCE - len(self._under_way)) <= 0:
                    await self._done.wait()
                    continue
                for entry in await with_retries(self._stream.read, room, WAIT):
                    if entry.id not in self._under_way:
                        await self._take(entry, tasks)

    async def _take(self, entry: StreamEntry, tasks: asyncio.TaskGroup) -> None:
        try:
            ordered = Ordered.model_validate_json(entry.item)
        except ValueError as problem:
            await with_retries(self._stream.set_aside, entry, problem)
            return
        self._under_way.add(entry.id)
        taken = _Taken(entry, ordered, asyncio.get_running_loop().time() + GIVE_UP_AFTER - entry.age)
        if (channel := ordered.post.channel) in self._queues:
            queue = self._queues[channel]
            queue.append(taken)
            if len(queue) > QUEUE:  # or a flood in one channel would take the place of all others'
                tasks.create_task(self._post(queue.popleft()._replace(until=-math.inf)))
        else:
            self._queues[channel] = deque([taken])
            tasks.create_task(self._work_off(channel))

    async def _work_off(self, channel: str) -> None:
        queue = self._queues[channel]
        while queue:
            await self._post(queue.popleft())
        del self._queues[channel]

    async def _post(self, taken: _Taken) -> None:
        entry, ordered, until = taken
        post = ordered.post.model_copy(update={"in_doubt": entry.was_read})
        await with_retries(self._lease.make_sure)
        post, problem = await written(self._outlet, post, until - asyncio.get_running_loop().time())
        told = reports(self._bus, ordered.companion, self._outlet.name)
        await with_retries(told.append, [Report(post=post, error=problem).model_dump_json().encode()])
        await with_retries(self._stream.acknowledge, [entry.id])
        self._under_way.discard(entry.id)
        self._done.set()
