"""The live terminal view: what came in, what was forwarded as what, what was answered, rates and waiting counts."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable

from rich.console import Console, Group
from rich.live import Live
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from relay.application.console import printable
from relay.application.statistics import ActivityLine, PipelineStage, Statistics

REFRESH = 4
"""Frames a second."""
_STYLE = {
    PipelineStage.IN: ("→", "cyan"),
    PipelineStage.SENT: ("»", "yellow"),
    PipelineStage.REPLY: ("«", "green"),
    PipelineStage.POST: ("←", "blue"),
    PipelineStage.OUT: ("×", "dim"),  # noqa: RUF001
}


class TerminalView:
    """Shows the statistics until cancelled. `status` is asked for the lines at the top."""

    def __init__(
        self, console: Console, statistics: Statistics, status: Callable[[], Awaitable[str]], title: str
    ) -> None:
        self._console = console
        self._statistics = statistics
        self._status = status
        self._title = title
        self._began = time.monotonic()

    async def run(self) -> None:
        with Live(console=self._console, refresh_per_second=REFRESH, screen=False, transient=True) as live:
            while True:
                live.update(self._frame(await self._status()))
                await asyncio.sleep(1 / REFRESH)

    def _frame(self, status: str) -> Group:
        height = max(8, self._console.height - 12 - status.count("\n"))
        feed = Group(*(_shown(line) for line in list(self._statistics.lines)[-height:]))
        return Group(
            Panel(Text(printable(status, lines=True)), title=Text(printable(self._title)), title_align="left"),
            Panel(feed, title="what happens", title_align="left", height=height + 2),
            self._numbers(),
        )

    def _numbers(self) -> Table:
        statistics, minutes = self._statistics, max(1 / 60, (time.monotonic() - self._began) / 60)
        table = Table.grid(expand=True, padding=(0, 2))
        sent = "  ".join(f"{send_as} {count}" for send_as, count in sorted(statistics.sent.items()))
        ended = "  ".join(f"{outcome} {count}" for outcome, count in sorted(statistics.outcomes.items()))
        posted = "  ".join(f"{platform} {count}" for platform, count in sorted(statistics.posted.items()))
        received = f"received {statistics.received} ({statistics.received / minutes:.0f} a minute)"
        table.add_row(received, f"sent: {sent}")
        table.add_row(f"replies {statistics.replies}", Text(printable(f"posted: {posted}")))
        table.add_row("", f"ended: {ended}")
        return table


def _shown(line: ActivityLine) -> Text:
    sign, style = _STYLE[line.stage]
    who, what = printable(line.who), printable(" ".join(line.text.split()))
    text = Text(no_wrap=True, overflow="ellipsis")
    return text.append(f"{sign} {who} ", style=f"bold {style}").append(what, style=style)


def narrate(line: ActivityLine) -> None:
    """The view of a run without a terminal: one log line for each thing that happens."""
    logging.getLogger("relay").info("%s %s: %s", line.stage, line.who, " ".join(line.text.split()))
