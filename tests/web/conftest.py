from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Browser

from tests.browser import browser as started_browser
from tests.web.stage import Stage, staged


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    """A running server without a token."""
    async with staged() as stage:
        yield stage


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    """One for all tests of pages; each opens a context of its own."""
    async with started_browser() as browser:
        yield browser
