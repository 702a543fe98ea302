"""How one process is watched by whoever runs services."""

import asyncio
import subprocess
import sys

import pytest

from relay.application import watching
from relay.application.watching import Watch, watched
from relay.config import OperationsSection
from relay.system import service_manager
from tests.docs.pages import ROOT
from tests.support import PATIENCE, eventually


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


STUCK = """
import asyncio, re, time
from relay.application import watching
from relay.config import OperationsSection

watching.STUCK_FOR = 1.0

async def work():
    async with watching.watched(OperationsSection(end_stuck=True)):
        await asyncio.sleep(0)
        stand_still()

def stand_still():
    {how}

asyncio.run(work())
"""


@pytest.mark.parametrize("how", ["time.sleep(1_000)", "re.match('(a+)+b', 'a' * 64)"])
def test_a_process_that_stands_still_ends_and_tells_where_for_who_starts_anew_what_has_ended(how: str) -> None:
    """Also where no other thread gets its turn, as with an expression without end."""
    ended = subprocess.run(
        [sys.executable, "-c", STUCK.format(how=how)], cwd=ROOT, capture_output=True, timeout=PATIENCE
    )

    assert ended.returncode == 1
    assert b"in stand_still" in ended.stderr


class Ends(list[float]):
    """In how many seconds the process was to end, each time that was put off; none once it was called off."""

    def __call__(self, seconds: float, exit: bool) -> None:
        assert exit
        self.append(seconds)


@pytest.fixture
def ends(monkeypatch: pytest.MonkeyPatch) -> Ends:
    ends = Ends()
    monkeypatch.setattr(watching, "BEAT_EVERY", 0.001)
    monkeypatch.setattr("faulthandler.dump_traceback_later", ends)
    monkeypatch.setattr("faulthandler.cancel_dump_traceback_later", ends.clear)
    return ends


async def test_while_it_goes_on_the_end_is_put_off_and_called_off_when_it_is_done(ends: Ends) -> None:
    async with watched(OperationsSection(end_stuck=True)):
        await eventually(lambda: len(ends) > 2)
        assert set(ends) == {watching.STUCK_FOR}

    assert not ends


async def test_a_process_that_nobody_starts_anew_never_ends_by_itself(
    ends: Ends, monkeypatch: pytest.MonkeyPatch
) -> None:
    beats: list[str] = []
    monkeypatch.setattr(service_manager, "notify", beats.append)
    async with watched(OperationsSection()):
        await eventually(lambda: len(beats) > 2)

    assert not ends
