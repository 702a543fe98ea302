"""`relay companion`: the embedded companion alone, and its scenarios."""

from pathlib import Path
from typing import Annotated

import typer

from relay.application.console import show
from relay.application.settings import load
from relay.commandline.base import CompanionName, ConfigFile, serve, terminal
from relay.config import places

companion = typer.Typer(invoke_without_command=True)


@companion.callback()
def serve_alone(
    context: typer.Context,
    config: ConfigFile = None,
    name: CompanionName = None,
    scenario: Annotated[Path | None, typer.Option(help="A scenario's folder; read anew when saved.")] = None,
    port: Annotated[int | None, typer.Option(min=0, max=65_535, help="The port to listen on.")] = None,
) -> None:
    """Serve the embedded companion alone, for any Voxta client on this machine."""
    if context.invoked_subcommand is None:
        from relay.application.runs import serve_companion

        settings = load(places.find(config), name)
        screen = terminal(False, settings.relay.log_level)
        serve(serve_companion(settings, screen, port=port, scenario=scenario))


@companion.command("check")
def check_scenario(folder: Annotated[Path, typer.Argument(help="The folder of a scenario.")]) -> None:
    """Check a scenario and its scripts."""
    from relay.companion.scripting.checking import summary

    show(summary(folder))


@companion.command("init")
def init_scenario(folder: Annotated[Path, typer.Argument(help="A folder that does not exist yet.")]) -> None:
    """Put an example of a scenario into a folder, to make your own of it."""
    from relay.companion.scenario.example import copy_to

    copy_to(folder)
    show(f"{folder} holds an example; try it with: relay companion --scenario {folder}")
