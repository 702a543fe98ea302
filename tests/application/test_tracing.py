"""What traces tell of a message, whichever processes it passes through."""

import asyncio
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import StatusCode

from relay.application.events import Events
from relay.application.tracing import ANSWERS, Tracing, hearing, trace_post, traced
from relay.errors import ConfigError
from relay.model import Forward, Incoming, Outcome, Post, ReplyText, Retraction, SendAs, Settlement
from relay.replies.replies import Step
from relay.replies.reply import Reply
from relay.system.spans import MessageSpans, trace_ids
from tests.end_to_end.stage import message, settings

SECRETIVE = "what nobody else should read"


class Traced:
    """A companion whose events happen when a test says so, at the times it says."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.exporter = InMemorySpanExporter()
        self.events = Events()
        self.messages = MessageSpans("ann", SimpleSpanProcessor(self.exporter))
        Tracing(self.events, self.messages, wall=lambda: self.now)

    def spans(self) -> Sequence[ReadableSpan]:
        return self.exporter.get_finished_spans()

    def times(self) -> dict[str, tuple[float, float]]:
        """When each began and ended, in seconds."""
        return {span.name: (_seconds(span.start_time), _seconds(span.end_time)) for span in self.spans()}

    def settle(self, outcome: Outcome = Outcome.FORWARDED) -> None:
        self.events.settled([Settlement(key="twitch:m1", outcome=outcome, reason=SECRETIVE, at=self.now)])


@pytest.fixture
def relay() -> Iterator[Traced]:
    yield Traced()


def _seconds(nanoseconds: int | None) -> float:
    assert nanoseconds is not None
    return nanoseconds / 1e9


def forward(name: str = "f") -> Forward:
    return Forward(
        id=name,
        keys=("twitch:m1",),
        heard_at=(1000.0,),
        send_as=SendAs.USER,
        body=SECRETIVE,
        origins=(),
        chat_id="c",
        after_index=0,
    )


def post(nonce: str) -> Post:
    return Post(channel="c", text=SECRETIVE, message_id="r", nonce=nonce, keys=("twitch:m1",))


def answered(relay: Traced) -> None:
    """One message from its platform to the post of its answer."""
    reply = Reply("r", forward=forward())
    relay.now = 1001.0
    relay.events.arrived(message(1, SECRETIVE).model_copy(update={"at": 1000.0}))
    relay.now = 1002.0
    relay.events.asking(forward())
    relay.now = 1003.0
    relay.events.forwarded(forward())
    relay.settle()
    relay.now = 1004.0
    reply.sentences.feed(0, SECRETIVE)
    relay.events.replied(Step(reply))
    relay.now = 1005.0
    relay.events.released(ReplyText(message_id="r", character="Vox", text=SECRETIVE, keys=("twitch:m1",)))
    relay.now = 1006.0
    relay.events.posted("twitch", post("1"), None)


def test_a_trace_tells_each_part_of_the_way_with_its_time(relay: Traced) -> None:
    answered(relay)

    assert relay.times() == {
        "receive": (1000.0, 1001.0),
        "wait": (1000.0, 1002.0),
        "forward": (1002.0, 1003.0),
        "message": (1000.0, 1003.0),
        "think": (1002.0, 1004.0),
        "answer": (1004.0, 1005.0),
        "post": (1005.0, 1006.0),
    }


def test_all_of_it_is_one_trace_whose_ids_every_process_knows(relay: Traced) -> None:
    trace, first = trace_ids("ann", "twitch:m1")

    answered(relay)

    for span in relay.spans():
        assert span.context.trace_id == trace
        if span.name == "message":
            assert (span.context.span_id, span.parent) == (first, None)
        else:
            assert span.parent is not None and span.parent.span_id == first


def test_messages_and_companions_have_traces_of_their_own() -> None:
    ids = [trace_ids("ann", "twitch:1"), trace_ids("ann", "twitch:2"), trace_ids("ben", "twitch:1")]

    assert len({trace for trace, _ in ids}) == 3


def test_nothing_that_people_write_is_in_a_trace(relay: Traced) -> None:
    answered(relay)

    assert SECRETIVE not in "".join(span.to_json() for span in relay.spans())


def test_a_message_that_is_never_told_ends_with_its_outcome(relay: Traced) -> None:
    relay.events.arrived(message(1))
    relay.settle(Outcome.EXPIRED)

    whole = relay.spans()[-1]
    assert whole.attributes is not None
    assert (whole.name, whole.attributes["voxta_relay.outcome"], whole.attributes["voxta_relay.kind"]) == (
        "message",
        "expired",
        "chat",
    )


def test_a_post_that_failed_is_marked_so(relay: Traced) -> None:
    answered(relay)
    relay.events.posted("discord", post("2"), SECRETIVE)

    posts = [span for span in relay.spans() if span.name == "post"]
    assert [span.status.status_code for span in posts] == [StatusCode.UNSET, StatusCode.ERROR]


def test_what_is_only_pretended_has_no_trace(relay: Traced) -> None:
    relay.events.arrived(message(1, platform="desk"))
    relay.events.settled([Settlement(key="desk:m1", outcome=Outcome.FORWARDED, reason="", at=1.0)])

    assert relay.spans() == ()


def test_answers_that_never_come_are_forgotten(relay: Traced) -> None:
    for number in range(ANSWERS + 1):
        relay.events.asking(forward(f"f{number}"))
    for number in (0, ANSWERS):
        reply = Reply(f"r{number}", forward=forward(f"f{number}"))
        reply.sentences.feed(0, "Hello")
        relay.events.replied(Step(reply))

    assert [span.name for span in relay.spans()] == ["think"]


def test_processes_agree_on_which_traces_are_sampled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_TRACES_SAMPLER", "parentbased_traceidratio")
    monkeypatch.setenv("OTEL_TRACES_SAMPLER_ARG", "0.5")
    core, adapter = InMemorySpanExporter(), InMemorySpanExporter()
    ours, theirs = (MessageSpans("ann", SimpleSpanProcessor(each)) for each in (core, adapter))

    for number in range(40):
        ours.message(f"twitch:{number}", 1.0, 2.0, {})
        theirs.step("hear", f"twitch:{number}", 1.0, 2.0, {})

    sampled, told = (
        {span.context.trace_id for span in each.get_finished_spans() if span.context} for each in (core, adapter)
    )
    assert sampled == told
    assert 0 < len(sampled) < 40


async def test_traces_that_are_not_wanted_load_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "relay.system.spans", None)

    async with traced(settings(tmp_path), Events()):
        await asyncio.sleep(0)


async def test_traces_without_their_packages_say_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(sys.modules, "relay.system.spans")
    monkeypatch.setitem(sys.modules, "opentelemetry.context", None)

    with pytest.raises(ConfigError, match=r"operations\.traces.*: run `.*otel"):
        async with traced(settings(tmp_path, operations={"traces": True}), Events()):
            pass


def test_the_process_that_posts_tells_how_long_the_platform_took_in_the_same_trace(relay: Traced) -> None:
    trace_post(relay.messages, "write", "twitch", post("1"), (1006.5, 1007.0), None)

    [span] = relay.spans()
    assert (relay.times(), span.context and span.context.trace_id) == (
        {"write": (1006.5, 1007.0)},
        trace_ids("ann", "twitch:m1")[0],
    )


def test_an_answer_that_a_core_left_to_this_one_is_traced_from_when_it_was_found(relay: Traced) -> None:
    relay.events.released(ReplyText(message_id="r", character="Vox", text=SECRETIVE, keys=("twitch:m1",)))
    relay.now = 1001.0
    relay.events.posted("twitch", post("1"), None)

    assert relay.times() == {"post": (1000.0, 1001.0)}


async def test_an_adapter_tells_how_long_a_message_took_to_be_safe_in_the_same_trace(relay: Traced) -> None:
    brought: list[Incoming] = []

    async def receive(*incoming: Incoming) -> None:
        relay.now = 1000.25
        brought.extend(incoming)

    heard = message(1, SECRETIVE).model_copy(update={"at": 1000.0})
    retraction = Retraction(platform="twitch", reason="message deleted", id="m1")
    await hearing(receive, relay.messages, wall=lambda: relay.now)(heard, retraction)

    [span] = relay.spans()
    assert brought == [heard, retraction]
    assert (relay.times(), span.context and span.context.trace_id) == (
        {"hear": (1000.0, 1000.25)},
        trace_ids("ann", "twitch:m1")[0],
    )
