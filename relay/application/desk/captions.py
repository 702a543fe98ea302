"""How the overlay's captions look, as the desk chooses it."""

from collections.abc import Awaitable, Callable
from typing import Any

from pydantic import Field

from relay.application.overlay_page import change_look
from relay.config.loading import Config
from relay.model import Caller, Role
from relay.web.desk.actions import DeskAction, Fields


class Look(Fields):
    look: str = Field(
        max_length=200, pattern=r"^[a-z0-9=&]*$", description="the options of the overlay's address, such as look=box"
    )


def look_action(config: Callable[[], Awaitable[Config]]) -> DeskAction[Any]:
    """Shows the look in OBS, where OBS is connected."""

    async def run(given: Look, _: Caller) -> object:
        return {"sources": list(await change_look(await config(), given.look))}

    return DeskAction("overlay_look", "Let the captions in OBS look like this", Look, run, role=Role.STREAMER)
