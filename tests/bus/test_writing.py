import asyncio
import sys
from collections.abc import Callable

import pytest

from relay.bus.writing import as_lost


@pytest.mark.skipif(sys.version_info < (3, 12), reason="asyncio says nothing of it there")
async def test_a_connection_that_was_closed_before_it_was_written_to_is_lost() -> None:
    async with await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0) as server:
        _, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        writer.transport.abort()
        await writer.wait_closed()

        try:
            writer.writelines([b"PING"])
        except (TypeError, AttributeError) as error:  # as it did until it was mended in Python itself
            assert isinstance(as_lost(error), ConnectionResetError)


@pytest.mark.parametrize("mistake", [lambda: int([]), lambda: [0][1]])  # type: ignore[call-overload]
def test_any_other_mistake_remains_what_it_is(mistake: Callable[[], object]) -> None:
    with pytest.raises((TypeError, IndexError)) as caught:
        mistake()

    assert as_lost(caught.value) is caught.value
