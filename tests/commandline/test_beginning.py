"""`relay` without more words."""

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from typer.testing import CliRunner

from relay import cli
from relay.cli import app
from relay.errors import ConfigError
from tests.application.test_terminal_keys import Terminal

ROOT = Path(__file__).parents[2]
SCRIPT = """
from relay.application import terminal_keys
from relay.cli import main

terminal_keys.SURE_FOR = float("inf")
main()
"""


@pytest.fixture
def nowhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A machine without settings."""
    monkeypatch.chdir(tmp_path)
    for name in ("XDG_CONFIG_HOME", "HOME", "LOCALAPPDATA"):
        monkeypatch.setenv(name, str(tmp_path))
    return tmp_path


def test_without_a_terminal_it_says_what_there_is(nowhere: Path) -> None:
    told = CliRunner().invoke(app, [])

    assert told.exit_code == 0
    assert "Commands" in told.stdout
    assert "There are no settings yet: try `relay demo`" in told.stdout


def test_with_settings_it_offers_no_beginning(nowhere: Path) -> None:
    (nowhere / "relay.toml").touch()

    told = CliRunner().invoke(app, [])

    assert "Commands" in told.stdout and "no settings yet" not in told.stdout


@pytest.fixture
def terminal(nowhere: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Terminal]:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    opened = Terminal(SCRIPT)
    yield opened
    opened.close()


async def test_in_a_terminal_one_key_starts_the_demo_and_two_end_it(terminal: Terminal) -> None:
    await terminal.shows(b"1, 2 or 3")
    terminal.type(b"\r")
    await terminal.shows(b"q quit")
    terminal.type(b"q")
    await terminal.shows(b"once more ends the relay")
    terminal.type(b"q")
    await terminal.ends()

    assert terminal.echoes, "the terminal is as it was"


def test_what_is_wrong_can_be_read_in_a_window_that_would_close(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """As the Start menu of Windows opens it."""
    read: list[str] = []

    def press_enter() -> str:
        read.append(capsys.readouterr().err)
        return "\n"

    def fail() -> None:
        raise ConfigError("set web.port to a free port")

    monkeypatch.setattr(cli, "app", fail)
    monkeypatch.setattr(cli, "closes_with_the_process", lambda: True)
    monkeypatch.setattr("sys.stdin", SimpleNamespace(isatty=lambda: True, readline=press_enter))

    with pytest.raises(SystemExit):
        cli.main()

    assert read == ["set web.port to a free port\nEnter closes this window\n"]
