"""`relay auth`: the logins."""

from typing import Any

import typer

from relay.application.console import show
from relay.application.settings import load
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
        settings = load(places.required(config), companion)

        async def work() -> None:
            show(await log_in(info.settings(settings), settings.relay.data_dir, show, PlatformWishes.of(settings)))

        execute(work())


for _info in listed.PLATFORMS:
    _offer_login(_info)


@auth.command("voxta")
def auth_voxta(config: ConfigFile = None, companion: CompanionName = None) -> None:
    """Log in to Voxta with a code you confirm there; again to renew it."""
    from relay.voxta.login import log_in

    settings = load(places.required(config), companion)
    execute(log_in(settings.voxta, settings.voxta_token_file, show))
