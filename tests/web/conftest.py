from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.browser import Pages, browser
from tests.web.patience import lift_limits
from tests.web.stage import Stage, staged


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """How busy the machine is decides nothing about pages."""
    lift_limits(monkeypatch)


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    """A running server without a token."""
    async with staged() as stage:
        yield stage


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def pages() -> AsyncIterator[Pages]:
    """Those of one browser, for all tests."""
    async with browser() as started:
        yield Pages(started)
