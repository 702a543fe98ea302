"""`relay fleet`: many companions of one settings file, and what is left of those that were taken out of it."""

import asyncio
from typing import Annotated

import typer

from relay.application.console import show
from relay.commandline.base import ConfigFile, OnlyKinds, serve, terminal
from relay.config import places
from relay.text.printable import printable

fleet = typer.Typer(invoke_without_command=True)


@fleet.callback()
def run(
    context: typer.Context,
    config: ConfigFile = None,
    only: OnlyKinds = None,
) -> None:
    """Go live with all companions of your settings, which share a Redis."""
    if context.invoked_subcommand is None:
        from relay.application.fleet.run import run_fleet

        terminal(False, "info", plain=True)
        serve(run_fleet(places.required(config), only or []))


@fleet.command("forget")
def forget_companion(
    name: Annotated[str, typer.Argument(help="A companion that is no more in the settings.")],
    config: ConfigFile = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Delete for good what Redis and this machine keep of a companion that you took out of the settings."""
    from relay.application.fleet.forgetting import KeptOfCompanion, forget

    def confirm(kept: KeptOfCompanion) -> bool:
        for each in (f"{kept.keys} keys in Redis", *map(str, kept.files)):
            show(printable(each))
        return yes or typer.confirm(f"Delete all of that of {printable(name)} for good?")

    deleted = asyncio.run(forget(places.required(config), name, confirm))
    show(printable(f"{name} is forgotten" if deleted else "nothing was deleted"))
