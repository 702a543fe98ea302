"""What commands share: how they are told which settings count, run, and show what came out."""

import asyncio
import json
from collections.abc import AsyncIterator, Coroutine
from contextlib import closing
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from relay.application.console import log_to, show
from relay.system import shutdown
from relay.system.garbage import spare_what_stays
from relay.system.kept_connections import kept_connections
from relay.text.printable import printable

ConfigFile = Annotated[
    Path | None,
    typer.Option("--config", "-c", help="The TOML file with your settings; see `relay where` for how it is found."),
]
CompanionName = Annotated[
    str | None,
    typer.Option(
        "--companion", help="Whom it is about, where the settings have several companions; see `relay where`."
    ),
]
OnlyKinds = Annotated[
    list[str] | None,
    typer.Option("--only", help="Only this kind of process, several times for several; the others run elsewhere."),
]
Json = Annotated[bool, typer.Option("--json", help="Print a summary as one JSON object at the end.")]
Plain = Annotated[
    bool, typer.Option("--plain", help="One line for each thing that happens, for screen readers and logs.")
]


def execute(work: Coroutine[Any, Any, dict[str, object] | None], as_json: bool = False) -> None:
    """Do the work until it is done or a signal ends it, and show what it answers."""
    try:
        result = shutdown.run(work)
    except (KeyboardInterrupt, asyncio.CancelledError):
        return
    if result is not None:
        show(json.dumps(result) if as_json else readable(result))


def serve(work: Coroutine[Any, Any, dict[str, object] | None], as_json: bool = False) -> None:
    """The same of what goes on for hours, once all that it takes is loaded: its connections to endpoints are kept."""

    async def keeping() -> dict[str, object] | None:
        async with kept_connections():
            return await work

    spare_what_stays()
    with closing(work):
        execute(keeping(), as_json)


def readable(result: dict[str, object]) -> str:
    """One line for each thing, for people."""
    return "\n".join(f"{key}: {printable(str(value))}" for key, value in result.items())


def terminal(as_json: bool, level: str, *, plain: bool = False) -> Console:
    """Where the run shows itself and what it logs; JSON has standard output to itself.

    `plain`: as where there is no terminal, in lines without colour, and nothing is drawn.
    """
    console = Console(stderr=as_json, force_terminal=False if plain else None)
    log_to(console, level)
    return console


def tell(lines: AsyncIterator[str]) -> None:
    """Show each as it comes."""

    async def work() -> None:
        async for line in lines:
            show(printable(line))

    execute(work())
