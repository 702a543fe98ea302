"""A window that is closed on Windows ends the work in good order, as far as that can be told elsewhere."""

import ctypes
import sys
import threading
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from relay.system import console_window
from relay.system.console_window import CLOSED, ConsoleWindow, closes_with_the_process, not_held_by_a_click

CTRL_C, CTRL_BREAK = 0, 1
USUAL, WITHOUT_QUICK_EDIT = 0x1F7, 0x1B7
"""The modes of a console's input."""


@pytest.fixture
def handlers(monkeypatch: pytest.MonkeyPatch) -> list[Callable[[int], int]]:
    """What Windows would call: registered as its own library has it, by a double with C's calls."""
    registered = []

    def add(handler: Any, is_added: bool) -> bool:
        assert is_added, "taking one away waits for one that is being told"
        registered.append(handler)
        return True

    kernel32 = SimpleNamespace(SetConsoleCtrlHandler=add)
    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setattr(ctypes, "WINFUNCTYPE", ctypes.CFUNCTYPE, raising=False)
    monkeypatch.setattr(ctypes, "WinDLL", {"kernel32": kernel32}.__getitem__, raising=False)
    return registered


class Console:
    """The input of a console, or what is none."""

    def __init__(self, mode: int | None) -> None:
        self.mode = mode

    def GetStdHandle(self, number: int) -> int:
        assert number == -10
        return 3

    def GetConsoleMode(self, _: Any, mode: Any) -> bool:
        mode._obj.value = self.mode or 0
        return self.mode is not None

    def SetConsoleMode(self, _: Any, mode: int) -> bool:
        assert self.mode is not None
        self.mode = mode
        return True


@pytest.fixture
def console(monkeypatch: pytest.MonkeyPatch) -> Console:
    opened = Console(USUAL)
    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setattr(ctypes, "WinDLL", {"kernel32": opened}.__getitem__, raising=False)
    return opened


def test_a_click_into_it_selects_nothing_while_the_work_lasts(console: Console) -> None:
    with not_held_by_a_click():
        assert console.mode == WITHOUT_QUICK_EDIT

    assert console.mode == USUAL, "whoever opened the window wants it as it was"


def test_what_is_no_console_is_left_alone(console: Console) -> None:
    console.mode = None

    with not_held_by_a_click():
        assert console.mode is None


def test_the_process_lasts_until_its_work_is_over(handlers: list[Callable[[int], int]]) -> None:
    asked, over, is_gone = threading.Event(), threading.Event(), threading.Event()
    ConsoleWindow().ends(asked.set, over)
    [handler] = handlers

    def close() -> None:
        assert handler(CLOSED) == 1
        assert over.is_set()
        is_gone.set()

    threading.Thread(target=close, daemon=True).start()
    assert asked.wait(60)
    assert not is_gone.is_set()
    over.set()
    assert is_gone.wait(60)


def test_what_is_stuck_does_not_keep_it(handlers: list[Callable[[int], int]], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(console_window, "PATIENCE", 0.01)
    ConsoleWindow().ends(lambda: None, threading.Event())

    assert handlers[0](CLOSED) == 1


@pytest.mark.parametrize("event", [CTRL_C, CTRL_BREAK])
def test_keys_are_left_to_others(handlers: list[Callable[[int], int]], event: int) -> None:
    asked: list[None] = []
    ConsoleWindow().ends(lambda: asked.append(None), threading.Event())

    assert handlers[0](event) == 0
    assert not asked


def test_so_is_all_once_the_work_is_over_and_there_is_one_handler(handlers: list[Callable[[int], int]]) -> None:
    asked: list[str] = []
    window, over, further = ConsoleWindow(), threading.Event(), threading.Event()
    window.ends(lambda: asked.append("first"), over)
    over.set()
    assert handlers[0](CLOSED) == 0

    def second() -> None:
        asked.append("second")
        further.set()

    window.ends(second, further)

    assert [handler(CLOSED) for handler in handlers] == [1]
    assert asked == ["second"]


@pytest.mark.parametrize(("processes", "is_own"), [(1, True), (2, False), (0, False)])
def test_a_window_in_which_nobody_else_runs_closes_with_the_process(
    monkeypatch: pytest.MonkeyPatch, processes: int, is_own: bool
) -> None:
    """As the one that the Start menu opens; a shell's stays, and a service has none."""
    kernel32 = SimpleNamespace(GetConsoleProcessList=lambda *_: processes)
    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setattr(ctypes, "WinDLL", {"kernel32": kernel32}.__getitem__, raising=False)

    assert closes_with_the_process() == is_own
