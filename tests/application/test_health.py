"""What `relay health` says of a process that serves probes."""

import asyncio
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


def test_without_probes_the_sign_of_life_counts(tmp_path: Path) -> None:
    file = tmp_path / "relay.toml"
    file.write_text(f'[relay]\ndata_dir = "{tmp_path.as_posix()}"\n', "utf-8")
    assert not health_of(file, None).is_alive

    (tmp_path / "relay.alive").write_text("ok\nTwitch: connected", "utf-8")

    assert health_of(file, None) == (True, "ok\nTwitch: connected")
