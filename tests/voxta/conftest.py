from collections.abc import AsyncIterator

import pytest

from relay.companion.serving.server import CompanionServer
from relay.config import CompanionSection
from tests.doubles.faults import FaultyProxy


@pytest.fixture
async def companion() -> AsyncIterator[CompanionServer]:
    async with CompanionServer(CompanionSection(port=0, pace=0)) as server:
        yield server


@pytest.fixture
async def wire(companion: CompanionServer) -> AsyncIterator[FaultyProxy]:
    """The companion behind a line that can be cut."""
    async with FaultyProxy(int(companion.url.rsplit(":", 1)[1])) as proxy:
        yield proxy
