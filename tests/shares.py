"""Deals the tests to the workers of pytest-xdist: each loads and collects its own files, and runs all it has.

All of them take 10 s of processor time to collect, and 24 s where no bytecode is kept yet: too much for every worker.
A worker gets files that stand side by side, as what one of them has loaded and started serves the others of its room,
and some of those that take long.
"""

from collections.abc import Iterable, Sequence
from itertools import accumulate
from pathlib import Path
from typing import Final

import pytest
from xdist.scheduler import EachScheduling

ROOT: Final = Path(__file__).resolve().parent
LONG: Final = {
    "application/fleet/test_check.py": 10.0,
    "benchmarks/test_barge_in.py": 15.0,
    "benchmarks/test_conversation.py": 14.0,
    "bus/test_failover.py": 12.0,
    "contracts/test_inbox.py": 25.0,
    "end_to_end/test_fleet.py": 22.0,
    "end_to_end/test_gateway.py": 13.0,
    "end_to_end/test_platforms.py": 11.0,
    "end_to_end/test_processes.py": 10.0,
    "end_to_end/test_processes_voice.py": 20.0,
    "end_to_end/test_replay.py": 17.0,
    "end_to_end/test_speech_demo.py": 12.0,
    "end_to_end/test_speech_discord.py": 44.0,
    "end_to_end/test_speech_survival.py": 26.0,
    "end_to_end/test_spoken.py": 20.0,
    "end_to_end/test_through_gateway.py": 17.0,
    "inbox/test_redis.py": 11.0,
    "platforms/discord/hearing/test_ears.py": 25.0,
    "platforms/discord/test_commands.py": 11.0,
    "platforms/discord/test_connection.py": 11.0,
    "platforms/discord/test_missed.py": 13.0,
    "platforms/discord/test_voice_session.py": 32.0,
    "platforms/discord/test_voice_sink.py": 22.0,
    "platforms/twitch/test_outgoing.py": 10.0,
    "platforms/twitch/test_recovery.py": 32.0,
    "platforms/twitch/test_subscriptions.py": 12.0,
    "soak/test_soak.py": 15.0,
    "stories/test_stories.py": 18.0,
    "test_cli.py": 21.0,
    "voxta/test_recovery.py": 15.0,
    "web/desk/test_accessible.py": 16.0,
    "web/desk/test_deciding.py": 10.0,
    "web/desk/test_rules.py": 20.0,
    "web/overlay/test_in_browser.py": 31.0,
}
"""Seconds that files took whose tests take long, on two busy cores."""
SECONDS: Final = {
    "application": 0.11,
    "application/desk": 0.27,
    "application/fleet": 0.14,
    "application/processes": 0.1,
    "application/settings": 0.16,
    "avatar": 0.15,
    "benchmarks": 1.3,
    "bus": 0.12,
    "commandline": 0.91,
    "commands": 0.074,
    "companion/brains": 0.14,
    "companion/conversation": 0.35,
    "companion/hearing": 0.39,
    "companion/scenario": 0.38,
    "companion/scripting": 0.32,
    "companion/serving": 0.28,
    "companion/signalr": 1.0,
    "companion/speaking": 0.22,
    "contracts": 1.1,
    "docs": 0.28,
    "doubles": 0.11,
    "end_to_end": 0.51,
    "forwarding": 0.16,
    "hearing": 0.19,
    "inbox": 0.31,
    "memory": 0.3,
    "models": 0.34,
    "moderation": 0.15,
    "obs": 0.22,
    "platforms": 0.18,
    "platforms/discord": 0.39,
    "platforms/twitch": 0.27,
    "replies": 0.11,
    "rewards": 0.09,
    "speech": 0.11,
    "stories": 3.0,
    "system": 0.37,
    "text": 0.12,
    "voxta": 0.29,
    "web": 0.15,
    "web/api": 0.73,
    "web/desk": 0.62,
    "web/overlay": 0.26,
    "web/proxy": 0.29,
}
"""The same of other files, for each 1,000 bytes, by their folders, or those above them."""
OTHERS: Final = 0.12
PAGES: Final = ("end_to_end/test_first_hour.py", "end_to_end/test_speech_demo.py", "web/")
"""The files, and the room, that share what takes longest to start: a browser."""
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
    """The worker of each, so that all take about as long: long files go to whoever has least of the others."""
    seconds = {file: seconds_of(file) for file in files}
    side_by_side = sorted((file for file in files if not _stands_alone(file)), key=_has_pages)
    ends = list(accumulate(seconds[file] for file in side_by_side))
    whose = {
        file: int(workers * (end - seconds[file] / 2) / ends[-1]) for file, end in zip(side_by_side, ends, strict=True)
    }
    loads = [sum(seconds[file] for file in side_by_side if whose[file] == worker) for worker in range(workers)]
    for file in sorted(seconds.keys() - whose.keys(), key=lambda file: (-seconds[file], file)):
        whose[file] = loads.index(min(loads))
        loads[whose[file]] += seconds[file]
    return [whose[file] for file in files]


def _stands_alone(file: Path) -> bool:
    return file.relative_to(ROOT).as_posix() in LONG and not _has_pages(file)


def _has_pages(file: Path) -> bool:
    return file.relative_to(ROOT).as_posix().startswith(PAGES)


def seconds_of(file: Path) -> float:
    path = file.relative_to(ROOT)
    room = next((room.as_posix() for room in path.parents if room.as_posix() in SECONDS), "")
    return LONG.get(path.as_posix(), file.stat().st_size * SECONDS.get(room, OTHERS) / 1_000)
