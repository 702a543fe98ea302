import json
import sys

import pytest

from tests.chaos.sigterm import main
from tests.processes import relay


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no fork and sends no SIGTERM")
def test_relays_over_redis_end_by_themselves_whenever_they_are_told_to() -> None:
    # in a process of its own, as it forks
    ended = relay("--times", "2", "--seed", "3", program=main)

    assert ended.returncode == 0, ended.stderr
    figures = json.loads(ended.stdout)
    assert (figures["hung"], figures["forced"]) == (0, 0), ended.stderr
    assert figures["by_itself"] + figures["too_early"] == 2
