"""One trace for each message, from the platform to the post of its answer. Nothing that people write goes into it."""

from collections import OrderedDict
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final, NamedTuple, TypeVar

from relay.application.events import Events
from relay.config.loading import Config
from relay.errors import ConfigError
from relay.model import AudienceMessage, Forward, Incoming, Post, ReplyText, Settlement
from relay.platforms.base import Receive
from relay.replies.replies import Step
from relay.system import clock
from relay.system.bounded import remember

if TYPE_CHECKING:
    from relay.system.spans import MessageSpans

WAITING: Final = 10_000
"""Messages whose beginning is remembered; those beyond begin where their outcome is."""
ANSWERS: Final = 256
"""Answers that are followed at once; some never come, or are never posted."""

V = TypeVar("V")


class _Heard(NamedTuple):
    at: float
    kind: str


class Tracing:
    """Tells `spans` of each message by what it hears in `events`."""

    def __init__(self, events: Events, spans: "MessageSpans", *, wall: Callable[[], float] = clock.now) -> None:
        self._spans = spans
        self._wall = wall
        self._heard: OrderedDict[str, _Heard] = OrderedDict()
        """By key, without an outcome yet."""
        self._asked: OrderedDict[str, float] = OrderedDict()
        """When forwards were sent whose answer has not begun, by their ids."""
        self._begun: OrderedDict[str, float] = OrderedDict()
        """When the first words of answers were there, by their ids."""
        self._released: OrderedDict[str, float] = OrderedDict()
        """When answers were given to be posted, by their ids; each may become several posts."""
        events.arrived.subscribe(self._arrive)
        events.asking.subscribe(self._ask)
        events.forwarded.subscribe(self._forward)
        events.replied.subscribe(self._reply)
        events.released.subscribe(self._release)
        events.posted.subscribe(self._post)
        events.settled.subscribe(self._settle)

    def _arrive(self, message: AudienceMessage) -> None:
        if message.pretended or message.key in self._heard:
            return
        remember(self._heard, message.key, _Heard(message.at, message.kind.value), WAITING)
        told = {"voxta_relay.platform": message.platform, "voxta_relay.kind": message.kind.value}
        self._spans.step("receive", message.key, message.at, self._wall(), told)

    def _ask(self, forward: Forward) -> None:
        if not forward.pretended:
            remember(self._asked, forward.id, self._wall(), ANSWERS)

    def _forward(self, forward: Forward) -> None:
        if forward.pretended:
            return
        now = self._wall()
        sent_at = self._asked.get(forward.id, now)
        told = {"voxta_relay.send_as": forward.send_as.value, "voxta_relay.together": len(forward.keys)}
        for key, heard_at in zip(forward.keys, forward.heard_at, strict=False):
            if key not in self._heard:  # heard by the run before this one
                remember(self._heard, key, _Heard(heard_at, ""), WAITING)
            self._spans.step("wait", key, heard_at, sent_at, {})
            self._spans.step("forward", key, sent_at, now, told)

    def _reply(self, step: Step) -> None:
        reply, forward = step.reply, step.reply.forward
        if forward is None or not reply.text or (asked_at := self._asked.pop(forward.id, None)) is None:
            return
        now = self._wall()
        remember(self._begun, reply.id, now, ANSWERS)
        for key in forward.keys:
            self._spans.step("think", key, asked_at, now, {})

    def _release(self, reply: ReplyText) -> None:
        now = self._wall()
        begun = self._begun.pop(reply.message_id, None)
        if reply.pretended or not reply.keys:
            return
        remember(self._released, reply.message_id, now, ANSWERS)
        if begun is not None:  # else a core before this one was answered
            for key in reply.keys:
                self._spans.step("answer", key, begun, now, {})

    def _post(self, platform: str, post: Post, error: str | None) -> None:
        if (released_at := self._released.get(post.message_id or "")) is not None:
            trace_post(self._spans, "post", platform, post, (released_at, self._wall()), error)

    def _settle(self, settlements: Sequence[Settlement]) -> None:
        for each in settlements:
            if each.pretended:
                continue
            at, kind = self._heard.pop(each.key, _Heard(each.at, ""))
            told = {"voxta_relay.platform": each.key.partition(":")[0], "voxta_relay.outcome": each.outcome.value}
            self._spans.message(each.key, at, each.at, told | ({"voxta_relay.kind": kind} if kind else {}))


def trace_post(
    spans: "MessageSpans", name: str, platform: str, post: Post, time: tuple[float, float], error: str | None
) -> None:
    """Tell in the traces of all that a post answers from when to when it was posted, in seconds since the epoch."""
    for key in post.keys:
        spans.step(name, key, *time, {"voxta_relay.platform": platform}, has_failed=error is not None)


def hearing(receive: Receive, spans: "MessageSpans", *, wall: Callable[[], float] = clock.now) -> Receive:
    """The same for an adapter, with a span of how long it took until a message was safe."""

    async def receive_traced(*incoming: Incoming) -> None:
        await receive(*incoming)
        now = wall()
        for each in incoming:
            if isinstance(each, AudienceMessage):
                told = {"voxta_relay.platform": each.platform, "voxta_relay.kind": each.kind.value}
                spans.step("hear", each.key, each.at, now, told)

    return receive_traced


@asynccontextmanager
async def heard(config: Config, receive: Receive) -> AsyncIterator[Receive]:
    """What an adapter's platform is built with, traced where the settings want it. Raises ConfigError."""
    async with wanted_spans(config) as spans:
        yield receive if spans is None else hearing(receive, spans)


@asynccontextmanager
async def traced(config: Config, events: Events) -> AsyncIterator[None]:
    """Trace for as long as the context lasts, where the settings want it. Raises ConfigError."""
    async with wanted_spans(config) as spans:
        if spans is not None:
            Tracing(events, spans)
        yield


@asynccontextmanager
async def wanted_spans(config: Config) -> AsyncIterator["MessageSpans | None"]:
    """None where the settings want no traces. Raises ConfigError."""
    if not config.operations.traces:
        yield None
        return
    async with spans_of(config) as spans:
        yield spans


def spans_of(config: Config) -> "MessageSpans":
    """What this process records for one companion. Raises ConfigError without the packages that it needs."""
    try:
        from relay.system.spans import MessageSpans
    except ModuleNotFoundError as missing:
        from relay.system.installed import way_to

        raise ConfigError(
            f"operations.traces = true needs packages that are not here ({missing.name}): "
            f"{way_to('otel')}, or set operations.traces = false"
        ) from None
    return MessageSpans(config.relay.name)
