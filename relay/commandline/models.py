"""`relay models`: recognisers and voices that run on this machine."""

import asyncio
import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from relay.application.console import show
from relay.application.settings import whereabouts
from relay.commandline.base import ConfigFile, Json
from relay.config import places
from relay.errors import ConfigError
from relay.text.printable import printable

if TYPE_CHECKING:  # nobody else needs them
    from rich.progress import Progress as Bar

    from relay.models.base import FetchProgress, Model, Report
    from relay.models.store import ModelStore

models = typer.Typer(invoke_without_command=True)

Names = Annotated[list[str], typer.Argument(help="Names that `relay models` lists.")]


@models.callback()
def show_models(context: typer.Context, config: ConfigFile = None, as_json: Json = False) -> None:
    """List the models that can be fetched, and those that are here."""
    if context.invoked_subcommand is not None:
        return
    from relay.models.catalogue import CATALOGUE

    store = _store(config)
    here = store.names()
    listed = [_row(model, model.name in here) for model in CATALOGUE.values()]
    if as_json:
        show(json.dumps({"folder": str(store.folder.resolve()), "models": listed}))
        return
    for row in listed:
        show(printable(_line(row)))
    for name in here:
        if name not in CATALOGUE:
            show(printable(f"{name}: here, and not in the catalogue any more"))
    show(printable(f"fetch one with: relay models fetch NAME; they are kept in {store.folder.resolve()}"))


@models.command("fetch")
def fetch_models(
    names: Names,
    source: Annotated[
        str | None, typer.Option("--from", help="The same file at another address; its checksum has to be the same.")
    ] = None,
    config: ConfigFile = None,
) -> None:
    """Fetch models, on from where it broke off, check and unpack them."""
    from relay.models.catalogue import entry

    wanted = [entry(name) for name in names]
    if source is not None:
        wanted = [_from(source, wanted)]
    store = _store(config)
    for model in wanted:
        show(printable(f"{model.name} is here: {_fetch(model, store)}"))


@models.command("verify")
def verify_models(
    names: Annotated[list[str] | None, typer.Argument(help="All that are here when left out.")] = None,
    config: ConfigFile = None,
) -> None:
    """Read models that are here, and tell what is not as it was fetched; exit code 1 when something is not."""
    store = _store(config)
    problems = {name: store.verify(name) for name in names or store.names()}
    for name, found in problems.items():
        show(printable(f"{name}: {'; '.join(found) or 'as it was fetched'}"))
    if any(problems.values()):
        show("fetch what is wrong again: relay models fetch NAME")
        raise typer.Exit(1)
    if not problems:
        show("no model is here")


@models.command("remove")
def remove_models(names: Names, config: ConfigFile = None) -> None:
    """Delete models, and what was fetched of them in part."""
    store = _store(config)
    for name in names:
        show(printable(f"{name} is removed" if store.remove(name) else f"{name} was not here"))


def _store(config: Path | None) -> "ModelStore":
    from relay.models.store import ModelStore

    return ModelStore(whereabouts(places.find(config)).models_folder)


def _from(source: str, wanted: "list[Model]") -> "Model":
    model = wanted[0]
    if len(wanted) > 1 or len(model.files) > 1:
        raise ConfigError("--from: one address is for one model of one file: leave it out, or name such a model alone")
    file = replace(model.files[0], url=source)
    if not source.startswith(("https://", "http://")) or file.is_archive != model.files[0].is_archive:
        raise ConfigError(f"--from: {source}: write an address, from https:// to {model.files[0].name}")
    if not model.is_pinned:
        raise ConfigError(f"--from: {model.name} has no published checksum, so only its own address counts")
    return replace(model, files=(file,))


def _fetch(model: "Model", store: "ModelStore") -> Path:
    """With a bar that tells how far it is, on a terminal."""
    from rich import progress

    from relay.models.fetching import fetch

    bar = progress.Progress(
        progress.TextColumn("{task.description}"),
        progress.BarColumn(),
        progress.DownloadColumn(),
        progress.TransferSpeedColumn(),
        progress.TimeRemainingColumn(),
        console=Console(stderr=True),
        disable=not Console(stderr=True).is_terminal,
    )
    with bar:
        return asyncio.run(fetch(model, store, _drawn_by(bar, model.name)))


def _drawn_by(bar: "Bar", name: str) -> "Report":
    task = bar.add_task(name)

    def draw(at: "FetchProgress") -> None:
        bar.update(task, description=f"{at.doing} {name}", completed=at.done, total=at.total)

    return draw


def _row(model: "Model", is_here: bool) -> dict[str, object]:
    return {
        "name": model.name,
        "purpose": str(model.purpose),
        "about": model.about,
        "languages": list(model.languages),
        "licence": model.licence,
        "source": model.source,
        "bytes": model.size,
        "checksum": "published" if model.is_pinned else "recorded here at its first fetch",
        "default": model.is_default,
        "here": is_here,
    }


def _line(row: dict[str, object]) -> str:
    state = "here" if row["here"] else "    "
    size = f"{int(str(row['bytes'])) / 1_000_000:.0f} MB"
    more = "" if row["checksum"] == "published" else f"; its checksum is {row['checksum']}"
    advice = "; the one to begin with" if row["default"] else ""
    return f"{state} {row['name']:<20} {row['purpose']:<10} {size:>7}  {row['about']} ({row['licence']}){advice}{more}"
