"""The pages and calls of a relay in several processes: through the web process, whichever core leads."""

import asyncio
from pathlib import Path

import aiohttp
import pytest

from relay.application.processes.web import run_web
from relay.companion.serving.server import CompanionServer
from relay.config.loading import Config
from tests.doubles.ports import free_port
from tests.doubles.redis_server import RedisServer
from tests.end_to_end.stage import settings
from tests.end_to_end.test_processes import Processes, watch_of_a_test
from tests.support import PATIENCE
from tests.web.desk.page import opened


@pytest.fixture
def config(tmp_path: Path, redis_server: RedisServer, companion: CompanionServer) -> Config:
    return settings(
        tmp_path,
        inbox={"engine": "redis", "url": redis_server.url},
        voxta={"mode": "server", "timeout": 20.0, "url": companion.url},
        web={"port": free_port()},
    )


async def test_pages_and_calls_go_on_with_the_core_that_takes_over(config: Config) -> None:
    url = f"http://127.0.0.1:{config.web.port}"
    async with Processes(config) as processes, aiohttp.ClientSession() as http:
        await processes.running(run_web(config, await processes.bus(), watch_of_a_test()))
        assert await status(http, f"{url}/state") in (None, 503), "no core is there yet"

        first = await processes.core()
        await answers(http, f"{url}/state")
        await processes.core()
        async with opened(url) as page:
            first.cancel()
            while (await page.socket.receive(PATIENCE)).type is aiohttp.WSMsgType.TEXT:
                pass
            assert page.socket.close_code == aiohttp.WSCloseCode.SERVICE_RESTART
        await answers(http, f"{url}/state")
        async with opened(url) as page:
            await page.show("strip")
            await page.until("strip")
            refusal = await page.ask("set", values={"companion.name": "Nova"})
            assert not refusal["ok"], "the settings of several processes are changed in their file"


async def answers(http: aiohttp.ClientSession, url: str) -> None:
    async with asyncio.timeout(PATIENCE):
        while await status(http, url) != 200:  # noqa: ASYNC110 - a server elsewhere has no event to offer
            await asyncio.sleep(0.02)


async def status(http: aiohttp.ClientSession, url: str) -> int | None:
    try:
        async with http.get(url) as answer:
            return answer.status
    except aiohttp.ClientConnectorError:
        return None
