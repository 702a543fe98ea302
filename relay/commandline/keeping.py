"""`relay backup`, `relay restore` and `relay update`: to keep what one has, and to have what is new."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from relay.application.console import show
from relay.application.settings import Fleet, load, load_fleet
from relay.commandline.base import ConfigFile
from relay.config import places
from relay.text.printable import printable

BackupFile = Annotated[Path, typer.Argument(help="The file of the backup, such as relay-backup.zip.")]


def back_up(file: BackupFile, config: ConfigFile = None) -> None:
    """Put settings, messages, memory, scenario, audit log and logins into one file, whether or not the relay runs."""
    from relay.application.backup import backup

    settings = places.find(config)
    fleet = load_fleet(settings) if settings is not None else Fleet(load(), {})
    _show(asyncio.run(backup(fleet.process, settings, file, fleet.companions)))


def restore(
    file: BackupFile,
    config: Annotated[
        Path | None, typer.Option("--config", "-c", help="Where the settings go; by default your user's own folder.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Move aside what is there already.")] = False,
) -> None:
    """Put back what is in a backup, into an empty place."""
    from relay.application.restore import restore as put_back

    _show(put_back(file, config or places.own_file(), force=force))


def update() -> None:
    """Tell whether there is a newer version where this one came from. Nothing is asked unless you ask."""
    from relay.application.updates import newer

    show(printable(newer()))


def _show(lines: list[str]) -> None:
    for line in lines:
        show(printable(line))
