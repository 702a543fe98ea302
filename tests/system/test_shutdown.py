"""Processes that are asked to end, and would rather not."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support import PATIENCE

ROOT = Path(__file__).parents[2]
SETUP = """
import asyncio
import signal
import time
from relay.system import shutdown

if hasattr(signal, "SIGHUP"):
    signal.signal(signal.SIGHUP, signal.SIG_DFL)  # nohup has it ignored by all that comes of it

may_end, end = [True], shutdown.Deadline._end

def end_once_it_may(*given):
    while not may_end:
        time.sleep(0.001)
    end(*given)

shutdown.Deadline._end = end_once_it_may

async def cling():
    while True:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            print("told", flush=True)
            may_end.append(True)

def ready():
    print("ready", flush=True)
"""
ORDERLY = """
async def work():
    ready()
    try:
        await asyncio.Event().wait()
    finally:
        print("tidied up", flush=True)
try:
    shutdown.run(work())
except asyncio.CancelledError:
    print("ended", flush=True)
"""
CLOSED_WINDOW = """
import signal
import threading
from relay.system.console_window import CLOSED, WINDOW

told, closed = threading.Event(), asyncio.Event()

def close(loop):
    {then}
    end = WINDOW._end
    WINDOW._end = lambda: [end(), loop.call_soon_threadsafe(closed.set)]
    assert WINDOW.told(CLOSED)
    print("the process is gone", flush=True)

async def work():
    global closing
    closing = threading.Thread(target=close, args=[asyncio.get_running_loop()])
    closing.start()
    try:
        await asyncio.Event().wait()
    finally:
        told.set()
        await closed.wait()
        print("tidied up", flush=True)
try:
    shutdown.run(work())
except asyncio.CancelledError:
    closing.join()
    print("ended", flush=True)
"""
SIGNALLED_AT_ONCE = """
import signal
from asyncio.unix_events import _UnixSelectorEventLoop as Loop
add = Loop.add_signal_handler
def add_in_the_worst_moment(self, number, *rest):
    add(self, number, *rest)
    if number == signal.SIGTERM:
        signal.raise_signal(number)
Loop.add_signal_handler = add_in_the_worst_moment
async def work():
    await asyncio.Event().wait()
try:
    shutdown.run(work())
except asyncio.CancelledError:
    print("ended", flush=True)
"""
CLINGING = """
may_end.clear()
async def work():
    asyncio.current_task().set_name("the clinging one")
    ready()
    await cling()
shutdown.run(work(), grace={grace})
"""
FAILING = """
async def work():
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(cling(), name="the clinging one")
        await asyncio.sleep(0)
        ready()
        shutdown.begin("the key was refused")
        raise ValueError
shutdown.run(work(), grace={grace})
"""
STEERING = r"""
async def work():
    asyncio.current_task().set_name("what \x1b[2JAnn\nsays")
    ready()
    shutdown.begin("it failed (\x1b]0;owned\x07)")
    await cling()
shutdown.run(work(), grace={grace})
"""
LEFT_OVER = """
async def work():
    global left
    left = asyncio.create_task(cling(), name="the clinging one")
    await asyncio.sleep(0)
    ready()
shutdown.run(work(), grace={grace})
"""
BUSY = """
may_end.clear()
async def work():
    ready()
    while shutdown._deadline.get()._timer is None:
        pass
    may_end.append(True)
    while True:
        pass
shutdown.run(work(), grace={grace})
"""
POLITE = """
may_end.clear()
shutdown.CLOSING = 0.05
async def work():
    with shutdown.asked_politely({grace}) as asked:
        ready()
        try:
            await asked.wait()
            print("asked", flush=True)
            {then}
        finally:
            print("tidied up", flush=True)
try:
    shutdown.run(work(), grace={grace})
except asyncio.CancelledError:
    print("ended", flush=True)
"""
IN_A_THREAD = """
import socket
import threading
from relay.system import threads
threads.LAST, told = {grace}, threading.Event()
def without_an_answer(*_):
    threading.Event().wait()
def write():
    told.wait()
    print("written", flush=True)
socket.getaddrinfo = without_an_answer
async def work():
    asyncio.get_running_loop().call_soon(ready)
    try:
        {then}
    finally:
        told.set()
try:
    shutdown.run(work())
except asyncio.CancelledError:
    print("ended", flush=True)
