from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.web.api.stage import DeskStage, desk_stage


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[DeskStage]:
    """A server without a token."""
    async with desk_stage(tmp_path) as stage:
        yield stage
