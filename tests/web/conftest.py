from collections.abc import AsyncIterator

import pytest

from tests.web.stage import Stage, staged


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    """A running server without a token."""
    async with staged() as stage:
        yield stage
