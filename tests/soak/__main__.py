"""An accelerated day for a whole relay: is anything lost, and does anything grow without end?

`python -m tests.soak` prints figures over time as a table, draws them, and fails when something is lost or does not
level off (see verdict.py for the rule). All servers are on this machine. Linux only.
"""

import argparse
import asyncio
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import get_args

from tests.soak.day import MESSAGES
from tests.soak.drawing import HEADER, row, verdicts
from tests.soak.room import Engine
from tests.soak.run import LIMIT, Plan, run


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.soak")
    parser.add_argument("--messages", type=int, default=MESSAGES, help="how much of the day; all of it has 10^6")
    parser.add_argument("--engine", choices=get_args(Engine), default="sqlite")
    parser.add_argument(
        "--minutes", type=float, default=LIMIT / 60, help="after which a slow machine cuts the day short"
    )
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args(arguments)
    plan = Plan(given.messages, given.engine, given.seed, 60 * given.minutes)
    began = time.monotonic()
    print(HEADER)
    with tempfile.TemporaryDirectory(prefix="relay-soak-") as folder:
        result = asyncio.run(run(plan, Path(folder), lambda *sample: print(row(*sample), flush=True)))
    print("\n".join(["", *verdicts(result), _effort(time.monotonic() - began)]))
    return 0 if result.is_well else 1


def _effort(seconds: float) -> str:
    busy = f"{time.process_time():.0f} s of them at work; the machine's load is {os.getloadavg()[1]:.1f}"
    return f"{seconds:.0f} s, {busy} on {os.cpu_count()} processors"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
