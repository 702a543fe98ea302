from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from relay.avatar.access import AvatarToken
from tests.doubles.vtube_studio import VTubeStudioDouble
from tests.support import PATIENCE


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """VTube Studio may take as long as a busy machine does."""
    for limit in ("CONNECTS", "ANSWER"):
        monkeypatch.setattr(f"relay.avatar.connection.{limit}", PATIENCE)


@pytest.fixture
async def double() -> AsyncIterator[VTubeStudioDouble]:
    async with VTubeStudioDouble() as double:
        yield double


@pytest.fixture
def token(tmp_path: Path) -> AvatarToken:
    return AvatarToken(tmp_path / "vtube-studio-token.json")
