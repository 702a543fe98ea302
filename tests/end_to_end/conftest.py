from collections.abc import AsyncIterator

import pytest

from relay.companion.serving.server import CompanionServer
from relay.config import CompanionSection
from tests.end_to_end.stage import EchoBrain


@pytest.fixture
def brain() -> EchoBrain:
    return EchoBrain()


@pytest.fixture
async def companion(brain: EchoBrain) -> AsyncIterator[CompanionServer]:
    async with CompanionServer(CompanionSection(port=0, pace=0), brain=brain) as server:
        yield server
