"""What scenarios ask of the stream is done, if it is allowed, one thing after the other."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import pytest

from relay.acts import Act, Arguments
from relay.errors import PlatformUnavailable
from relay.model import DESK, Forward, Origin, SendAs
from relay.scenario.executor import WAITING, ActExecutor
from relay.wire import server
from relay.wire.messages import NamedValue
from tests.support import eventually


class Wave(Arguments):
    who: str
    times: int = 1


class Hand:
    """Waves."""

    def __init__(self) -> None:
        self.done: list[tuple[str, int]] = []
        self.failure: Exception | None = None
        self.over: list[str] = []

    async def complete_trigger(self, trigger_id: str) -> None:
        """Voxta is told."""
        self.over.append(trigger_id)

    async def wave(self, asked: Wave) -> str:
        if self.failure is not None:
            raise self.failure
        self.done.append((asked.who, asked.times))
        return "waved"


def trigger(name: str, *arguments: Any, id: str | None = None) -> server.AppTrigger:
    return server.AppTrigger(name=name, arguments=list(arguments), trigger_id=id)


def action(name: str, **arguments: Any) -> server.ActionMessage:
    return server.ActionMessage(
        value=name, arguments=[NamedValue(name=key, value=value) for key, value in arguments.items()]
    )


@asynccontextmanager
async def performing(hand: Hand, *allowed: str) -> AsyncIterator[ActExecutor]:
    executor = ActExecutor([Act("wave", Wave, hand.wave)], allowed, hand)  # type: ignore[arg-type]
    task = asyncio.create_task(executor.run())
    try:
        yield executor
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def test_triggers_and_actions_are_done_in_order() -> None:
    hand = Hand()
    async with performing(hand, "wave") as executor:
        executor.on_message(trigger("wave", "Ann", 2))
        executor.on_message(action("wave", who="Bob"))
        executor.on_message(trigger("wave", "Cleo", None))
        await eventually(lambda: hand.done == [("Ann", 2), ("Bob", 1), ("Cleo", 1)])


async def test_what_is_not_allowed_is_not_done_and_said_once(caplog: pytest.LogCaptureFixture) -> None:
    hand = Hand()
    with caplog.at_level(logging.INFO):
        async with performing(hand) as executor:
            executor.on_message(trigger("wave", "Ann"))
            executor.on_message(trigger("wave", "Ann"))
            executor.on_message(trigger("confetti", 1))
            executor.on_message(trigger("confetti", 1))
            executor.on_message(action("SetAvatar"))
    assert hand.done == []
    assert [record.message for record in caplog.records] == [
        "the scenario asks for 'wave': add it to scenario.allow = [\"wave\"] to allow it",
        "the scenario triggers 'confetti': that is left to other apps",
    ]


@pytest.mark.parametrize("failure", [PlatformUnavailable("the arm is stuck"), RuntimeError("the arm is stuck")])
async def test_what_fails_is_said_and_the_next_is_done(failure: Exception, caplog: pytest.LogCaptureFixture) -> None:
    hand = Hand()
    async with performing(hand, "wave") as executor:
        executor.on_message(trigger("wave", {"not": "text"}))
        executor.on_message(trigger("wave", "Ann", 1, 2))
        hand.failure = failure
        executor.on_message(trigger("wave", "Ann"))
        await eventually(lambda: "the arm is stuck" in caplog.text)
        hand.failure = None
        executor.on_message(trigger("wave", "Bob"))
        await eventually(lambda: hand.done == [("Bob", 1)])
    assert "wave: who: Input should be a valid string, not {'not': 'text'}" in caplog.text
    assert "wave takes who, times; 3 were given" in caplog.text


async def test_a_flood_is_cut_off() -> None:
    hand = Hand()
    executor = ActExecutor([Act("wave", Wave, hand.wave)], ["wave"], hand)  # type: ignore[arg-type]
    for number in range(10 * WAITING):
        executor.on_message(trigger("wave", str(number)))
    task = asyncio.create_task(executor.run())
    await eventually(lambda: len(hand.done) >= WAITING)
    task.cancel()
    await asyncio.wait({task})
    assert len(hand.done) == WAITING


async def test_voxta_is_told_when_a_trigger_it_waits_for_is_done_failed_or_refused() -> None:
    hand = Hand()
    async with performing(hand, "wave") as executor:
        executor.on_message(trigger("confetti", id="unknown"))
        executor.on_message(trigger("wave", 1, 2, 3, id="wrong"))
        executor.on_message(trigger("wave", "Ann", id="done"))
        executor.on_message(trigger("wave", "Bob"))
        executor.on_message(trigger("wave", "Cleo", id="done too"))
        await eventually(lambda: hand.over == ["unknown", "wrong", "done", "done too"])
    assert hand.done == [("Ann", 1), ("Bob", 1), ("Cleo", 1)]


async def test_a_flood_of_triggers_that_voxta_waits_for_leaves_it_waiting_for_none() -> None:
    hand = Hand()
    async with performing(hand, "wave") as executor:
        asked = [str(number) for number in range(2 * WAITING)]
        for each in asked:
            executor.on_message(trigger("wave", each, id=each))
        await eventually(lambda: sorted(hand.over) == sorted(asked))
    assert len(hand.done) == WAITING


async def test_what_is_asked_for_because_of_something_pretended_stays_undone() -> None:
    hand = Hand()
    async with performing(hand, "wave") as executor:
        executor.told(told_of(DESK))
        executor.on_message(trigger("wave", "Ann", id="t1"))
        executor.told(told_of("twitch"))
        executor.on_message(trigger("wave", "Bob", id="t2"))
        await eventually(lambda: hand.over == ["t1", "t2"])

    assert hand.done == [("Bob", 1)]


def told_of(platform: str) -> Forward:
    origin = Origin(platform=platform, channel="lobby")
    return Forward(
        id="f", keys=("k",), send_as=SendAs.EVENT, body="Ann raids.", origins=(origin,), chat_id="c", after_index=0
    )
