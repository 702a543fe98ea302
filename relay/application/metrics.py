"""What a running relay tells Prometheus: its counts, how long things take, and how it is right now."""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import Final

from prometheus_client import CollectorRegistry, Gauge, Histogram, Metric
from prometheus_client.core import CounterMetricFamily
from prometheus_client.registry import Collector

from relay.application.composition import Relay
from relay.application.statistics import Statistics
from relay.errors import InboxError
from relay.model import Forward, Post
from relay.platforms.base import Platform, Unread
from relay.replies.replies import Step
from relay.speech.floor import FloorState
from relay.system import clock
from relay.system.bounded import remember
from relay.system.readiness import LOOK_WITHIN

REMEMBERED: Final = 256
"""Answers that are timed at once; some never come, or are never posted."""
WAITING: Final = (0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 30, 60, 120, 300, 600)
"""Seconds: from a quiet room, where nothing waits, to what an event is waited for."""
THINKING: Final = (0.1, 0.25, 0.5, 1, 1.5, 2, 3, 5, 8, 13, 20, 30, 60)
"""Seconds: what language models take to begin, up to the time after which an answer is given up."""
ANSWERING: Final = (0.25, 0.5, 1, 2, 3, 5, 8, 13, 20, 30, 60, 120, 300)
"""Seconds: the same with the speech, since what is spoken is posted when it was heard."""


class Metrics:
    """Measures a relay from now on, and adds what its statistics count. Each relay has a registry of its own."""

    def __init__(
        self,
        relay: Relay,
        statistics: Statistics,
        *,
        wall: Callable[[], float] = clock.now,
        steady: Callable[[], float] = time.monotonic,
    ) -> None:
        self.registry = CollectorRegistry()
        self.registry.register(_Totals(statistics, relay.platforms))
        _watch(relay, steady, self.registry)
        self._wall = wall
        self._steady = steady
        self._asked: OrderedDict[str, float] = OrderedDict()
        """When forwards were sent whose answer has not begun, by their ids."""
        self._answered: OrderedDict[str, float] = OrderedDict()
        """When the forward was sent, for replies that are not posted yet, by their ids."""
        self._waited = Histogram(
            "relay_waiting_seconds",
            "From hearing of a message to Voxta's taking it.",
            ["type"],
            buckets=WAITING,
            registry=self.registry,
        )
        self._began = Histogram(
            "relay_first_words_seconds",
            "From asking Voxta to the first words of the answer.",
            buckets=THINKING,
            registry=self.registry,
        )
        self._took = Histogram(
            "relay_answer_seconds",
            "From asking Voxta to the first post of the answer.",
            buckets=ANSWERING,
            registry=self.registry,
        )
        self._inbox = relay.inbox
        self._unsettled = Gauge("relay_inbox_messages", "Messages without an outcome yet.", registry=self.registry)
        self._answers = Gauge("relay_store_answers", "1 while the store answers.", registry=self.registry)
        relay.events.asking.subscribe(self._ask)
        relay.events.forwarded.subscribe(self._forward)
        relay.events.replied.subscribe(self._reply)
        relay.events.posted.subscribe(self._post)

    async def look(self) -> None:
        """Ask the store. What it said last stays when it does not answer."""
        try:
            async with asyncio.timeout(LOOK_WITHIN):
                self._unsettled.set(await self._inbox.waiting())
            self._answers.set(1)
        except (InboxError, TimeoutError):
            self._answers.set(0)

    def _ask(self, forward: Forward) -> None:
        if not forward.pretended:
            remember(self._asked, forward.id, self._steady(), REMEMBERED)

    def _forward(self, forward: Forward) -> None:
        if forward.pretended:
            return
        waited, now = self._waited.labels(type=forward.send_as.value), self._wall()
        for heard_at in forward.heard_at:
            waited.observe(max(0.0, now - heard_at))

    def _reply(self, step: Step) -> None:
        forward = step.reply.forward
        if forward is None or forward.id not in self._asked or not step.reply.text:
            return
        asked_at = self._asked.pop(forward.id)
        self._began.observe(self._steady() - asked_at)
        remember(self._answered, step.reply.id, asked_at, REMEMBERED)

    def _post(self, _: str, post: Post, error: str | None) -> None:
        if error is None and post.message_id is not None and post.message_id in self._answered:
            self._took.observe(self._steady() - self._answered.pop(post.message_id))


