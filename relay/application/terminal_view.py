"""The live terminal view: what came in, what was forwarded as what, what was answered, what waits, and keys."""

import asyncio
import signal
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from rich.console import Console, Group
from rich.live import Live
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from relay.application.statistics import ActivityLine, PipelineStage, Statistics
from relay.application.terminal_keys import HELP, HINT, QUIT, KeyMeanings
from relay.model import Held
from relay.system.keyboard import keyboard
from relay.text.printable import printable

REFRESH = 4
"""Frames a second."""
_STYLE = {
    PipelineStage.IN: ("→", "cyan"),
    PipelineStage.SENT: ("»", "yellow"),
    PipelineStage.REPLY: ("«", "green"),
    PipelineStage.POST: ("←", "blue"),
    PipelineStage.OUT: ("×", "dim"),  # noqa: RUF001
}


_LISTED = 6
"""Entries shown of what is held, and of what comes next."""
_ANSWER_FOR = 6.0
"""Seconds the answer of a control is shown."""


@dataclass(frozen=True)
class WatchedRelay:
    """What the view shows of a relay besides its statistics, and how it steers it."""

    status: Callable[[], Awaitable[str]]
    """The lines at the top."""
    held: Callable[[], Sequence[Held]] = lambda: ()
    upcoming: Callable[[int], Sequence[str]] = lambda _: ()
    """Who would be heard next, in that order, and so many at most."""
    is_paused: Callable[[], bool] = lambda: False
    control: Callable[[str], Awaitable[str]] | None = None
    """Carries out a control in the words of moderators. Without it keys do nothing but quit."""


class TerminalView:
    """Shows a relay until cancelled, and does what keys say."""

    def __init__(self, console: Console, statistics: Statistics, relay: WatchedRelay, title: str) -> None:
        self._console = console
        self._statistics = statistics
        self._relay = relay
        self._title = title
        self._began = time.monotonic()
        self._keys = KeyMeanings(relay.held, relay.is_paused)
        self._has_keys = False
        self._answer: tuple[str, float] = ("", 0.0)

    async def run(self) -> None:
        async with keyboard() as keys, asyncio.TaskGroup() as acting:
            with Live(console=self._console, refresh_per_second=REFRESH, screen=False, transient=True) as live:
                while True:
                    live.update(self._frame(await self._relay.status()), refresh=True)
                    key = await keys.next(1 / REFRESH)
                    self._has_keys = keys.is_there
                    if key is not None and (words := self._keys.press(key)) is not None:
                        acting.create_task(self._act(words))

    async def _act(self, words: str) -> None:
        if words == QUIT:
            signal.raise_signal(signal.SIGINT)  # as Ctrl+C, which ends the run in good order
        elif self._relay.control is not None:
            self._answer = (await self._relay.control(words), time.monotonic())

    def _frame(self, status: str) -> Group:
        panels = self._panels()
        taken = sum(panel.height or 0 for panel in panels)
        height = max(6, self._console.height - 13 - status.count("\n") - taken)
        feed = Group(*(_shown(line) for line in list(self._statistics.lines)[-height:]))
        return Group(
            Panel(Text(printable(status, lines=True)), title=Text(printable(self._title)), title_align="left"),
            Panel(feed, title="what happens", title_align="left", height=height + 2),
            *panels,
            *self._footer(),
            self._numbers(),
        )

    def _panels(self) -> list[Panel]:
        panels = []
        if upcoming := self._relay.upcoming(3):
            panels.append(_panel("next", [Text(printable(each), no_wrap=True) for each in upcoming]))
        held = self._relay.held()
        if held or self._keys.is_deciding:
            chosen = self._keys.chosen if self._keys.is_deciding else None
            title = f"held: {len(held)}" + (" · a approve · r reject · h back" if chosen else "")
            panels.append(_panel(title, _held_lines(held, chosen) or [Text("Nothing is held.")], style="yellow"))
        if self._keys.is_helping:
            panels.append(_panel("keys", [Text(line) for line in HELP.splitlines()]))
        return panels

    def _footer(self) -> list[Text]:
        if not self._has_keys:
            return []
        answer, at = self._answer
        is_new = time.monotonic() - at < _ANSWER_FOR
        return [Text(self._keys.question or (printable(answer) if is_new and answer else HINT), no_wrap=True)]

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


def _panel(title: str, lines: Sequence[Text], style: str = "none") -> Panel:
    return Panel(Group(*lines), title=title, title_align="left", height=len(lines) + 2, border_style=style)


def _held_lines(held: Sequence[Held], chosen: Held | None) -> list[Text]:
    """Those around the chosen one."""
    at = held.index(chosen) if chosen in held else 0
    begin = max(0, min(at - 1, len(held) - _LISTED))
    lines = []
    for each in held[begin : begin + _LISTED]:
        what = printable(" ".join(each.text.split()))
        line = Text(no_wrap=True, overflow="ellipsis", style="reverse" if each == chosen else "")
        line.append(f"{'>' if each == chosen else ' '} {each.id} {printable(each.whose)}: ", style="bold")
        lines.append(line.append(f"{what} ({printable(each.reason)})"))
    return lines
