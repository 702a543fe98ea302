import pytest

from tests.support import PATIENCE


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A memory on a busy machine is slow, and not away."""
    monkeypatch.setattr("relay.memory.context.PATIENCE", PATIENCE)
