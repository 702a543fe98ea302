"""How one process is watched by whoever runs services."""

import asyncio

from relay.application.watching import Watch


def watch() -> Watch:
    watched = Watch(5.0, asyncio.Event())
    watched.is_up()
    return watched


async def test_a_core_is_ready_when_it_leads_and_when_it_stands_by_and_says_which() -> None:
    core = watch()
    core.leads("ann", False)
    assert await core.readiness.states() == {"core": (True, "stands by")}

    core.leads("ann", True)
    assert await core.readiness.states() == {"core": (True, "leads")}

    core.leads("ben", False)
    assert await core.readiness.states() == {"core": (True, "leads 1 of 2")}


async def test_a_process_that_is_asked_to_end_waits_for_what_ends_by_itself_and_for_nothing_else() -> None:
    process, said = watch(), asyncio.Event()

    async def speak() -> None:
        with process.finishing_this():
            await said.wait()

    speaking = asyncio.create_task(speak())
    finished = asyncio.create_task(process.finished())
    await asyncio.sleep(0)
    process.asked.set()
    await asyncio.sleep(0)
    assert process.readiness.is_ending
    assert not finished.done()

    said.set()
    await finished
    assert speaking.done()


async def test_what_has_ended_before_is_not_waited_for() -> None:
    process = watch()

    async def ended() -> None:
        with process.finishing_this():
            pass

    await asyncio.create_task(ended())
    process.asked.set()

    await process.finished()
