from collections.abc import Callable
from typing import Any

import pytest

from relay.application.processes.remote_sink import RemoteSink
from relay.speech.base import RATE, Clip, Sink


def clip(id: str, seconds: float = 2.0) -> Clip:
    return Clip(id=id, message_id="m", text="", pcm=bytes(2 * round(RATE * seconds)))


class Ear:
    """What the sink's listener hears."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, str]] = []

    def started(self, sink: Sink, clip: Clip) -> None:
        self.heard.append(("started", clip.id))

    def ended(self, sink: Sink, clip: Clip) -> None:
        self.heard.append(("ended", clip.id))

    def changed(self, sink: Sink) -> None:
        self.heard.append(("changed", str(sink.is_open)))


class Stage:
    """A sink whose other process and clock the test is."""

    def __init__(self) -> None:
        self.now = 100.0
        self.said: list[tuple[Any, ...]] = []
        self.ear = Ear()
        self.sink = RemoteSink("discord", lambda: self.now)
        self.sink.listen(self.ear)
        self.sink.attach(lambda *said: self.said.append(said))
        self.tells("open", True, True)

    def tells(self, what: str, *about: Any) -> None:
        hears: Callable[..., None] = self.sink.hears[what]
        hears(*about)


@pytest.fixture
def stage() -> Stage:
    return Stage()


def test_how_much_was_heard_follows_the_clock_until_it_is_told_exactly(stage: Stage) -> None:
    first = clip("one")
    stage.sink.play(first)
    assert stage.sink.seconds_heard(first) == 0.0

    stage.tells("started", "one", 0)
    stage.now += 0.5
    assert stage.sink.seconds_heard(first) == pytest.approx(0.5)

    stage.sink.pause()
    stage.tells("heard", {"one": 0.46})
    stage.now += 3.0
    assert stage.sink.seconds_heard(first) == pytest.approx(0.46), "it stands still"

    stage.sink.resume()
    stage.now += 0.2
    assert stage.sink.seconds_heard(first) == pytest.approx(0.66)
    stage.now += 9.0
    assert stage.sink.seconds_heard(first) == first.duration, "no more than there is"


def test_what_was_reported_before_a_cut_does_not_count(stage: Stage) -> None:
    first = clip("one")
    stage.sink.play(first)
    stage.tells("started", "one", 0)
    stage.now += 0.5
    stage.sink.cut()

    stage.tells("ended", "one", 0)

    assert stage.ear.heard[1:] == [("started", "one")]
    assert stage.sink.seconds_heard(first) == pytest.approx(0.5)


def test_to_go_on_is_told_with_what_is_known_of_people(stage: Stage) -> None:
    stage.sink.signs = 3

    stage.sink.resume()
    stage.sink.cut()

    assert stage.said[-2:] == [("resume", 3), ("cut", 1, 3)]


def test_what_was_on_its_way_is_forgotten_when_the_other_process_is_gone(stage: Stage) -> None:
    stage.sink.set_volume(0.4)
    stage.sink.play(clip("one"))

    stage.sink.detach()
    stage.sink.play(clip("two"))

    assert stage.sink.to_bring.empty()
    assert stage.ear.heard == [("changed", "True"), ("changed", "False")]
    stage.said.clear()
    stage.sink.attach(lambda *said: stage.said.append(said))
    assert stage.said == [("volume", 0.4)], "the next one is told how loud it is"
