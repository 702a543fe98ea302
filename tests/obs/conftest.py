from collections.abc import AsyncIterator

import pytest

from tests.doubles.obs import ObsDouble
from tests.support import PATIENCE


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """OBS may take as long as a busy machine does."""
    for limit in ("LOGIN", "ANSWER"):
        monkeypatch.setattr(f"relay.obs.connection.{limit}", PATIENCE)


@pytest.fixture
async def obs() -> AsyncIterator[ObsDouble]:
    async with ObsDouble() as obs:
        yield obs
