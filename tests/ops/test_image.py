"""What is built into the image once is not done anew in each of its containers."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Final

from tests.docs.pages import ROOT
from tests.doubles.ports import free_port

DOCKERFILE: Final = (ROOT / "Dockerfile").read_text("utf-8").replace("\\\n", "")
BUILT, RUN = DOCKERFILE.split("\nFROM ")
"""The stage that installs, and the one that containers are made of: nothing can be written where its program is."""

HEALTH: Final = """
import sys
from relay.cli import main
try:
    main()
finally:
    print("with" if "aiohttp" in sys.modules else "without", "aiohttp")
"""


def test_the_program_and_what_it_is_installed_with_are_compiled() -> None:
    [compiled] = re.findall(r"^ENV UV_COMPILE_BYTECODE=(\S+)$", BUILT, re.MULTILINE)

    assert compiled == "1"
    assert BUILT.index("UV_COMPILE_BYTECODE") < BUILT.index("uv sync")


def test_whatever_settings_ask_for_is_installed_as_nothing_can_be_added_later() -> None:
    [installs] = re.findall(r"^RUN uv sync (.+)$", BUILT, re.MULTILINE)

    assert "--all-extras" in installs.split()


def test_pythons_own_library_is_compiled_by_who_may_write_there() -> None:
    assert re.search(r"^RUN .*python -m compileall", RUN, re.MULTILINE)
    assert RUN.index("compileall") < RUN.index("\nUSER ")


def test_the_question_after_its_health_is_put_seldom_enough_to_cost_nothing() -> None:
    [seconds] = re.findall(r"^HEALTHCHECK --interval=(\d+)s ", RUN, re.MULTILINE)

    assert int(seconds) >= 120, "each of them starts a Python"


def test_a_process_that_is_stuck_ends_as_docker_starts_nothing_else_anew() -> None:
    [given] = re.findall(r"^ENV (.+)$", RUN, re.MULTILINE)

    assert "RELAY_OPERATIONS__END_STUCK=true" in given.split()


def test_asking_after_the_health_loads_no_server_for_the_web(tmp_path: Path) -> None:
    settings = tmp_path / "relay.toml"
    settings.write_text(f"[operations]\nenabled = true\nport = {free_port()}\n", "utf-8")

    asked = subprocess.run(
        [sys.executable, "-c", HEALTH, "health", "--config", settings], capture_output=True, text=True
    )

    assert "no relay runs here" in asked.stdout
    assert "without aiohttp" in asked.stdout
