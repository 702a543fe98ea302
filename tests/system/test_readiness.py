"""Whether a process can do what it is for."""

import asyncio

import pytest

from relay.errors import InboxError
from relay.system import readiness
from relay.system.readiness import Readiness, ReadyState, is_ready


async def met() -> ReadyState:
    return ReadyState(True, "answers")


async def started() -> Readiness:
    ready = Readiness()
    ready.is_starting = False
    return ready


async def test_a_process_is_not_ready_before_it_has_started_nor_once_it_ends() -> None:
    ready = Readiness()
    assert not is_ready(await ready.states())

    ready.is_starting = False
    assert is_ready(await ready.states())

    ready.is_ending = True
    assert await ready.states() == {"end": (False, "is under way")}


async def test_each_condition_has_to_be_met_while_it_counts() -> None:
    async def unmet() -> ReadyState:
        return ReadyState(False, "is not heard")

    ready = await started()
    with ready.needing({"store": met, "twitch": unmet}):
        assert await ready.states() == {"store": (True, "answers"), "twitch": (False, "is not heard")}
        assert not is_ready(await ready.states())

    assert is_ready(await ready.states())


async def test_what_several_need_counts_until_the_last_of_them_has_ended() -> None:
    async def unmet() -> ReadyState:
        return ReadyState(False, "is away")

    ready = await started()
    first, second = ready.needing({"store": unmet}), ready.needing({"store": met})
    with first:
        with second:
            assert await ready.states() == {"store": (True, "answers")}
        assert await ready.states() == {"store": (False, "is away")}

    assert await ready.states() == {}


@pytest.mark.parametrize("fault", ["fails", "hangs"])
async def test_what_cannot_be_looked_at_is_not_met(fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readiness, "LOOK_WITHIN", 0.01)

    async def broken() -> ReadyState:
        if fault == "fails":
            raise InboxError("redis://secret failed")
        await asyncio.Event().wait()
        raise AssertionError

    ready = await started()
    with ready.needing({"store": broken}):
        assert await ready.states() == {"store": (False, "does not answer")}