"""
SOON, NEVER = 0.1, 1_000.0


def started(program: str, grace: float = NEVER, then: str = "pass") -> "subprocess.Popen[str]":
    code = SETUP + program.format(grace=grace, then=then)
    return subprocess.Popen(
        [sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def running(program: str, grace: float = NEVER, then: str = "pass") -> "subprocess.Popen[str]":
    """Returns once it says that it is ready. It says no more before it is told to end: that could be read here, too."""
    process = started(program, grace, then)
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows sends no such signals")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_ends_the_work_in_good_order(number: int) -> None:
    process = running(ORDERLY)

    process.send_signal(number)

    said, errors = process.communicate(timeout=PATIENCE)
    assert (process.returncode, said, errors) == (0, "tidied up\nended\n", "")


def test_what_is_to_outlast_its_terminal_does() -> None:
    process = running(f"import signal; signal.signal(signal.SIGHUP, signal.SIG_IGN)\n{ORDERLY}")

    process.send_signal(signal.SIGHUP)
    process.send_signal(signal.SIGTERM)

    said, errors = process.communicate(timeout=PATIENCE)
    assert (process.returncode, said, errors) == (0, "tidied up\nended\n", "")


@pytest.mark.parametrize("before", ["pass", "signal.raise_signal(signal.SIGINT); told.wait()"])
def test_a_closed_window_ends_the_work_in_good_order_before_the_process_is_gone(before: str) -> None:
    process = started(CLOSED_WINDOW, then=before)

    said, errors = process.communicate(timeout=PATIENCE)

    assert (process.returncode, said, errors) == (0, "tidied up\nthe process is gone\nended\n", "")


def test_a_signal_that_comes_as_early_as_it_can_is_not_lost() -> None:
    process = started(SIGNALLED_AT_ONCE)

    said, errors = process.communicate(timeout=PATIENCE)

    assert (process.returncode, said, errors) == (0, "ended\n", "")


def test_a_terminal_that_is_closed_may_say_so_twice() -> None:
    process = running(CLINGING, SOON)

    process.send_signal(signal.SIGHUP)
    assert process.stdout is not None
    assert process.stdout.readline() == "told\n"
    process.send_signal(signal.SIGHUP)

    _, errors = process.communicate(timeout=PATIENCE)
    assert (process.returncode, errors.partition(",")[0]) == (1, "SIGHUP"), "it had its time"


def test_a_second_signal_ends_the_process_at_once() -> None:
    process = running(CLINGING)

    process.send_signal(signal.SIGINT)
    assert process.stdout is not None
    assert process.stdout.readline() == "told\n"
    process.send_signal(signal.SIGTERM)

    process.communicate(timeout=PATIENCE)
    assert process.returncode == -signal.SIGTERM


@pytest.mark.parametrize(
    ("program", "told", "reason", "culprit"),
    [
        (CLINGING, True, "SIGTERM", "the clinging one: "),
        (FAILING, False, "the key was refused", "the clinging one: "),
        (LEFT_OVER, False, "the work ended", "the clinging one: "),
        (BUSY, True, "SIGTERM", "the main thread: <string>:"),
    ],
    ids=["clings", "clings after a failure", "is left over", "is busy"],
)
def test_what_does_not_end_in_time_is_named_and_ended_all_the_same(
    program: str, told: bool, reason: str, culprit: str
) -> None:
    process = running(program, SOON)

    if told:
        process.send_signal(signal.SIGTERM)

    _, errors = process.communicate(timeout=PATIENCE)
    assert process.returncode == 1
    assert errors.startswith(f"{reason}, and the process did not end within 0.1 s. It was stuck in:\n")
    assert culprit in errors


def test_what_people_wrote_steers_no_terminal_at_the_end() -> None:
    _, errors = running(STEERING, SOON).communicate(timeout=PATIENCE)

    assert r"it failed (\x1b]0;owned\x07), and" in errors
    assert r"what \x1b[2JAnn\nsays: " in errors


def test_work_that_wants_to_be_asked_ends_itself_on_sigterm() -> None:
    process = running(POLITE)

    process.send_signal(signal.SIGTERM)

    said, errors = process.communicate(timeout=PATIENCE)
    assert (process.returncode, said, errors) == (0, "asked\ntidied up\n", "")


def test_ctrl_c_cancels_it_without_asking() -> None:
    process = running(POLITE)

    process.send_signal(signal.SIGINT)

    said, errors = process.communicate(timeout=PATIENCE)
    assert (process.returncode, said, errors) == (0, "tidied up\nended\n", "")


def test_work_that_was_asked_and_takes_too_long_is_named_and_ended() -> None:
    process = running(POLITE, grace=SOON, then="may_end.append(True); await cling()")

    process.send_signal(signal.SIGTERM)

    said, errors = process.communicate(timeout=PATIENCE)
    assert (process.returncode, said) == (1, "asked\n")
    assert errors.startswith("SIGTERM, and the process did not end within 0.15 s.")


def test_a_second_sigterm_ends_work_that_was_asked_at_once() -> None:
    process = running(POLITE, then="await cling()")

    process.send_signal(signal.SIGTERM)
    assert process.stdout is not None
    assert process.stdout.readline() == "asked\n"
    process.send_signal(signal.SIGTERM)

    process.communicate(timeout=PATIENCE)
    assert process.returncode == -signal.SIGTERM


def test_a_name_that_is_looked_up_without_an_answer_does_not_hold_up_the_end() -> None:
    process = running(IN_A_THREAD, SOON, then="await asyncio.get_running_loop().getaddrinfo('redis', 6379)")

    process.send_signal(signal.SIGTERM)

    said, errors = process.communicate(timeout=PATIENCE)
    assert (process.returncode, said, errors) == (0, "ended\n", "")


def test_what_a_thread_is_writing_is_brought_to_its_end() -> None:
    process = running(IN_A_THREAD, then="await asyncio.to_thread(write)")

    process.send_signal(signal.SIGTERM)

    said, errors = process.communicate(timeout=PATIENCE)
    assert (process.returncode, said, errors) == (0, "written\nended\n", "")
