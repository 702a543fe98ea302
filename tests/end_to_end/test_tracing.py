"""A trace on its way to a collector, by OpenTelemetry's own protocol over HTTP."""

from collections.abc import Sequence
from pathlib import Path

import pytest
from aiohttp import web
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from relay.application.tracing import traced
from relay.companion.serving.server import CompanionServer
from relay.platforms.base import Platform
from relay.system import spans
from relay.system.http_server import HttpServer
from relay.system.spans import trace_ids
from tests.end_to_end.stage import RecordingPlatform, message, relaying, settings
from tests.support import PATIENCE, eventually


async def test_a_running_relay_sends_its_spans_to_a_collector(
    tmp_path: Path,
    companion: CompanionServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    collected: list[ExportTraceServiceRequest] = []

    async def collect(request: web.Request) -> web.Response:
        collected.append(ExportTraceServiceRequest.FromString(await request.read()))
        return web.Response(content_type="application/x-protobuf")

    app = web.Application()
    app.router.add_post("/v1/traces", collect)
    collector = HttpServer(app, "127.0.0.1", 0, stop_within=1.0)
    await collector.start()
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url)
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_COMPRESSION", "none")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", f"{PATIENCE:.0f}")
    monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "3600000")  # everything goes in one request, at the end
    monkeypatch.setattr(spans, "FLUSH_WITHIN", PATIENCE)
    twitch = RecordingPlatform("twitch")
    config = settings(tmp_path, operations={"traces": True})

    def platforms(*_: object) -> Sequence[Platform]:
        return [twitch]

    try:
        async with relaying(config, companion.url, platforms) as (relay, _), traced(config, relay.events):
            await relay.receive(message(1))
            await eventually(lambda: len(twitch.posts) == 1)
            await relay.quiet(empty=True)
    finally:
        await collector.stop()

    [resource] = [each for request in collected for each in request.resource_spans]
    told = [span for scope in resource.scope_spans for span in scope.spans]
    names = {pair.key: pair.value.string_value for pair in resource.resource.attributes}
    assert names["service.name"] == "voxta-relay"
    assert {span.name for span in told} == {"receive", "wait", "forward", "message", "think", "answer", "post"}
    assert {int.from_bytes(span.trace_id) for span in told} == {trace_ids(config.relay.name, "twitch:m1")[0]}
