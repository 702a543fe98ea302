"""What a process of a fleet asks of the settings before it begins."""

from pathlib import Path

import pytest

from relay.application.fleet.run import run_fleet
from relay.errors import ConfigError

ONE_PORT = 'processes.listen = "10.0.0.5:8090"\ncompanions.ann = {}\ncompanions.ben = {}\n'


@pytest.mark.parametrize(
    ("wanted", "complaint"),
    [
        ([], "port 8090 can be only one companion's"),
        (["web", "core"], "port 8090 can be only one companion's"),
        (["web"], "inbox.engine: sqlite serves one process"),
    ],
    ids=["all", "a core", "no core"],
)
async def test_only_who_leads_the_companions_asks_for_a_port_of_each(
    wanted: list[str], complaint: str, tmp_path: Path
) -> None:
    path = tmp_path / "relay.toml"
    path.write_text(ONE_PORT, "utf-8")

    with pytest.raises(ConfigError, match=complaint):
        await run_fleet(path, wanted)


async def test_a_web_process_without_pages_is_a_mistake_of_the_settings(tmp_path: Path) -> None:
    path = tmp_path / "relay.toml"
    path.write_text('inbox.engine = "redis"\nweb.enabled = false\ncompanions.ann = {}\n', "utf-8")

    with pytest.raises(ConfigError, match=r"web\.enabled: false; --only web needs it to be true"):
        await run_fleet(path, ["web"])
