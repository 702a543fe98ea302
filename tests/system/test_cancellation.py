"""What a library swallows: a cancellation that comes in the moment in which what was awaited is done."""

import asyncio
from contextlib import suppress

import pytest

from relay.errors import InboxError
from relay.system.cancellation import checkpoint, heeding_cancellation
from relay.system.periodic import repeat
from tests.support import PATIENCE


async def swallowing(begun: asyncio.Event) -> str:
    """Goes on when cancelled, as `asyncio.wait_for` of Python 3.11 may."""
    begun.set()
    with suppress(asyncio.CancelledError):
        await asyncio.Event().wait()
    return "done all the same"


async def cancelled(task: asyncio.Task[None], begun: asyncio.Event) -> None:
    await begun.wait()
    task.cancel()
    async with asyncio.timeout(PATIENCE):
        with pytest.raises(asyncio.CancelledError):
            await task


async def test_a_loop_with_a_checkpoint_ends_though_the_cancellation_was_swallowed() -> None:
    begun = asyncio.Event()

    async def loop() -> None:
        while True:
            checkpoint()
            await swallowing(begun)

    await cancelled(asyncio.create_task(loop()), begun)


@pytest.mark.parametrize("fails", [False, True])
async def test_a_block_that_heeds_cancellation_tells_of_one_that_was_swallowed_in_it(fails: bool) -> None:
    begun = asyncio.Event()
    went_on = False

    async def work() -> None:
        nonlocal went_on
        with suppress(InboxError), heeding_cancellation():
            await swallowing(begun)
            if fails:
                raise InboxError("away")
        went_on = True

    await cancelled(asyncio.create_task(work()), begun)
    assert not went_on


async def test_a_block_that_heeds_cancellation_can_be_used_while_a_task_tidies_up_after_its_cancellation() -> None:
    tidied = asyncio.Event()
    begun = asyncio.Event()

    async def work() -> None:
        try:
            begun.set()
            await asyncio.Event().wait()
        finally:
            with heeding_cancellation():
                await asyncio.sleep(0)
            tidied.set()

    await cancelled(asyncio.create_task(work()), begun)
    assert tidied.is_set()


async def test_what_a_timeout_cancels_is_no_request_to_end() -> None:
    with heeding_cancellation(), suppress(TimeoutError):
        async with asyncio.timeout(0):
            await asyncio.Event().wait()

    checkpoint()


async def test_a_periodic_job_that_fails_is_logged_and_done_again(caplog: pytest.LogCaptureFixture) -> None:
    done = asyncio.Event()
    failures = [InboxError("the store is away"), ValueError("a mistake of ours")]

    async def job() -> None:
        if failures:
            raise failures.pop(0)
        done.set()

    task = asyncio.create_task(repeat(job, 0.001, "sweeping"))
    await cancelled(task, done)

    [away, mistake] = caplog.records
    assert away.getMessage() == "sweeping failed: the store is away; trying again in 0.001 s"
    assert mistake.getMessage() == "sweeping failed; trying again in 0.001 s" and mistake.exc_info is not None


async def test_a_periodic_job_ends_though_the_cancellation_was_swallowed() -> None:
    begun = asyncio.Event()

    async def job() -> None:
        await swallowing(begun)

    await cancelled(asyncio.create_task(repeat(job, 0.001, "sweeping")), begun)
