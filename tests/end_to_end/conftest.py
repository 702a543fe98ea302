from collections.abc import AsyncIterator

import pytest

from relay.application import steering
from relay.companion.serving.server import CompanionServer
from relay.config import CompanionSection
from tests.doubles.discord import interactions
from tests.end_to_end.stage import EchoBrain
from tests.support import PATIENCE


@pytest.fixture(autouse=True)
def _machines_may_be_slow(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who is looked for may still be starting, and who uses a slash command waits for its answer."""
    monkeypatch.setattr(steering, "FOUND_WITHIN", PATIENCE)
    monkeypatch.setattr(interactions, "REPLY_WITHIN", PATIENCE)


@pytest.fixture
def brain() -> EchoBrain:
    return EchoBrain()


@pytest.fixture
async def companion(brain: EchoBrain) -> AsyncIterator[CompanionServer]:
    async with CompanionServer(CompanionSection(port=0, pace=0), brain=brain) as server:
        yield server
