"""`relay auth`: the logins, and what the desk keeps secret."""

from typing import Any

import typer

from relay.application.console import show
from relay.application.fleet.accounts import shared_account
from relay.application.settings import companions_in, load, load_fleet, whereabouts
from relay.application.settings.secrets import Secrets
from relay.commandline.base import CompanionName, ConfigFile, execute
from relay.config import places
from relay.platforms import listed
from relay.platforms.info import PlatformInfo, PlatformWishes

auth = typer.Typer(no_args_is_help=True, help="Log in to a platform or to Voxta.")


def _offer_login(info: PlatformInfo[Any]) -> None:
    """The command by its name, where one logs in to the platform."""
    if (log_in := info.log_in) is None:
        return

    @auth.command(info.name, help=log_in.__doc__)
    def auth_platform(config: ConfigFile = None, companion: CompanionName = None) -> None:
        file = places.required(config)
        if companion is None and companions_in(file):
            section, wishes = shared_account(load_fleet(file), info)
        else:
            settings = load(file, companion)
            section, wishes = info.settings(settings), PlatformWishes.of(settings)
        data_dir = whereabouts(file).relay.data_dir

        async def work() -> None:
            show(await log_in(section, data_dir, show, wishes))

        execute(work())


@auth.command("forget")
def forget_secrets(config: ConfigFile = None) -> None:
    """Forget the secrets that were given on the desk, in the system's keyring or beside the settings."""
    forgotten = Secrets(places.to_write(config)).forget()
    show(f"Forgotten: {', '.join(forgotten)}" if forgotten else "No secrets are kept beside these settings")


for _info in listed.PLATFORMS:
    _offer_login(_info)


@auth.command("voxta")
def auth_voxta(config: ConfigFile = None, companion: CompanionName = None) -> None:
    """Log in to Voxta with a code you confirm there; again to renew it."""
    from relay.voxta.login import log_in

    settings = load(places.required(config), companion)
    execute(log_in(settings.voxta, settings.voxta_token_file, show))
