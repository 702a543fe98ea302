"""Where the pages of a fleet's companions are."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from relay.application.browser import is_served
from relay.application.fleet.changes import changes
from relay.application.fleet.pages import FleetPages
from relay.application.processes.kinds import web_service
from relay.application.settings import Fleet
from relay.application.settings.fleet import fleet_in
from relay.bus.presence import Presence, ProcessSign
from relay.web.proxy.trust import CoreAddress
from tests.doubles.ports import free_port
from tests.support import alongside, eventually
from tests.web.proxy.front import get
from tests.web.proxy.raw import ok, raw_core


def fleet_of(*names: str, port: int) -> Fleet:
    lines = (f"web.port = {port}", *(f"companions.{name} = {{}}" for name in names))
    return fleet_in("\n".join(lines), Path("relay.toml"), {})


@asynccontextmanager
async def served(fleet: Fleet, ann: CoreAddress) -> AsyncIterator[FleetPages]:
    """Its pages, of which a core has ann's."""
    presence = Presence(cast(Any, None), cast(Any, None), "relay:relay")
    told = {"url": ann.url, "secret": ann.secret, "turn": 1}
    presence.living = {"a": ProcessSign("a", {web_service("ann"): told})}
    pages = FleetPages(fleet, cast(Any, SimpleNamespace(presence=presence)))
    async with alongside(pages.run()):
        await eventually(lambda: is_served(fleet.process.web))
        yield pages


async def test_the_pages_of_the_only_companion_are_also_where_a_single_relay_has_them() -> None:
    alone = fleet_of("ann", port=free_port())
    both = fleet_of("ann", "ben", port=alone.process.web.port)
    url = f"http://127.0.0.1:{alone.process.web.port}"
    async with raw_core(ok) as (ann, there), served(alone, there) as pages:
        assert (await get(f"{url}/overlay"))[0] == 204
        assert (await get(f"{url}/c/ann/overlay"))[0] == 204
        assert ann.lines == 2 * ["GET /overlay HTTP/1.1"]

        await pages.follow(both, changes(alone, both))
        assert (await get(f"{url}/overlay"))[0] == 404, "whose would it be?"
        assert (await get(f"{url}/c/ann/overlay"))[0] == 204