class _Totals(Collector):
    """The counts of the statistics, which the summary and the terminal show as well."""

    def __init__(self, statistics: Statistics, platforms: Sequence[Platform]) -> None:
        self._statistics = statistics
        self._platforms = platforms

    def collect(self) -> Iterator[Metric]:
        counted = self._statistics
        yield CounterMetricFamily("relay_received", "Messages and events from the audience.", counted.received)
        yield CounterMetricFamily("relay_duplicates", "Those that were delivered again.", counted.duplicates)
        yield CounterMetricFamily("relay_replies", "Answers of the companion that were released.", counted.replies)
        sent, posted, failed = counted.sent.items(), counted.posted.items(), counted.failed_posts.items()
        yield _each("relay_forwarded", "What Voxta took.", ("type",), (((send_as,), n) for send_as, n in sent))
        yield _each("relay_posted", "Posts.", ("platform",), (((name,), n) for name, n in posted))
        yield _each("relay_failed_posts", "Posts given up.", ("platform",), (((name,), n) for name, n in failed))
        yield _each("relay_unread_events", "Events that could not be read.", ("platform", "type"), self._unread())
        yield _each("relay_outcomes", "How messages ended.", ("outcome", "reason"), counted.reasons.items())

    def _unread(self) -> Iterator[tuple[Sequence[str], int]]:
        for platform in self._platforms:
            if isinstance(platform, Unread):
                yield from (((platform.name, type), count) for type, count in platform.unread().items())


def _each(name: str, told: str, labels: Sequence[str], counts: Iterable[tuple[Sequence[str], int]]) -> Metric:
    family = CounterMetricFamily(name, told, labels=labels)
    for values, count in counts:
        family.add_metric(values, count)
    return family


def _watch(relay: Relay, steady: Callable[[], float], registry: CollectorRegistry) -> None:
    """What is looked at when somebody asks."""
    queue = Gauge(
        "relay_queue_depth", "Messages that wait for their turn or a moderator.", ["queue"], registry=registry
    )
    queue.labels("waiting").set_function(lambda: len(relay.forwarder.waiting))
    queue.labels("held").set_function(lambda: len(relay.runtime.held()))
    oldest = Gauge(
        "relay_oldest_waiting_seconds",
        "How long the longest waits of what may be told; 0 for nothing.",
        registry=registry,
    )
    oldest.set_function(lambda: _age(relay.forwarder.waiting.oldest()))
    floor = Gauge("relay_floor_state", "1 for what the companion is at, 0 for the rest.", ["state"], registry=registry)
    for state in FloorState:
        floor.labels(state.value).set_function(partial(_is_at, relay, state, steady))
    talking = Gauge("relay_people_talking", "People whom the companion gives way to.", registry=registry)
    talking.set_function(lambda: len(relay.floor.speakers(steady())))
    platforms = Gauge("relay_platform_connected", "1 while the platform is heard.", ["platform"], registry=registry)
    for platform in relay.platforms:
        platforms.labels(platform.name).set_function(platform.listening.is_set)
    voxta = Gauge("relay_voxta_connected", "1 while Voxta is there.", registry=registry)
    voxta.set_function(lambda: relay.session.is_connected)


def _is_at(relay: Relay, state: FloorState, steady: Callable[[], float]) -> bool:
    return relay.floor.state(steady()) is state


def _age(at: float | None) -> float:
    return max(0.0, clock.now() - at) if at is not None else 0.0
