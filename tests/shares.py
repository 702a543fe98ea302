"""Deals the tests to the workers of pytest-xdist: each loads and collects its own files, and runs all it has.

All of them take 10 s of processor time to collect, and 24 s where no bytecode is kept yet: too much for every worker.
A worker gets files that stand side by side, as what one of them has loaded and started serves the others of its room.
"""

from collections.abc import Iterable, Sequence
from itertools import accumulate
from pathlib import Path
from typing import Final

import pytest
from xdist.scheduler import EachScheduling

ROOT: Final = Path(__file__).resolve().parent
LONG: Final = {
    "end_to_end/test_fleet.py": 21.0,
    "end_to_end/test_gateway.py": 15.0,
    "end_to_end/test_platforms.py": 12.0,
    "end_to_end/test_processes_voice.py": 15.0,
    "end_to_end/test_replay.py": 25.0,
    "end_to_end/test_speech_demo.py": 11.0,
    "end_to_end/test_speech_discord.py": 45.0,
    "end_to_end/test_speech_survival.py": 31.0,
    "end_to_end/test_spoken.py": 18.0,
    "end_to_end/test_through_gateway.py": 13.0,
    "platforms/discord/hearing/test_ears.py": 25.0,
    "platforms/discord/test_missed.py": 11.0,
    "platforms/discord/test_voice_session.py": 27.0,
    "platforms/discord/test_voice_sink.py": 21.0,
    "platforms/twitch/test_recovery.py": 15.0,
    "platforms/twitch/test_subscriptions.py": 11.0,
    "web/desk/test_accessible.py": 11.0,
    "web/desk/test_deciding.py": 11.0,
    "web/desk/test_rules.py": 19.0,
    "web/overlay/test_in_browser.py": 29.0,
}
"""Seconds that files took whose tests take long, on two busy cores."""
SECONDS: Final = {
    "application": 0.15,
    "avatar": 0.25,
    "benchmarks": 4.5,
    "bus": 0.5,
    "chaos": 6.0,
    "commandline": 1.0,
    "companion": 0.22,
    "contracts": 0.6,
    "docs": 0.2,
    "end_to_end": 0.7,
    "hearing": 0.2,
    "inbox": 0.35,
    "obs": 0.25,
    "platforms": 0.25,
    "soak": 2.5,
    "stories": 4.0,
    "system": 0.4,
    "test_cli.py": 2.5,
    "voxta": 0.35,
    "web": 0.35,
}
"""The same of other files, for each 1,000 bytes, by their rooms."""
OTHERS: Final = 0.08
LONG_AROUND: Final = 0.1
"""Seconds that it takes to set a test up, or to clean up after it."""


class OwnShares(EachScheduling):  # type: ignore[misc]
    """Every worker runs what it collected; the session is told of all of it."""

    def schedule(self) -> None:
        super().schedule()
        session = self.config.pluginmanager.getplugin("session")
        session.testscollected = sum(map(len, self.node2collection.values()))


class Share:
    """What one worker of several tries, of the folders and files that pytest was asked for."""

    def __init__(self, asked: Sequence[Path], worker: int, workers: int) -> None:
        """`asked` are absolute. A file in a folder that was asked for, too, is one of the folder's."""
        folders = [path for path in asked if path.is_dir()]
        self._files = {path for path in asked if not any(map(path.is_relative_to, folders))}
        self._worker, self._workers = worker, workers
        in_folders = sorted({file for folder in folders for file in _tests_in(folder)})
        self._others = {
            file for file, whose in zip(in_folders, _deal(in_folders, workers), strict=True) if whose != worker
        }

    @classmethod
    def of(cls, config: pytest.Config) -> "Share":
        asked = [(config.invocation_params.dir / each.split("::")[0]).resolve() for each in config.args]
        worker: dict[str, str | int] = getattr(config, "workerinput", {"workerid": "gw0", "workercount": 1})
        return cls(asked, int(str(worker["workerid"]).removeprefix("gw")), int(worker["workercount"]))

    def is_others(self, path: Path) -> bool:
        """Another worker collects this file."""
        return path in self._others

    def without_others(self, items: list[pytest.Item]) -> list[pytest.Item]:
        """Files that were asked for by name are collected by all, and dealt test by test."""
        named = [item for item in items if item.path in self._files]
        first, end = (len(named) * number // self._workers for number in (self._worker, self._worker + 1))
        return [item for item in items if item.path not in self._files] + named[first:end]


def worth_telling(reports: Sequence[pytest.TestReport]) -> list[pytest.TestReport]:
    """Of a test that passed that it did, and what else took long; of any other test everything."""
    if not all(report.passed for report in reports):
        return list(reports)
    return [report for report in reports if report.when == "call" or report.duration > LONG_AROUND]


def _tests_in(folder: Path) -> Iterable[Path]:
    if ROOT.is_relative_to(folder):
        folder = ROOT
    return folder.rglob("test_*.py") if folder.is_relative_to(ROOT) else ()


def _deal(files: Sequence[Path], workers: int) -> list[int]:
    """The worker of each, so that all take about as long."""
    seconds = [_seconds(file) for file in files]
    middles = [end - took / 2 for took, end in zip(seconds, accumulate(seconds), strict=True)]
    return [int(workers * middle / sum(seconds)) for middle in middles]


def _seconds(file: Path) -> float:
    path = file.relative_to(ROOT)
    return LONG.get(path.as_posix(), file.stat().st_size * SECONDS.get(path.parts[0], OTHERS) / 1_000)
