"""What `relay health` says of a process that serves probes."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from relay.application.health import health_of
from relay.config import OperationsSection
from relay.system.readiness import Readiness
from relay.web.probes import ProbeServer
from tests.doubles.ports import free_port
from tests.support import PATIENCE, no_metrics


@pytest.fixture(autouse=True)
def no_hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """How fast the machine is decides no verdict."""
    monkeypatch.setattr("relay.application.health.PATIENCE", PATIENCE)


def written(folder: Path, port: int) -> Path:
    file = folder / "relay.toml"
    file.write_text(
        f'[relay]\ndata_dir = "{folder.as_posix()}"\n[operations]\nenabled = true\nport = {port}\n', "utf-8"
    )
    return file


async def test_a_process_that_is_alive_and_not_ready_is_well_enough_to_be_left_alone(tmp_path: Path) -> None:
    async with ProbeServer(OperationsSection(port=0), Readiness(), no_metrics) as server:
        file = written(tmp_path, int(server.url.rpartition(":")[2]))

        assert await asyncio.to_thread(health_of, file, None) == (True, "[-] start is under way\nnot ready")


def test_a_process_that_does_not_answer_is_not_alive(tmp_path: Path) -> None:
    health = health_of(written(tmp_path, free_port()), None)

    assert not health.is_alive
    assert "/livez does not answer" in health.told


@asynccontextmanager
async def answering(raw: bytes) -> AsyncIterator[int]:
    """The port of another program, which says this to whoever asks."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(raw)
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        yield server.sockets[0].getsockname()[1]


@pytest.mark.parametrize(
    "raw",
    [
        b"HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\nnone",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n\xff",
        b"220 mail.example ESMTP\r\n",
    ],
    ids=["has no such page", "answers everything", "does not speak HTTP"],
)
async def test_another_program_at_that_port_is_no_relay(tmp_path: Path, raw: bytes) -> None:
    async with answering(raw) as port:
        health = await asyncio.to_thread(health_of, written(tmp_path, port), None)

    assert not health.is_alive
    assert "no relay runs here" in health.told


async def test_the_machines_proxy_is_not_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    refusal = b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n"
    async with answering(refusal) as proxy, ProbeServer(OperationsSection(port=0), Readiness(), no_metrics) as server:
        monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{proxy}")
        monkeypatch.setenv("no_proxy", "127.0.0.0/8")

        health = await asyncio.to_thread(health_of, written(tmp_path, int(server.url.rpartition(":")[2])), None)

    assert health == (True, "[-] start is under way\nnot ready")


def test_without_probes_the_sign_of_life_counts(tmp_path: Path) -> None:
    file = tmp_path / "relay.toml"
    file.write_text(f'[relay]\ndata_dir = "{tmp_path.as_posix()}"\n', "utf-8")
    assert not health_of(file, None).is_alive

    (tmp_path / "relay.alive").write_text("ok\nTwitch: connected", "utf-8")

    assert health_of(file, None) == (True, "ok\nTwitch: connected")
