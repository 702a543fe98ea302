"""The one way to the streamer's terminal and log: what people write cannot steer the one nor forge lines in the other.

A terminal obeys what it shows: escape sequences clear it, fill the clipboard, or put another address behind a link.
"""

import io
import logging
import re
import sys
import textwrap
from typing import Final

import typer
from rich.console import Console
from rich.logging import RichHandler

from relay.platforms import listed

_STEERS: Final = re.compile("[\0-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
"""Control characters, line separators, what turns the direction of writing, and half surrogates."""


def printable(text: str, *, lines: bool = False) -> str:
    """The text with what would steer a terminal written out, such as \\x1b; as one line unless `lines` may stay."""
    return _STEERS.sub(lambda found: found[0] if lines and found[0] == "\n" else _written_out(found[0]), text)


def _written_out(character: str) -> str:
    return character.encode("unicode_escape").decode()


def take_any_text() -> None:
    """Let output that goes to a file or a program have what its encoding lacks written out, such as \\U0001f602.

    There Windows has the encoding of its old programs, and Python would rather end than write an emoji.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper) and stream.errors == "strict":
            stream.reconfigure(errors="backslashreplace")


def show(text: str, *, err: bool = False) -> None:
    """Print, on standard error if `err`. Lines stay; a part that people wrote is made `printable` before."""
    typer.echo(printable(text, lines=True), err=err)  # noqa: TID251 - the one place


def log_to(console: Console, level: str) -> None:
    """Write logs below the view on a terminal, and as plain lines to standard error elsewhere."""
    logging.basicConfig(level=level.upper(), handlers=[handler(console)], force=True)
    for noisy in ("aiohttp.access", *(name for info in listed.PLATFORMS for name in info.loggers)):
        logging.getLogger(noisy).setLevel(logging.WARNING)


def handler(console: Console) -> logging.Handler:
    """What writes log records: to the console where it is a terminal, else to standard error."""
    if console.is_terminal:
        made: logging.Handler = RichHandler(console=console, show_path=False, markup=False)
        made.setFormatter(OneLine("%(message)s"))
    else:
        made = logging.StreamHandler()
        made.setFormatter(OneLine("%(asctime)s %(levelname)s %(message)s"))
    return made


class OneLine(logging.Formatter):
    """One line a record; what belongs to it, such as a traceback, follows indented."""

    def format(self, record: logging.LogRecord) -> str:
        record.message = record.getMessage()
        record.asctime = self.formatTime(record, self.datefmt)
        details = record.exc_text or (self.formatException(record.exc_info) if record.exc_info else "")
        below = textwrap.indent(printable(f"\n{details}", lines=True), "    ") if details else ""
        return printable(self.formatMessage(record)) + below
