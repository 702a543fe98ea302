from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.browser import Pages
from tests.web.desk.office import Office, office


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def desk(pages: Pages, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Office]:
    """A real server with the desk over real rooms, without any platform's account; one for all tests of a module."""
    async with office(pages, tmp_path_factory.mktemp("office")) as office_:
        yield office_
