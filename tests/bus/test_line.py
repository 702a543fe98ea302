import asyncio

import pytest

from relay.bus.line import Line, LineLost, until_left
from tests.bus.conftest import Process
from tests.support import eventually


class LineEnd:
    """One end of a line between two processes, and what it heard."""

    def __init__(self, process: Process, namespace: str, mine: str, theirs: str) -> None:
        self.heard: list[tuple[object, ...]] = []
        self.line = Line(
            process.pubsub,
            f"{namespace}:{mine}",
            f"{namespace}:{theirs}",
            {"number": lambda *about: self.heard.append(about)},
        )


@pytest.fixture
def ends(processes: tuple[Process, Process], namespace: str) -> tuple[LineEnd, LineEnd]:
    first, second = processes
    return LineEnd(first, namespace, "a", "b"), LineEnd(second, namespace, "b", "a")


async def test_what_is_said_is_heard_in_order(ends: tuple[LineEnd, LineEnd]) -> None:
    here, there = ends
    async with asyncio.TaskGroup() as tasks:
        running = [tasks.create_task(end.line.run()) for end in ends]
        await asyncio.gather(*(end.line.is_heard.wait() for end in ends))
        for number in range(300):
            here.line.say("number", number, "and more")
        there.line.say("number", -1)
        await eventually(lambda: len(there.heard) == 300 and len(here.heard) == 1)
        for each in running:
            each.cancel()

    assert there.heard == [(number, "and more") for number in range(300)]


@pytest.mark.parametrize(
    "told",
    [
        pytest.param(b'[2, [["number", 7]]]', id="one message is missing"),
        pytest.param(b'[1, [["of another version", 7]]]', id="a word is unknown"),
    ],
)
async def test_a_line_ends_when_something_was_not_heard(
    processes: tuple[Process, Process], namespace: str, ends: tuple[LineEnd, LineEnd], told: bytes
) -> None:
    here, _ = ends
    running = asyncio.create_task(here.line.run())
    await here.line.is_heard.wait()

    await processes[1].pubsub.tell(f"{namespace}:a", told)

    await eventually(running.done)
    with pytest.raises(LineLost):
        running.result()


async def test_what_the_connection_tells_twice_is_heard_once(
    processes: tuple[Process, Process], namespace: str, ends: tuple[LineEnd, LineEnd]
) -> None:
    here, _ = ends
    running = asyncio.create_task(here.line.run())
    await here.line.is_heard.wait()

    for told in (b'[1, [["number", 1]]]', b'[1, [["number", 1]]]', b'[2, [["number", 2]]]'):
        await processes[1].pubsub.tell(f"{namespace}:a", told)

    await eventually(lambda: (2,) in here.heard)
    running.cancel()
    assert here.heard == [(1,), (2,)]


async def test_who_leaves_a_session_is_missed(processes: tuple[Process, Process]) -> None:
    here, there = processes
    there.presence.offer("voice", 5)
    watching = asyncio.create_task(until_left(here.presence, there.presence.id, "voice", 5))
    await eventually(lambda: there.presence.id in here.presence.living)
    assert not watching.done()

    there.presence.offer("voice", 6)

    await eventually(watching.done)
    with pytest.raises(LineLost):
        watching.result()
