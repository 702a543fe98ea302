import asyncio
import io
import logging
import re
import sys
import unicodedata
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from relay import cli
from relay.application.console import handler, show
from relay.application.plain_view import narrate, tell_held
from relay.application.statistics import ActivityLine, Statistics
from relay.application.terminal_view import TerminalView, WatchedRelay
from relay.model import AudienceMessage, Author, Held, Kind, Post
from relay.text.printable import printable
from tests.support import alongside, eventually

CLEAR = "\x1b[2J\x1b[H"
TITLE = "\x1b]0;owned\x07"
CLIPBOARD = "\x1b]52;c;ZXZpbA==\x07"
LINK = "\x1b]8;;https://evil.example\x1b\\your bank\x1b]8;;\x1b\\"
C1 = "\x9b2J\x9d0;owned\x9c"
ATTACKS = [CLEAR, TITLE, CLIPBOARD, LINK, C1, "\x08\x7f\r", "\u202egnihtemos\u202c", "\u2028"]
FORGED = "bob\n2026-01-01 00:00:00,000 INFO all is well\r\nCRITICAL"


def steers(shown: str) -> set[str]:
    return {c for c in shown if c != "\n" and (unicodedata.category(c) in ("Cc", "Cs", "Zl") or c == "\u202e")}


@given(st.text(st.sampled_from([*"".join(ATTACKS), "a", "\n", "\ud800"]) | st.characters()))
def test_nothing_printable_steers_a_terminal(text: str) -> None:
    assert not steers(printable(text, lines=True))
    assert not steers(printable(text)) and "\n" not in printable(text)
    assert printable(printable(text)) == printable(text)


def test_output_that_is_no_console_has_what_its_encoding_lacks_written_out(monkeypatch: pytest.MonkeyPatch) -> None:
    piped = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(piped, encoding="cp1252", write_through=True))
    monkeypatch.setattr(cli, "app", lambda: show("Zoë is muted 😂"))

    cli.main()

    assert piped.getvalue().decode("cp1252").strip() == r"Zoë is muted \U0001f602"


def test_what_steers_is_written_out_and_all_else_stays() -> None:
    assert printable("Żółć 👩\u200d🚀 [bold]\x1b[2J\n\x9b") == "Żółć 👩\u200d🚀 [bold]\\x1b[2J\\n\\x9b"
    assert printable("one\ntwo\r", lines=True) == "one\ntwo\\r"


@pytest.fixture(params=["terminal", "file"])
def log(request: pytest.FixtureRequest, capsys: pytest.CaptureFixture[str]) -> Iterator[io.StringIO]:
    """What is written to a log, on a terminal and elsewhere."""
    out = io.StringIO()
    writer = handler(Console(file=out, width=2_000, force_terminal=request.param == "terminal", color_system=None))
    if isinstance(writer, logging.StreamHandler):
        writer.setStream(out)
    logger = logging.getLogger("relay")
    logger.addHandler(writer)
    logger.setLevel(logging.INFO)
    yield out
    logger.removeHandler(writer)


@pytest.mark.parametrize("attack", ATTACKS)
def test_no_log_line_obeys_a_viewer(log: io.StringIO, attack: str) -> None:
    narrate(_line(f"bob{attack}", f"hi {attack} there"))
    try:
        raise ValueError(f"no such viewer {attack}")
    except ValueError:
        logging.getLogger("relay").exception("failed for %s", attack)

    assert not steers(log.getvalue())
    assert "bob" in log.getvalue() and "no such viewer" in log.getvalue()


def test_a_name_cannot_forge_a_log_line(log: io.StringIO) -> None:
    narrate(_line(FORGED, "hi"))
    try:
        raise ValueError(FORGED)
    except ValueError:
        logging.getLogger("relay").exception("failed for %s", FORGED)

    lines = [line for line in log.getvalue().splitlines() if "all is well" in line]
    assert len(lines) == 3
    assert all("bob" in line or line.startswith("    ") for line in lines)


async def test_the_view_shows_names_without_obeying_them() -> None:
    out, statistics = io.StringIO(), Statistics()
    hostile = "".join(ATTACKS) + "[bold red]bob[/] [/nothing] :smile:"
    _write(statistics, hostile, hostile)
    statistics.post(hostile, Post(channel="c", text="hi", nonce="1"), None)

    async def status() -> str:
        return f"Voxta: in a chat with {hostile}"

    held = Held(id="h1", who=hostile, text=hostile, reason=hostile, at=0)
    console = Console(file=out, width=400, height=40, force_terminal=True, color_system=None)
    watching = asyncio.create_task(
        TerminalView(console, statistics, WatchedRelay(status, held=lambda: [held]), hostile).run()
    )
    await eventually(lambda: "posted" in out.getvalue())
    watching.cancel()
    await asyncio.gather(watching, return_exceptions=True)

    shown = re.sub(r"\x1b\[(?:\?25[lh]|\d*[AK]|2K|1A)|\r", "", out.getvalue())
    assert not steers(shown)
    assert shown.count("[bold red]bob[/] [/nothing] :smile:") >= 7


async def test_what_is_pretended_is_marked_where_it_is_to_be_decided() -> None:
    out, held = io.StringIO(), Held(id="h1", who="Ann (desk)", text="hi", reason="a link", at=0, pretended=True)
    console = Console(file=out, width=100, height=40, force_terminal=True, color_system=None)

    async def status() -> str:
        return "Voxta: in a chat"

    view = TerminalView(console, Statistics(), WatchedRelay(status, held=lambda: [held]), "")
    async with alongside(view.run()):
        await eventually(lambda: "h1 pretended, Ann (desk): hi" in out.getvalue())


async def test_a_line_tells_that_what_is_held_is_pretended(caplog: pytest.LogCaptureFixture) -> None:
    held = Held(id="h1", who="Ann (desk)", text="hi", reason="a link", at=0, pretended=True)
    caplog.set_level("INFO")

    async with alongside(tell_held(lambda: [held])):
        await eventually(lambda: "held h1: pretended, Ann (desk): hi" in caplog.text)


def _line(name: str, text: str) -> ActivityLine:
    return _write(Statistics(), name, text)


def _write(statistics: Statistics, name: str, text: str) -> ActivityLine:
    author = Author(id="1", name=name)
    message = AudienceMessage(platform="twitch", id="1", channel="c", kind=Kind.CHAT, author=author, text=text, at=0)
    statistics.message(message, is_new=True)
    return statistics.lines[-1]
