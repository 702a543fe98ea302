from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from relay.avatar.access import AvatarToken
from tests.doubles.vtube_studio import VTubeStudioDouble


@pytest.fixture
async def double() -> AsyncIterator[VTubeStudioDouble]:
    async with VTubeStudioDouble() as double:
        yield double


@pytest.fixture
def token(tmp_path: Path) -> AvatarToken:
    return AvatarToken(tmp_path / "vtube-studio-token.json")
