from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Browser

from tests.web.desk.office import Office, office


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def desk(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Office]:
    """A real server with the desk over real rooms, without any platform's account; one for all tests of a module."""
    async with office(browser, tmp_path_factory.mktemp("office")) as office_:
        yield office_
