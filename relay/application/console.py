"""The one way to the streamer's terminal and log: what people write cannot steer the one nor forge lines in the other.

A terminal obeys what it shows: escape sequences clear it, fill the clipboard, or put another address behind a link.
"""

import io
import logging
import sys
import textwrap
import traceback
from types import TracebackType

import typer
from rich.console import Console
from rich.logging import RichHandler

from relay.platforms import listed
from relay.text.printable import printable


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


def show_fault(kind: type[BaseException], fault: BaseException, trace: TracebackType | None) -> None:
    """What Python shows of what nobody caught, for `sys.excepthook`: its words may be what people wrote."""
    show("".join(traceback.format_exception(kind, fault, trace)).rstrip("\n"), err=True)


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
