import json
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no fork and sends no SIGTERM")
def test_relays_over_redis_end_by_themselves_whenever_they_are_told_to() -> None:
    # in a process of its own, as it forks
    command = [sys.executable, "-m", "tests.chaos.sigterm", "--times", "2", "--seed", "3"]
    ended = subprocess.run(command, cwd=Path(__file__).parents[2], capture_output=True, text=True, check=True)

    figures = json.loads(ended.stdout)
    assert (figures["hung"], figures["forced"]) == (0, 0), ended.stderr
    assert figures["by_itself"] + figures["too_early"] == 2
