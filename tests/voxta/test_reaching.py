"""How the hub of a real server is reached."""

import pytest

from relay.errors import AuthError, VoxtaUnavailable
from relay.voxta.transport import HubConnection
from tests.doubles.voxta import KeyRule, Negotiation, Switches, VoxtaDouble
from tests.support import PATIENCE


async def reach(voxta: VoxtaDouble, key: str | None = None, path: str = "") -> None:
    """Connect and shake hands."""
    async with HubConnection.connect(f"{voxta.url}{path}", api_key=key, timeout=PATIENCE, on_bad=print):
        pass


@pytest.mark.parametrize("negotiation", Negotiation)
async def test_a_hub_is_reached_whether_it_negotiates_or_not(negotiation: Negotiation) -> None:
    async with VoxtaDouble(Switches(negotiation=negotiation)) as voxta:
        await reach(voxta)


@pytest.mark.parametrize("negotiation", Negotiation)
async def test_a_refused_key_is_told_whether_the_hub_negotiates_or_not(negotiation: Negotiation) -> None:
    async with VoxtaDouble(Switches(negotiation=negotiation, key=KeyRule.REFUSED)) as voxta:
        with pytest.raises(AuthError, match="api_key"):
            await reach(voxta, "not the key")

        await reach(voxta, voxta.key)


async def test_an_address_without_a_hub_is_told_with_what_it_answered() -> None:
    async with VoxtaDouble() as voxta:
        with pytest.raises(VoxtaUnavailable, match="404"):
            await reach(voxta, path="/elsewhere")
