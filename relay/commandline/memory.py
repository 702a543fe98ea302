"""`relay memory`: what is remembered of people."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from relay.application.console import show
from relay.application.settings import load
from relay.commandline.base import CompanionName, ConfigFile
from relay.config import places
from relay.text.printable import printable

memory = typer.Typer(no_args_is_help=True, help="See, move and delete what is remembered of people.")

JsonFile = Annotated[Path, typer.Argument(help="A file of JSON.")]
Viewer = Annotated[str, typer.Argument(help="A name, or platform:id.")]


@memory.command("show")
def show_person(viewer: Viewer, config: ConfigFile = None, companion: CompanionName = None) -> None:
    """Show what is remembered of somebody."""
    from relay.application import memories

    show(printable(asyncio.run(memories.show(load(places.find(config), companion), viewer))))


@memory.command("delete")
def delete_person(viewer: Viewer, config: ConfigFile = None, companion: CompanionName = None) -> None:
    """Forget somebody: all that is remembered of them, on every platform they have linked."""
    from relay.application import memories

    show(printable(asyncio.run(memories.delete(load(places.find(config), companion), viewer))))


@memory.command("export")
def export_memory(file: JsonFile, config: ConfigFile = None, companion: CompanionName = None) -> None:
    """Write all that is remembered into a file that only you can read."""
    from relay.application import memories

    show(asyncio.run(memories.export(load(places.find(config), companion), file)))


@memory.command("import")
def import_memory(file: JsonFile, config: ConfigFile = None, companion: CompanionName = None) -> None:
    """Put back what was exported, here or in another store."""
    from relay.application import memories

    show(asyncio.run(memories.take_in(load(places.find(config), companion), file)))
