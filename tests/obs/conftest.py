from collections.abc import AsyncIterator

import pytest

from tests.doubles.obs import ObsDouble


@pytest.fixture
async def obs() -> AsyncIterator[ObsDouble]:
    async with ObsDouble() as obs:
        yield obs
