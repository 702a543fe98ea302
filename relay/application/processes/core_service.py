"""What the core does for the other processes of its relay."""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

from relay.application.composition import Relay
from relay.bus.calls import Handler
from relay.model import Caller


def handlers(relay: Relay) -> Mapping[str, Handler]:
    """By method. What they take and give is fit for JSON."""

    async def control(asked: Any) -> str:
        return await relay.controls.run(asked["words"], Caller.model_validate(asked["by"]))

    async def complete(asked: Any) -> list[Any]:
        return _plain(await relay.controls.complete(asked["name"], asked["typed"], Caller.model_validate(asked["by"])))

    async def held(asked: Any) -> list[Any]:
        return _plain(await relay.controls.held(Caller.model_validate(asked["by"])))

    async def offered(_: Any) -> list[Any]:
        return _plain(relay.commands.gate.table.offered())

    return {"control": control, "complete": complete, "held": held, "offered": offered}


def _plain(values: Any) -> list[Any]:
    found: list[BaseModel] = list(values)
    return [each.model_dump(mode="json") for each in found]
