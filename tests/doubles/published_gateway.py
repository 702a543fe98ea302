"""The published voxta-gateway, as a process of its own."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from tests.doubles.ports import free_port
from tests.processes import loaded, quiet
from tests.support import PATIENCE


@asynccontextmanager
async def published_gateway(voxta_url: str, port: int | None = None) -> AsyncIterator[str]:
    """Its address, while the context lasts."""
    port = port or free_port()
    gateway = loaded.Process(target=_gateway, args=(voxta_url, port))
    gateway.start()
    try:
        await _listening(port)
        yield f"http://127.0.0.1:{port}"
    finally:
        gateway.kill()
        gateway.join()
        gateway.close()


async def _listening(port: int) -> None:
    async with asyncio.timeout(PATIENCE):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.05)
            else:
                writer.close()
                await writer.wait_closed()
                return


def _gateway(voxta_url: str, port: int) -> None:
    """In the new process: as its documentation starts it."""
    quiet(Path(os.devnull), Path(os.devnull))
    os.environ.update(VOXTA_URL=voxta_url, GATEWAY_PORT=str(port), LOG_LEVEL="ERROR")

    from uvicorn.main import main

    main(["voxta_gateway.main:app", "--host", "127.0.0.1", "--port", str(port)])
