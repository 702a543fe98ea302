"""SIGTERM at random moments of `relay replay` over Redis: does every process end by itself?

`python -m tests.chaos.sigterm --times 200` prints one JSON object. Unix only.
"""

import argparse
import json
import multiprocessing
import os
import random
import signal
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from multiprocessing.context import ForkProcess
from pathlib import Path
from typing import Final

from relay import cli
from relay.application.runs import beside
from relay.application.settings import load
from relay.system.shutdown import GRACE
from tests.doubles.redis_server import redis_server

LATEST: Final = 2.0
"""Seconds after which a process gets its signal at the latest: from its start, or from when all of it runs."""
EARLY: Final = 0.2
"""The share of processes that get it while they start."""
PATIENCE: Final = GRACE + 10.0
"""Seconds after the signal from which a process counts as hung."""
LINES_A_SECOND: Final = 200


@dataclass
class Figures:
    times: int = 0
    too_early: int = 0
    """Got the signal before there was anything to end, and were gone."""
    by_itself: int = 0
    forced: int = 0
    """Ended by the deadline."""
    hung: int = 0
    slowest_s: float = 0.0
    """From the signal to the end, of those that ended by themselves."""


@dataclass
class Victim:
    process: ForkProcess
    log: Path
    delay: float
    clock_from: float | None
    """None until the process has given a sign of life."""
    sign_of_life: Path
    signalled_at: float = 0.0

    def end(self, figures: Figures, now: float) -> bool:
        """Send the signal when it is due. Whether it is over, and counted."""
        if self.clock_from is None and self.sign_of_life.exists():
            self.clock_from = now
        if not self.signalled_at and self.clock_from is not None and now >= self.clock_from + self.delay:
            assert self.process.pid is not None
            self.signalled_at = now
            os.kill(self.process.pid, signal.SIGTERM)
        if self.process.exitcode is None and not (self.signalled_at and now - self.signalled_at > PATIENCE):
            return False
        self._count(figures, now)
        return True

    def _count(self, figures: Figures, now: float) -> None:
        if self.process.exitcode is None:
            figures.hung += 1
            self.process.kill()
        elif self.process.exitcode == -signal.SIGTERM:
            figures.too_early += 1
        elif self.process.exitcode == 0:
            figures.by_itself += 1
            figures.slowest_s = max(figures.slowest_s, round(now - self.signalled_at, 2))
        else:
            figures.forced += 1
            print(self.log.read_text("utf-8"), file=sys.stderr)
        self.process.join()


def run(times: int, *, at_once: int, seed: int) -> Figures:
    """Start that many relays, some at once, and end each at a moment of its own."""
    dice, figures = random.Random(seed), Figures(times=times)
    with redis_server() as server, tempfile.TemporaryDirectory(prefix="relay-chaos-") as folder:
        recording = _recording(Path(folder))
        waiting = [_arguments(Path(folder), number, server.url, recording) for number in range(times)]
        running: list[Victim] = []
        while waiting or running:
            while waiting and len(running) < at_once:
                running.append(_start(waiting.pop(), dice.uniform(0.0, LATEST), early=dice.random() < EARLY))
            now = time.monotonic()
            running = [victim for victim in running if not victim.end(figures, now)]
            time.sleep(0.01)
    return figures


def _start(arguments: list[str], delay: float, *, early: bool) -> Victim:
    config = Path(arguments[-1])
    log = config.with_suffix(".log")
    process = multiprocessing.get_context("fork").Process(target=_live, args=(arguments, log))
    process.start()
    return Victim(process, log, delay, time.monotonic() if early else None, beside(load(config)).heartbeat_file)


def _live(arguments: list[str], log: Path) -> None:
    sys.stdout = sys.stderr = log.open("w", encoding="utf-8", buffering=1)
    sys.argv = ["relay", *arguments]
    cli.main()


def _recording(folder: Path) -> Path:
    """More than anybody plays to its end."""
    path = folder / "crowd.jsonl"
    author = {"id": "1", "name": "Ann"}
    lines = [
        {"at": number / LINES_A_SECOND, "platform": "twitch", "author": author, "text": f"line {number}"}
        for number in range(30 * LINES_A_SECOND)
    ]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), "utf-8")
    return path


def _arguments(folder: Path, number: int, url: str, recording: Path) -> list[str]:
    config = folder / f"relay-{number}.toml"
    config.write_text(
        f"[relay]\nname = {config.stem!r}\ndata_dir = {str(config.with_suffix(''))!r}\nlog_level = 'error'\n"
        f"[inbox]\nengine = 'redis'\nurl = {url!r}\n"
        "[budget]\nrates = { all = 60000, viewer = 60000 }\nbursts = { all = 1000, viewer = 1000 }\n",
        "utf-8",
    )
    return ["replay", str(recording), "--config", str(config)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=200)
    parser.add_argument("--at-once", type=int, default=4)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    print(json.dumps(asdict(run(options.times, at_once=options.at_once, seed=options.seed))))


if __name__ == "__main__":
    main()
