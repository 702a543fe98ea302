"""What supervisors and Prometheus are answered."""

from collections.abc import AsyncIterator

import aiohttp
import pytest

from relay.config import OperationsSection
from relay.errors import ConfigError
from relay.system.readiness import Readiness, ReadyState
from relay.web.probes import ProbeServer


async def metrics() -> bytes:
    return b"relay_ready 1.0\n"


@pytest.fixture
def readiness() -> Readiness:
    ready = Readiness()
    ready.is_starting = False
    return ready


@pytest.fixture
async def server(readiness: Readiness) -> AsyncIterator[ProbeServer]:
    async with ProbeServer(OperationsSection(port=0), readiness, metrics) as running:
        yield running


async def asked(server: ProbeServer, path: str, **headers: str) -> tuple[int, str]:
    async with aiohttp.request("GET", f"{server.url}{path}", headers=headers) as response:
        return response.status, await response.text()


async def test_a_process_that_is_ready_says_so_condition_by_condition(
    server: ProbeServer, readiness: Readiness
) -> None:
    async def heard() -> ReadyState:
        return ReadyState(True, "is heard")

    with readiness.needing({"twitch": heard}):
        assert await asked(server, "/readyz") == (200, "[+] twitch is heard\nready\n")


async def test_a_process_that_ends_is_alive_and_not_ready(server: ProbeServer, readiness: Readiness) -> None:
    readiness.is_ending = True

    assert await asked(server, "/readyz") == (503, "[-] end is under way\nnot ready\n")
    assert await asked(server, "/livez") == (200, "alive\n")


async def test_metrics_need_no_token(server: ProbeServer) -> None:
    assert await asked(server, "/metrics") == (200, "relay_ready 1.0\n")


@pytest.mark.parametrize(
    "headers", [{"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}, {"Host": "evil.example"}]
)
async def test_web_pages_are_told_nothing(server: ProbeServer, headers: dict[str, str]) -> None:
    assert (await asked(server, "/metrics", **headers))[0] == 403


async def test_a_port_that_is_taken_is_named_with_the_setting_to_change(server: ProbeServer) -> None:
    port = int(server.url.rpartition(":")[2])

    with pytest.raises(ConfigError, match=rf"operations\.port: 127\.0\.0\.1:{port} cannot be had"):
        async with ProbeServer(OperationsSection(port=port), Readiness(), metrics):
            pass
