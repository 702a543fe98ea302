"""What is always seen at the top of the desk."""

from types import SimpleNamespace
from typing import Any

import pytest

from relay.application.desk import strip
from relay.commands.explaining import Halt
from relay.moderation.switches import Switches
from relay.speech.floor import FloorState
from relay.web.desk.topics import Age


class Stage:
    """A strip over a floor that does as it is told, by a clock that does so, too."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 0.0
        monkeypatch.setattr(strip, "time", SimpleNamespace(monotonic=lambda: self.now))
        self.floor = FloorState.IDLE
        self.forwarder = SimpleNamespace(halt=None, waiting=())
        relay: Any = SimpleNamespace(
            floor=SimpleNamespace(state=lambda _: self.floor, speakers=lambda _: frozenset()),
            forwarder=self.forwarder,
            dialogue=SimpleNamespace(character="Ann"),
            speaker=None,
            runtime=SimpleNamespace(switches=Switches, held=tuple),
        )
        audio: Any = SimpleNamespace(streamers_microphone=None)
        lights: Any = SimpleNamespace(shown=tuple)
        self.strip = strip.Strip(relay, audio, lights)

    def since(self, now: float) -> Age:
        """When what the strip shows at this moment has begun."""
        self.now = now
        state: Any = self.strip.state()
        age = state["floor"]["since"]
        assert isinstance(age, Age)
        return age


@pytest.fixture
def stage(monkeypatch: pytest.MonkeyPatch) -> Stage:
    return Stage(monkeypatch)


def test_a_pause_is_as_old_as_itself_and_not_as_the_silence_before_it(stage: Stage) -> None:
    assert stage.since(300.0) == Age(0.0)

    stage.forwarder.halt = Halt.PAUSED
    assert stage.since(329.0) == stage.since(340.0) == Age(329.0)

    stage.forwarder.halt = None
    assert stage.since(350.0) == Age(350.0)


def test_a_pause_while_the_companion_speaks_leaves_the_time_it_has_spoken_for(stage: Stage) -> None:
    stage.floor = FloorState.SPEAKING
    assert stage.since(10.0) == Age(10.0)

    stage.forwarder.halt = Halt.PAUSED

    assert stage.since(12.0) == Age(10.0)
