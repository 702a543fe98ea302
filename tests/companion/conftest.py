from collections.abc import AsyncIterator

import pytest

from relay.companion.serving.server import CompanionServer
from relay.config import CompanionSection
from tests.companion.raw import RawClient, ScriptedBrain, connected

SETTINGS = CompanionSection(port=0, pace=0.0)


@pytest.fixture
def brain() -> ScriptedBrain:
    return ScriptedBrain()


@pytest.fixture
async def companion(brain: ScriptedBrain) -> AsyncIterator[CompanionServer]:
    async with CompanionServer(SETTINGS, brain=brain) as server:
        yield server


@pytest.fixture
async def client(companion: CompanionServer) -> AsyncIterator[RawClient]:
    """In the chat, with the first reading done."""
    async with connected(companion.url) as raw:
        await raw.enter()
        yield raw
