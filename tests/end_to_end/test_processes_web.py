"""The pages and calls of a relay in several processes: through the web process, whichever core leads."""

import asyncio
from pathlib import Path

import aiohttp
import pytest
from pydantic import SecretStr

from relay.application.processes.core import run_core
from relay.application.processes.run import run_only
from relay.application.processes.web import run_web
from relay.application.statistics import Statistics
from relay.companion.serving.server import CompanionServer
from relay.config import OperationsSection
from relay.config.loading import Config
from tests.doubles.ports import free_port
from tests.doubles.redis_server import RedisServer
from tests.end_to_end.stage import settings
from tests.end_to_end.test_processes import Processes, watch_of_a_test
from tests.support import PATIENCE
from tests.web.desk.page import opened

TOKEN = "a-token-nobody-guesses"


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
        await processes.running(run_web(config, await processes.bus()))
        assert await status(http, f"{url}/state") in (None, 503), "no core is there yet"

        first = await processes.core()
        await answers(http, f"{url}/state")
        await processes.core()
        async with opened(url) as page:
            first.cancel()
            while (await page.socket.receive(PATIENCE)).type is aiohttp.WSMsgType.TEXT:
                pass
            assert page.socket.close_code == aiohttp.WSCloseCode.SERVICE_RESTART
        await ended(first)
        await answers(http, f"{url}/state")
        async with opened(url) as page:
            await page.show("strip")
            await page.until("strip")
            refusal = await page.ask("set", values={"companion.name": "Nova"})
            assert not refusal["ok"], "the settings of several processes are changed in their file"


async def test_one_of_many_companions_by_itself_has_the_address_that_it_has_among_them(config: Config) -> None:
    async with Processes(config) as processes, aiohttp.ClientSession() as http:
        await processes.running(run_web(config, await processes.bus()))
        await processes.core()
        await answers(http, f"http://127.0.0.1:{config.web.port}/state")

        assert await status(http, f"http://127.0.0.1:{config.web.port}/c/{config.relay.name}/state") == 200


async def test_without_a_core_a_web_process_stays_ready_as_it_is_the_one_that_says_so(config: Config) -> None:
    probes = OperationsSection(enabled=True, port=free_port())
    web = run_only(config.model_copy(update={"operations": probes}), ["web"])
    async with Processes(config) as processes, aiohttp.ClientSession() as http:
        await processes.running(web)
        await answers(http, f"http://127.0.0.1:{config.web.port}/state", 503)

        await answers(http, f"http://127.0.0.1:{probes.port}/livez")
        assert await status(http, f"http://127.0.0.1:{probes.port}/readyz") == 200


async def test_links_are_those_of_the_relay_whichever_machine_its_core_is_on(config: Config, tmp_path: Path) -> None:
    here = with_token(config)
    there = here.model_copy(update={"relay": here.relay.model_copy(update={"data_dir": tmp_path / "there"})})
    url, streamer = f"http://127.0.0.1:{config.web.port}", {"Authorization": f"Bearer {TOKEN}"}
    async with Processes(here) as processes, aiohttp.ClientSession() as http:

        async def core_on(machine: Config) -> asyncio.Task[None]:
            core = run_core(machine, Statistics(), await processes.bus(), watch_of_a_test())
            return await processes.running(core)

        await processes.running(run_web(here, await processes.bus()))
        first = await core_on(here)
        await answers(http, f"{url}/dock?token={TOKEN}")
        async with opened(url, **streamer) as page:
            made = (await page.ask("invite", name="Mia"))["answer"]
        link = f"{url}{made['path']}"
        await answers(http, link)

        await ended(first)
        second = await core_on(there)
        await answers(http, link)
        async with opened(url, **streamer) as page:
            assert (await page.ask("withdraw", id=made["id"]))["ok"]

        await ended(second)
        await core_on(here)
        await answers(http, f"{url}/dock?token={TOKEN}")
        await answers(http, link, 401)


async def ended(core: asyncio.Task[None]) -> None:
    """It has answered its last."""
    core.cancel()
    await asyncio.wait({core})


def with_token(config: Config) -> Config:
    return config.model_copy(update={"web": config.web.model_copy(update={"token": SecretStr(TOKEN)})})


async def answers(http: aiohttp.ClientSession, url: str, wanted: int = 200) -> None:
    async with asyncio.timeout(PATIENCE):
        while await status(http, url) != wanted:  # noqa: ASYNC110 - a server elsewhere has no event to offer
            await asyncio.sleep(0.02)


async def status(http: aiohttp.ClientSession, url: str) -> int | None:
    try:
        async with http.get(url) as answer:
            return answer.status
    except aiohttp.ClientConnectorError:
        return None
