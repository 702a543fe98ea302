"""Each condition of events and actions, alone."""

from typing import Any

import pytest

from relay.companion.conversation.conditions import Situation, draw_for, due, happens, may_happen
from relay.companion.scenario.flags import Moment
from relay.companion.scenario.model import Event
from relay.companion.state.chat import Message, MessageRole, Participant, ScenarioState

VOX = Participant("c1", "Vox", "main")
STREAMER = Participant("u", "Streamer")


def message(text: str = "We go left", role: MessageRole = MessageRole.USER, sender: Participant = STREAMER) -> Message:
    return Message("m", sender, role, text, 0.0, 3, 2, 0.0)


def situation(
    said: Message | None = None, *, count: int = 0, time: float = 0.0, draw: float = 0.5, **flags: tuple[int, float]
) -> Situation:
    """`flags` names those that are set, with the messages and the chat time at which each was."""
    story = ScenarioState()
    for name, (messages, at) in flags.items():
        story.flags.change([name.replace("__", ".")], Moment(messages, at))
    return Situation(story, Moment(count, time), said, lambda name: draw)


def event(**conditions: Any) -> Event:
    return Event.model_validate({"name": "e"} | conditions)


BY_VOX = message("Hello", MessageRole.ASSISTANT, VOX)

CONDITIONS: dict[str, list[tuple[dict[str, Any], Situation, bool]]] = {
    "enabled": [({}, situation(message()), True), ({"enabled": False}, situation(message()), False)],
    "target": [
        ({"target": "user"}, situation(message()), True),
        ({"target": "user"}, situation(BY_VOX), False),
        ({"target": "assistant"}, situation(BY_VOX), True),
        ({"target": "main"}, situation(BY_VOX), True),
        ({"target": "friend"}, situation(BY_VOX), False),
        ({"target": "assistant"}, situation(message(role=MessageRole.EVENT)), False),
        ({"target": "user"}, situation(None), False),
    ],
    "match": [
        ({"match": "LEFT"}, situation(message()), True),
        ({"match": r"^we.*left$"}, situation(message()), True),
        ({"match": r"\bright\b"}, situation(message()), False),
        ({"match": "left"}, situation(None), False),
        ({"match": "(a+)+$"}, situation(message("a" * 40 + "b")), False),
    ],
    "once": [({"once": True}, situation(message()), True)],
    "flags": [
        ({"flags": "a && !b"}, situation(message(), a=(0, 0)), True),
        ({"flags": "a && !b"}, situation(message(), a=(0, 0), b=(0, 0)), False),
        ({"flags": "pose.sit || c"}, situation(message(), pose__sit=(0, 0)), True),
    ],
    "messages": [
        ({"messages": {"min": 5}}, situation(message(), count=4), False),
        ({"messages": {"min": 5}}, situation(message(), count=5), True),
        ({"messages": {"min": 5, "max": 6}}, situation(message(), count=7), False),
    ],
    "messages since a flag": [
        ({"messages": {"min": 5, "since": "a"}}, situation(message(), count=50), False),
        ({"messages": {"min": 5, "since": "a"}}, situation(message(), count=50, a=(46, 0)), False),
        ({"messages": {"min": 5, "since": "a"}}, situation(message(), count=51, a=(46, 0)), True),
        ({"messages": {"min": 5, "since": "pose"}}, situation(message(), count=51, pose__sit=(46, 0)), True),
    ],
    "time": [
        ({"time": {"min": 60}}, situation(message(), time=59.9), False),
        ({"time": {"min": 60}}, situation(None, time=60), True),
        ({"time": {"min": 60, "max": 90}}, situation(message(), time=91), False),
    ],
    "time since a flag": [
        ({"time": {"min": 60, "since": "a"}}, situation(message(), time=500), False),
        ({"time": {"min": 60, "since": "a"}}, situation(message(), time=500, a=(0, 441)), False),
        ({"time": {"min": 60, "since": "a"}}, situation(message(), time=500, a=(0, 440)), True),
    ],
    "probability": [
        ({"probability": 0.5}, situation(message(), draw=0.49), True),
        ({"probability": 0.5}, situation(message(), draw=0.5), False),
        ({"probability": 1}, situation(message(), draw=0.999), True),
        ({"probability": 0}, situation(message(), draw=0.0), False),
    ],
}


@pytest.mark.parametrize("name", CONDITIONS)
def test_a_condition_holds_when_it_should(name: str) -> None:
    for conditions, at, expected in CONDITIONS[name]:
        assert happens(event(**conditions), at) is expected, conditions


def test_what_happened_once_does_not_happen_again() -> None:
    now = situation(message())
    now.story.happened.add("e")
    assert not happens(event(once=True), now)
    assert happens(event(once=False), now)


@pytest.mark.parametrize(
    ("count", "chance"), [(4, 0.0), (5, 0.1), (6, 0.18), (7, 0.26), (8, 0.34), (9, 0.42), (10, 0.5), (11, 0.0)]
)
def test_through_a_window_the_chance_rises_from_low_to_full(count: int, chance: float) -> None:
    ramp = event(probability=0.5, messages={"min": 5, "max": 10})
    below, above = chance - 1e-9, chance + 1e-9
    assert happens(ramp, situation(message(), count=count, draw=below)) is (chance > 0)
    assert not happens(ramp, situation(message(), count=count, draw=above))


def test_chance_is_the_same_at_the_same_point_of_a_chat() -> None:
    assert draw_for(7, 12)("cat") == draw_for(7, 12)("cat")
    assert len({draw_for(7, 12)("cat"), draw_for(7, 13)("cat"), draw_for(8, 12)("cat"), draw_for(7, 12)("dog")}) == 4


def test_draws_are_fair() -> None:
    draws = [draw_for(0, index)("cat") for index in range(2_000)]
    assert 0.45 < sum(draw < 0.5 for draw in draws) / len(draws) < 0.55


@pytest.mark.parametrize(
    ("conditions", "at"),
    [
        ({"time": {"min": 60}}, 60.0),
        ({"time": {"min": 60, "since": "a"}}, 70.0),
        ({"time": {"min": 60, "since": "b"}}, None),
        ({"time": {"min": 5}}, 5.0),
        ({"time": {"min": 60}, "match": "x"}, None),
        ({"messages": {"min": 60}}, None),
    ],
)
def test_it_is_known_when_time_alone_may_make_it_happen(conditions: dict[str, Any], at: float | None) -> None:
    assert due(event(**conditions), situation(None, time=20.0, a=(0, 10.0))) == at


def test_chance_has_no_part_in_what_may_happen() -> None:
    assert may_happen(event(probability=0.0), situation(message()))
