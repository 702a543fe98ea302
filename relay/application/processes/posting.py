"""The process that posts: for each platform one at a time, channel by channel, what cores have handed over."""

import asyncio
import logging
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from pydantic import TypeAdapter

from relay.application.processes.kinds import POST, platform_service
from relay.application.processes.measures import EVERY_COMPANION, StreamLengths
from relay.application.processes.outbound import Ordered, Report, TakenBack, outbound, outbound_space, reports
from relay.application.tracing import trace_post, wanted_spans
from relay.application.watching import Watch
from relay.bus.bus import Bus
from relay.bus.lease import Lease
from relay.bus.presence import ProcessSign, Suits
from relay.bus.stream import StreamEntry
from relay.config.loading import Config
from relay.errors import InboxTaken, PostRejected
from relay.inbox.retry import with_retries
from relay.model import Post
from relay.platforms.info import PlatformInfo
from relay.replies.outlet import TAKEN_BACK
from relay.replies.posting import GIVE_UP_AFTER, QUEUE, answers_some_of, written
from relay.system import clock
from relay.system.cancellation import checkpoint

if TYPE_CHECKING:
    from relay.system.spans import MessageSpans

log = logging.getLogger(__name__)

WAIT: Final = 1.0
"""Seconds one read waits for something new."""
AT_ONCE: Final = 256
"""Posts under way; what a channel's pace holds up does not hold up the others."""
POST_WITHIN: Final = GIVE_UP_AFTER
"""Seconds an adapter may take for one post: it keeps its platform's pace, and that of all who post there."""

_ASKED: Final = TypeAdapter[Ordered | TakenBack](Ordered | TakenBack)


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


async def run_post(info: PlatformInfo[Any], config: Config, bus: Bus, watch: Watch) -> None:
    """Post what cores want with this account, until asked to end; while another process does, stand by."""
    account = platform_service(info, config)
    waiting = StreamLengths({f"outbound/{account}": outbound(bus, account).length})
    with watch.exposition.telling_of(EVERY_COMPANION, waiting):
        async with wanted_spans(config) as spans:
            await _take_turns(AdapterOutlet(info, account, bus), bus, watch, spans)


async def _take_turns(outlet: AdapterOutlet, bus: Bus, watch: Watch, spans: "MessageSpans | None") -> None:
    service = f"{POST}/{outlet.service}"
    while not watch.asked.is_set():
        checkpoint()
        lease = bus.lease(outbound_space(outlet.service))
        await lease.stand_by()
        bus.presence.offer(service)
        try:
            with watch.finishing_this():
                await ChannelQueues(outlet, bus, lease, spans).run(watch.asked)
        except* InboxTaken as taken:
            log.info("standing by: %s", taken.exceptions[0])
        finally:
            bus.presence.withdraw(service)
            await lease.release()


class ChannelQueues:
    """Posts of one account: in each channel one after the other, and all channels beside each other."""

    def __init__(self, outlet: AdapterOutlet, bus: Bus, lease: Lease, spans: "MessageSpans | None" = None) -> None:
        self._spans = spans
        self._outlet = outlet
        self._bus = bus
        self._lease = lease
        self._stream = outbound(bus, outlet.service, lease)
        self._queues: dict[str, deque[_Taken]] = {}
        """By channel; one that is here is being worked off."""
        self._tried: dict[bytes, Ordered] = {}
        """What is being posted, by its entry."""
        self._withheld: set[bytes] = set()
        """Of that, what answers what was taken back since, and is not tried again."""
        self._under_way: set[bytes] = set()
        self._done = asyncio.Event()

    async def run(self, asked: asyncio.Event) -> None:
        """Until asked to end and nothing is under way. Raises InboxTaken when another process has taken over."""
        with self._stream.followed():
            async with asyncio.TaskGroup() as tasks:
                await self._take_in(tasks, asked)

    async def _take_in(self, tasks: asyncio.TaskGroup, asked: asyncio.Event) -> None:
        while not asked.is_set():
            checkpoint()
            self._done.clear()
            if (room := AT_ONCE - len(self._under_way)) <= 0:
                await self._done.wait()
                continue
            known = set(self._under_way)  # it comes again after a read that failed, and may be done by then
            entries = await with_retries(self._stream.read, room, WAIT)
            if any(entry.was_read for entry in entries):  # what it answers may have been taken back since
                entries += await with_retries(self._stream.read, room, 0)
            for entry in entries:
                if entry.id not in known:
                    known.add(entry.id)
                    await self._take(entry, tasks)

    async def _take(self, entry: StreamEntry, tasks: asyncio.TaskGroup) -> None:
        try:
            ordered = _ASKED.validate_json(entry.item)
        except ValueError as problem:
            await with_retries(self._stream.set_aside, entry, problem)
            return
        self._under_way.add(entry.id)
        if isinstance(ordered, TakenBack):
            tasks.create_task(self._withhold(entry, list(self._take_back(ordered))))
            return
        taken = _Taken(entry, ordered, asyncio.get_running_loop().time() + GIVE_UP_AFTER - entry.age)
        if (channel := ordered.post.channel) in self._queues:
            queue = self._queues[channel]
            queue.append(taken)
            if len(queue) > QUEUE:  # or a flood in one channel would take the place of all others'
                tasks.create_task(self._give_up(queue.popleft()))
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
        self._tried[entry.id] = ordered
        await with_retries(self._lease.make_sure)
        began = clock.now()
        left = until - asyncio.get_running_loop().time()
        post, problem = await written(self._outlet, post, left, lambda _: entry.id in self._withheld)
        del self._tried[entry.id]
        self._withheld.discard(entry.id)
        if self._spans is not None:
            spans = self._spans.of(ordered.companion)
            trace_post(spans, "write", self._outlet.name, post, (began, clock.now()), problem)
        await self._report(entry, Report(post=post, error=problem), ordered.companion)

    async def _give_up(self, taken: _Taken) -> None:
        log.warning("%s is slow: a reply of which %d wait behind it is given up", self._outlet.name, QUEUE)
        await with_retries(self._lease.make_sure)
        report = Report(post=taken.ordered.post, error=f"given up: {self._outlet.name} is slow")
        await self._report(taken.entry, report, taken.ordered.companion)

    def _take_back(self, asked: TakenBack) -> Iterator[_Taken]:
        """What waits, and answers what was taken back; it waits no more. What is posted now is not tried again."""
        self._withheld |= {id for id, ordered in self._tried.items() if self._is_taken_back(ordered, asked)}
        for queue in self._queues.values():
            for taken in list(queue):
                if self._is_taken_back(taken.ordered, asked):
                    queue.remove(taken)
                    yield taken

    def _is_taken_back(self, ordered: Ordered, asked: TakenBack) -> bool:
        is_theirs = ordered.companion == asked.companion
        return is_theirs and answers_some_of(ordered.post, self._outlet.name, asked.retraction)

    async def _withhold(self, entry: StreamEntry, withheld: Sequence[_Taken]) -> None:
        await with_retries(self._lease.make_sure)
        for taken in withheld:
            report = Report(post=taken.ordered.post, error=TAKEN_BACK)
            await self._report(taken.entry, report, taken.ordered.companion)
        await self._is_done(entry)

    async def _report(self, entry: StreamEntry, report: Report, companion: str) -> None:
        told = reports(self._bus, companion, self._outlet.name)
        await with_retries(told.append, [report.model_dump_json().encode()])
        await self._is_done(entry)

    async def _is_done(self, entry: StreamEntry) -> None:
        await with_retries(self._stream.acknowledge, [entry.id])
        self._under_way.discard(entry.id)
        self._done.set()
