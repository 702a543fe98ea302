"""The whole suite again and again, every second time beside busy processes: `python -m tests.flaky`.

A test that fails once is broken, however rarely it does.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from textwrap import indent
from typing import Final, NamedTuple
from xml.etree import ElementTree

RUNS: Final = 10
BUSY: Final = 4
"""Processes that do nothing but take the processor."""
LINES: Final = 15
"""Shown of what is said about a failure."""
SEARCHING: Final = "--hypothesis-profile=searching"
"""Property tests try examples that no other run has tried."""
ROOT: Final = Path(__file__).parents[1]


class Run(NamedTuple):
    passed: int
    failed: dict[str, str]
    """The tests that failed, or could not be set up, with the end of what was said about it."""
    seconds: float


@contextmanager
def busy(count: int) -> Iterator[None]:
    """Keep so many processors busy."""
    with ExitStack() as stack:
        for _ in range(count):
            process = stack.enter_context(subprocess.Popen([sys.executable, "-c", "while True: pass"]))
            stack.callback(process.kill)
        yield


def run(arguments: list[str]) -> Run:
    """The suite once."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        command = [sys.executable, "-m", "pytest", "-n", "auto", f"--junitxml={report}", SEARCHING, *arguments]
        began = time.monotonic()
        ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        seconds = time.monotonic() - began
        if not report.exists():
            sys.exit(ended.stdout + ended.stderr)
        return _read(report, seconds)


def _read(report: Path, seconds: float) -> Run:
    failed, passed = {}, 0
    for case in ElementTree.parse(report).iter("testcase"):
        told = {child.tag: child.text or "" for child in case}
        if told.keys() & {"failure", "error"}:
            said = told.get("failure", "") + told.get("error", "")
            failed[f"{case.get('classname')}::{case.get('name')}"] = "\n".join(said.strip().splitlines()[-LINES:])
        elif "skipped" not in told:
            passed += 1
    return Run(passed, failed, seconds)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=RUNS)
    given, arguments = parser.parse_known_args()

    failures: Counter[str] = Counter()
    print(f"{'run':>4}  {'load':<6}  {'passed':>6}  {'failed':>6}  {'seconds':>7}", flush=True)
    for number in range(1, given.runs + 1):
        busy_ones = BUSY * (number % 2 == 0)
        with busy(busy_ones):
            result = run(arguments)
        failures.update(result.failed.keys())
        load = f"{busy_ones} busy" if busy_ones else "idle"
        print(
            f"{number:>4}  {load:<6}  {result.passed:>6}  {len(result.failed):>6}  {result.seconds:>7.0f}", flush=True
        )
        for name, said in result.failed.items():
            print(indent(f"{name}\n{said}", " " * 6), flush=True)
    for name, times in failures.most_common():
        print(f"failed {times} times: {name}")
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
