"""Who of several sinks leads, and what all of them do."""

from collections.abc import Iterable

import pytest

from relay.speech.base import Clip, Sink
from relay.speech.sink_group import SinkGroup
from tests.speech.fakes import SECOND, ManualSink

CLIP = Clip(id="c", message_id="r1", text="Hello.", pcm=SECOND)


class Deaf:
    """Is told of nothing that matters here."""

    def started(self, sink: Sink, clip: Clip) -> None: ...

    def ended(self, sink: Sink, clip: Clip) -> None: ...

    def changed(self, sink: Sink) -> None: ...


def group(*sinks: ManualSink) -> SinkGroup:
    together = SinkGroup()
    together.use(sinks, Deaf())
    return together


def queued(sinks: Iterable[ManualSink]) -> list[int]:
    return [len(sink.queue) for sink in sinks]


@pytest.mark.parametrize(
    ("sinks", "leader"),
    [
        ([ManualSink("a"), ManualSink("b")], "a"),
        ([ManualSink("a", is_open=False), ManualSink("b")], "b"),
        ([ManualSink("a", has_sound=False), ManualSink("b")], "b"),
        ([ManualSink("a", has_sound=False), ManualSink("b", is_open=False)], "a"),
        ([ManualSink("a", is_open=False)], "nobody"),
        ([], "nobody"),
    ],
)
def test_the_first_that_can_be_heard_leads(sinks: list[ManualSink], leader: str) -> None:
    together = group(*sinks)

    assert together.lead(is_busy=False, has_clips=False) is (leader != "nobody")
    assert together.leader_name == leader
    assert [together.is_led_by(sink) for sink in sinks] == [sink.name == leader for sink in sinks]


@pytest.mark.parametrize(("is_busy", "leader"), [(True, "b"), (False, "a")])
def test_who_leads_does_so_until_all_is_said(is_busy: bool, leader: str) -> None:
    first, second = ManualSink("a", is_open=False), ManualSink("b")
    together = group(first, second)
    together.lead(is_busy=True, has_clips=False)
    first.is_open = True

    assert together.lead(is_busy=is_busy, has_clips=True)
    assert together.leader_name == leader


@pytest.mark.parametrize(("has_clips", "leader"), [(True, "a"), (False, "b")])
def test_who_has_closed_leads_on_only_with_what_it_had(has_clips: bool, leader: str) -> None:
    first, second = ManualSink("a"), ManualSink("b")
    together = group(first, second)
    together.lead(is_busy=True, has_clips=False)
    first.is_open = False

    assert together.lead(is_busy=True, has_clips=has_clips) is not has_clips
    assert together.leader_name == leader
    together.depose()
    assert together.leader_name == "nobody"


def test_what_was_heard_is_what_the_leader_played() -> None:
    first, second = ManualSink("a"), ManualSink("b")
    together = group(first, second)
    together.play(CLIP)
    first.advance(0.4)
    second.advance(0.7)
    assert together.seconds_heard(CLIP) == 0.0, "nobody leads"

    together.lead(is_busy=True, has_clips=True)

    assert together.seconds_heard(CLIP) == 0.4


def test_only_those_that_are_open_get_clips_and_all_are_as_loud() -> None:
    sinks = ManualSink("a"), ManualSink("b", is_open=False), ManualSink("c")
    together = group(*sinks)

    together.play(CLIP)
    together.set_volume(0.5)

    assert queued(sinks) == [1, 0, 1]
    assert [sink.volume for sink in sinks] == [0.5, 0.5, 0.5]


def test_a_pause_holds_over_a_cut_until_it_goes_on() -> None:
    sinks = ManualSink("a"), ManualSink("b")
    together = group(*sinks)
    together.play(CLIP)
    assert not together.resume()

    together.pause()
    together.cut()
    assert (queued(sinks), [sink.is_paused for sink in sinks]) == ([0, 0], [True, True])

    assert together.resume()
    assert [sink.is_paused for sink in sinks] == [False, False]
    assert not together.resume()


@pytest.mark.parametrize("is_paused", [True, False])
def test_sinks_that_somebody_else_paused_or_let_go_on_come_back_in_line(is_paused: bool) -> None:
    sink = ManualSink("a")
    together = group(sink)
    if is_paused:
        together.pause()
    else:
        sink.pause()

    together.align()

    assert sink.is_paused is is_paused


def test_who_is_paused_already_is_not_paused_again() -> None:
    sink = ManualSink("a")
    together = group(sink)
    together.pause()
    sink.is_paused = False

    together.pause()

    assert not sink.is_paused
