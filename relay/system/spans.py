"""Spans of OpenTelemetry, one trace for each message. Imported only where traces are wanted; see `[otel]` in pyproject.

The ids of a trace and of its first span follow from the companion's name and the message's key, so that every process
adds to the same trace and nothing has to be carried from one to the next. The usual `OTEL_…` variables of the
environment say where spans go, which are sampled, and what this service is called.
"""

import asyncio
import hashlib
import threading
from collections.abc import Mapping
from copy import copy
from typing import Final, Self

from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import OTELResourceDetector, Resource
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
from opentelemetry.sdk.trace.sampling import Decision
from opentelemetry.trace import NonRecordingSpan, SpanContext, StatusCode, TraceFlags, set_span_in_context

SERVICE: Final = "voxta-relay"
"""What the service is called unless `OTEL_SERVICE_NAME` says otherwise."""
MESSAGE: Final = "message"
"""The span that all others of a message are below."""
FLUSH_WITHIN: Final = 0.75
"""Seconds that the last spans get to reach whoever collects them."""

Attributes = Mapping[str, str | int | float | bool]


def trace_ids(companion: str, key: str) -> tuple[int, int]:
    """The ids of the trace of a message and of its first span: the beginning of the SHA-256 of `companion/key`."""
    digest = hashlib.sha256(f"{companion}/{key}".encode()).digest()
    return int.from_bytes(digest[:16]), int.from_bytes(digest[16:24])


class MessageSpans:
    """Records what happened to messages, once it is over; times are in seconds since the epoch.

    Every method returns at once. A collector that is not there costs spans and nothing else.
    """

    def __init__(self, companion: str, processor: SpanProcessor | None = None) -> None:
        """`processor` stands in for the one that exports as the environment wants it."""
        self._companion = companion
        self._ids = _ChosenIds()
        resource = Resource.create({"service.name": SERVICE}).merge(OTELResourceDetector().detect())
        self._provider = TracerProvider(resource=resource, id_generator=self._ids, shutdown_on_exit=False)
        self._provider.add_span_processor(processor or BatchSpanProcessor(OTLPSpanExporter()))
        self._tracer = self._provider.get_tracer(SERVICE)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        """Send what is left. The thread is no reason to go on when nobody takes it."""
        ending = threading.Thread(target=self._provider.shutdown, name="last spans", daemon=True)
        ending.start()
        await asyncio.to_thread(ending.join, FLUSH_WITHIN)

    def of(self, companion: str) -> "MessageSpans":
        """The same for the messages of another companion, which ends with this one."""
        other = copy(self)
        other._companion = companion
        return other

    def message(self, key: str, began: float, ended: float, attributes: Attributes) -> None:
        """The whole way of a message, from hearing of it to its outcome."""
        self._ids.chosen = trace_ids(self._companion, key)
        try:
            self._record(MESSAGE, Context(), key, began, ended, attributes)
        finally:
            self._ids.chosen = None

    def step(
        self, name: str, key: str, began: float, ended: float, attributes: Attributes, *, has_failed: bool = False
    ) -> None:
        """One part of it, below the span of the message, which need not be there yet."""
        self._record(name, self._below(key), key, began, ended, attributes, has_failed=has_failed)

    def _below(self, key: str) -> Context:
        trace, span = trace_ids(self._companion, key)
        decision = self._provider.sampler.should_sample(Context(), trace, MESSAGE).decision
        flags = TraceFlags(TraceFlags.SAMPLED if decision is Decision.RECORD_AND_SAMPLE else TraceFlags.DEFAULT)
        return set_span_in_context(NonRecordingSpan(SpanContext(trace, span, is_remote=True, trace_flags=flags)))

    def _record(
        self,
        name: str,
        context: Context,
        key: str,
        began: float,
        ended: float,
        attributes: Attributes,
        *,
        has_failed: bool = False,
    ) -> None:
        told = {"voxta_relay.companion": self._companion, "voxta_relay.message": key, **attributes}
        span = self._tracer.start_span(name, context, attributes=told, start_time=_nanoseconds(began))
        if has_failed:
            span.set_status(StatusCode.ERROR)
        span.end(_nanoseconds(max(began, ended)))


class _ChosenIds(RandomIdGenerator):
    """The ids that were chosen for the next span, else random ones."""

    chosen: tuple[int, int] | None = None

    def generate_trace_id(self) -> int:
        return self.chosen[0] if self.chosen else super().generate_trace_id()

    def generate_span_id(self) -> int:
        return self.chosen[1] if self.chosen else super().generate_span_id()


def _nanoseconds(seconds: float) -> int:
    return int(seconds * 1e9)
