"""`relay rewards`: what viewers can buy with channel points."""

import typer

from relay.application.settings import load
from relay.commandline.base import CompanionName, ConfigFile, tell
from relay.config import places

rewards = typer.Typer(invoke_without_command=True)


@rewards.callback()
def show_rewards(context: typer.Context, config: ConfigFile = None, companion: CompanionName = None) -> None:
    """List the rewards of your channel: which the relay has made, and what is done with each."""
    if context.invoked_subcommand is None:
        from relay.application import offers

        tell(offers.overview(load(places.required(config), companion)))


@rewards.command("create")
def create_rewards(config: ConfigFile = None, companion: CompanionName = None) -> None:
    """Offer the rewards of your settings that have `create`; only those can be fulfilled and refunded."""
    from relay.application import offers

    tell(offers.create(load(places.required(config), companion)))
