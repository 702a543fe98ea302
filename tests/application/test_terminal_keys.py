"""What the keys of the live view do."""

import asyncio
import importlib.util
import os
import pty
import subprocess
import sys
import termios
import threading
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from relay.application.terminal_keys import HELP, QUIT, SURE_FOR, KeyMeanings
from relay.model import Held
from relay.system import keyboard
from relay.system.keyboard import keys_in
from tests.support import PATIENCE, eventually

HELD = [Held(id=f"h{n}", who=f"viewer{n} (twitch)", text="well", reason="a link", at=0) for n in (1, 2, 3)]


class Room:
    """A relay to press keys at."""

    def __init__(self) -> None:
        self.held = list(HELD)
        self.is_paused = False
        self.now = 0.0
        self.keys = KeyMeanings(lambda: self.held, lambda: self.is_paused, lambda: self.now)

    def press(self, *keys: str) -> list[str]:
        return [words for key in keys if (words := self.keys.press(key)) is not None]


@pytest.fixture
def room() -> Room:
    return Room()


@pytest.mark.parametrize(
    ("key", "words"), [("s", "interrupt"), ("S", "interrupt"), ("enter", "interrupt"), ("k", "skip")]
)
def test_a_key_does_at_once_what_cannot_wait(room: Room, key: str, words: str) -> None:
    assert room.press(key) == [words]


def test_p_pauses_and_goes_on_again(room: Room) -> None:
    assert room.press("p") == ["pause"]
    room.is_paused = True
    assert room.press("p") == ["resume"]


@pytest.mark.parametrize(("key", "words"), [("c", "clear"), ("q", QUIT)])
def test_what_destroys_is_pressed_twice(room: Room, key: str, words: str) -> None:
    assert room.press(key) == []
    assert room.keys.question is not None
    assert room.press(key) == [words]
    assert room.keys.question is None
    assert room.press(key, "x", key) == [], "something else in between takes it back"
    room.now = SURE_FOR + 1
    assert room.press(key) == [], "and so does time"


def test_c_does_not_confirm_q(room: Room) -> None:
    assert room.press("q", "c") == []


def test_held_messages_are_decided_one_after_the_other(room: Room) -> None:
    assert room.press("a", "r") == [], "nothing is decided that is not looked at"
    assert room.press("h", "a") == ["approve h1"]
    room.held.pop(0)
    assert room.press("r") == ["reject h2"]


def test_another_one_can_be_chosen(room: Room) -> None:
    assert room.press("h", "down", "down", "down", "up", "a") == ["approve h2"]


def test_a_decision_is_about_what_was_chosen_although_others_go(room: Room) -> None:
    room.press("h", "down")
    room.held.pop(0)

    assert room.press("r") == ["reject h2"]


@pytest.mark.parametrize("back", ["h", "escape"])
def test_the_list_is_left_again(room: Room, back: str) -> None:
    assert room.press("h", back, "a") == []


def test_nothing_is_decided_where_nothing_is_held(room: Room) -> None:
    room.held = []

    assert room.press("h", "down", "a", "r") == []


def test_every_key_is_explained() -> None:
    assert all(f"\n{key} " in f"\n{HELP}" for key in "skphcq?")


@pytest.mark.parametrize(
    ("typed", "keys"),
    [
        ("sp", ["s", "p"]),
        ("\x1b[A\x1b[B\x1bOA", ["up", "down", "up"]),
        ("\x1b", ["escape"]),
        ("\r\n", ["enter", "enter"]),
        ("\xe0H\xe0P", ["up", "down"]),
        ("\x1b[15~", []),
        ("ä?", ["ä", "?"]),
    ],
)
def test_keys_are_told_apart(typed: str, keys: list[str]) -> None:
    assert list(keys_in(typed)) == keys


class HalfAKey(ModuleType):
    """The console of a Windows on which à was pressed, which looks like the first half of a key without a character."""

    def __init__(self) -> None:
        super().__init__("msvcrt")
        self.is_asked_for_more = threading.Event()
        self.is_over = threading.Event()
        self._typed = iter("\xe0")

    def kbhit(self) -> bool:
        return not self.is_over.is_set()

    def getwch(self) -> str:
        if (key := next(self._typed, None)) is None:
            self.is_asked_for_more.set()
            self.is_over.wait()
        return key or "x"


async def test_a_console_of_windows_is_left_although_it_waits_for_half_a_key(monkeypatch: pytest.MonkeyPatch) -> None:
    console = HalfAKey()
    monkeypatch.setitem(sys.modules, "msvcrt", console)
    monkeypatch.setattr(sys, "platform", "win32")
    spec = importlib.util.spec_from_file_location("keyboard_of_windows", keyboard.__file__)
    assert spec is not None and spec.loader is not None
    on_windows = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(on_windows)
    try:
        opened = on_windows.ConsoleKeyboard(0)
        await eventually(console.is_asked_for_more.is_set)

        await asyncio.wait_for(asyncio.to_thread(opened.close), PATIENCE)
    finally:
        console.is_over.set()


IN_FRONT = """
import fcntl, signal, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored where the tests run in the background of a shell
"""
SCRIPT = """
import asyncio
from relay.system.keyboard import keyboard

async def main():
    input("as it was")
    async with keyboard() as keys:
        while True:
            key = await keys.next(0.05)
            print(f"<{key}>" if key else f"({keys.is_there})", flush=True)

try:
    asyncio.run(main())
except KeyboardInterrupt:
    print("interrupted", flush=True)
"""


class Terminal:
    """A process in front in a terminal of its own."""

    def __init__(self, code: str) -> None:
        self.screen, line = pty.openpty()
        self._process = subprocess.Popen(
            [sys.executable, "-c", IN_FRONT + code], stdin=line, stdout=line, stderr=line, start_new_session=True
        )
        os.close(line)
        self.shown = b""

    def close(self) -> None:
        self._process.kill()
        self._process.wait()
        os.close(self.screen)

    def type(self, text: bytes) -> None:
        os.write(self.screen, text)

    async def shows(self, text: bytes) -> None:
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(PATIENCE):
            while text not in self.shown:
                self.shown += await loop.run_in_executor(None, os.read, self.screen, 4096)

    async def ends(self) -> None:
        """The process has let go of the terminal."""
        with pytest.raises(OSError) as gone:
            await self.shows(b"what nobody writes")
        assert not isinstance(gone.value, TimeoutError), "it still has the terminal"

    @property
    def echoes(self) -> bool:
        return bool(termios.tcgetattr(self.screen)[3] & termios.ECHO)


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Iterator[Terminal]:
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))
    opened = Terminal(SCRIPT)
    yield opened
    opened.close()


async def test_a_terminal_is_taken_key_by_key_and_given_back_as_it_was(terminal: Terminal) -> None:
    await terminal.shows(b"as it was")
    assert terminal.echoes
    terminal.type(b"\n")
    await terminal.shows(b"(True)")
    assert not terminal.echoes

    terminal.type(b"s")
    await terminal.shows(b"<s>")
    terminal.type(b"\x1b[B")
    await terminal.shows(b"<down>")
    terminal.type(b"\x03")
    await terminal.shows(b"interrupted")

    assert terminal.echoes


async def test_ctrl_s_does_not_stop_what_is_written_and_the_relay_with_it(terminal: Terminal) -> None:
    await terminal.shows(b"as it was")
    terminal.type(b"\n")
    await terminal.shows(b"(True)")

    terminal.type(b"\x13")

    await terminal.shows(b"<\x13>")
