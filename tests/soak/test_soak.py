"""A few seconds of the day, and that its verdict can be a bad one."""

import sys
from dataclasses import replace
from pathlib import Path

import pytest

from relay.model import AudienceMessage, Author, Kind, Outcome, Settlement
from tests.soak import room
from tests.soak.drawing import WIDTH, drawn, verdicts
from tests.soak.figures import BOUNDS
from tests.soak.ledger import Ledger
from tests.soak.run import JUDGED, SAMPLES, Plan, Result, run


@pytest.mark.skipif(sys.platform != "linux", reason="the figures are those that Linux tells of a process")
async def test_of_a_few_seconds_of_the_day_nothing_is_lost(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "PAUSE", 3_600.0)  # what is said aloud is received as well
    shown: list[int] = []

    result = await run(
        Plan(2_000, "sqlite", seed=0), tmp_path, lambda seconds, messages, figures: shown.append(messages)
    )

    assert (result.received, result.lost, result.doubled, result.stuck) == (2_000, 0, 0, 0)
    assert shown == [messages for messages in sorted(shown) if messages <= 2_000]
    assert len(result.samples) == len(shown)
    assert result.samples[-1][1]["store rows"] < 2_000, "what ended a while ago is forgotten"
    assert result.is_well


@pytest.mark.skipif(sys.platform != "linux", reason="the figures are those that Linux tells of a process")
async def test_on_a_slow_machine_the_day_is_cut_short_and_nothing_is_lost(tmp_path: Path) -> None:
    result = await run(Plan(1_000_000, "sqlite", seed=0, limit=0.3), tmp_path, lambda *sample: None)

    assert 0 < result.received < 1_000_000
    assert (result.lost, result.doubled, result.stuck) == (0, 0, 0)


@pytest.mark.skipif(sys.platform != "linux", reason="the figures are those that Linux tells of a process")
async def test_a_run_ends_when_its_figures_cannot_be_taken(tmp_path: Path) -> None:
    def fail(*sample: object) -> None:
        raise OSError("no space left")

    with pytest.raises(ExceptionGroup) as failed:
        await run(Plan(5_000, "sqlite", seed=0), tmp_path, fail)

    assert failed.group_contains(OSError, match="no space left")


def went(plan: Plan, *, leak: float = 0.0, lost: int = 0, stuck: int = 0) -> Result:
    """A run whose memory grew by so many MB a second."""
    times = [plan.seconds / SAMPLES * (number + 1) for number in range(SAMPLES)]
    samples = [(at, dict.fromkeys(BOUNDS, 100.0) | {"memory MB": 200.0 + leak * at}) for at in times]
    return Result(plan, samples, plan.messages, lost, 0, stuck, [])


def test_a_run_in_which_memory_leaks_is_not_well() -> None:
    plan = Plan(1_000_000, "sqlite", seed=0)
    leaking = went(plan, leak=0.05)

    assert went(plan).is_well
    assert leaking.growing() == ["memory MB"]
    assert not leaking.is_well
    assert [line.split()[0] for line in verdicts(leaking) if "<-- grows" in line] == ["memory"]
    assert list(verdicts(leaking))[-1] == "NOT WELL"


def test_a_run_that_loses_something_is_not_well() -> None:
    plan = Plan(1_000_000, "sqlite", seed=0)

    assert not went(plan, lost=1).is_well
    assert not went(plan, stuck=1).is_well


def test_a_short_run_does_not_judge_what_grows() -> None:
    plan = Plan(JUDGED - 1, "sqlite", seed=0)

    assert went(plan, leak=9.0).is_well
    assert not went(replace(plan, messages=JUDGED), leak=9.0).is_well


def heard(name: str) -> AudienceMessage:
    author = Author(id="ann", name="Ann")
    return AudienceMessage(platform="twitch", id=name, channel="c", kind=Kind.CHAT, author=author, text="hi", at=0.0)


def ended(name: str) -> Settlement:
    return Settlement(key=f"twitch:{name}", outcome=Outcome.MERGED, reason="", at=0.0)


@pytest.mark.parametrize("name", ["flood-1", "voice-1234567890123456"])
def test_a_message_without_an_outcome_is_lost_and_one_with_two_is_doubled(name: str) -> None:
    ledger = Ledger(3)
    for each in ("flood-0", name, "flood-2"):
        ledger.message(heard(each), is_new=True)
    ledger.settled([ended("flood-0")])
    assert (ledger.lost, ledger.doubled) == (2, 0)

    ledger.settled([ended("flood-2"), ended(name)])
    assert (ledger.lost, ledger.doubled) == (0, 0)

    ledger.settled([ended(name)])
    assert (ledger.lost, ledger.doubled) == (0, 1)


def test_a_figure_is_drawn_from_its_lowest_to_its_highest_value() -> None:
    assert drawn([5.0, 5.0]) == "\u2581\u2581"
    assert drawn([0.0, 7.0, 3.0]) == "\u2581\u2588\u2584"
    assert len(drawn([float(number) for number in range(143)])) == WIDTH
