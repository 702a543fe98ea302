"""The published voxta-gateway, as a process of its own."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tests.doubles.ports import free_port
from tests.support import PATIENCE


@asynccontextmanager
async def published_gateway(voxta_url: str, port: int | None = None) -> AsyncIterator[str]:
    """Its address, while the context lasts."""
    port = port or free_port()
    gateway = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "uvicorn", "voxta_gateway.main:app", "--host", "127.0.0.1", "--port", str(port),
        env={**os.environ, "VOXTA_URL": voxta_url, "GATEWAY_PORT": str(port), "LOG_LEVEL": "ERROR"},
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    try:
        await _listening(port)
        yield f"http://127.0.0.1:{port}"
    finally:
        gateway.kill()
        await gateway.wait()


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
