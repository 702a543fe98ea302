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
    "benchmarks/test_barge_in.py": 16.0,
    "benchmarks/test_conversation.py": 10.0,
    "bus/test_failover.py": 12.0,
    "companion/speaking/test_speaking.py": 6.0,
    "contracts/test_forms.py": 6.0,
    "contracts/test_inbox.py": 13.0,
    "end_to_end/test_desk.py": 7.0,
    "end_to_end/test_fleet.py": 21.0,
    "end_to_end/test_fleet_voice.py": 7.0,
    "end_to_end/test_gateway.py": 10.0,
    "end_to_end/test_platforms.py": 12.0,
    "end_to_end/test_processes.py": 8.0,
    "end_to_end/test_processes_voice.py": 17.0,
    "end_to_end/test_replay.py": 15.0,
    "end_to_end/test_speech_demo.py": 8.0,
    "end_to_end/test_speech_discord.py": 41.0,
    "end_to_end/test_speech_survival.py": 25.0,
    "end_to_end/test_spoken.py": 20.0,
    "end_to_end/test_through_gateway.py": 18.0,
    "forwarding/test_forwarder_faults.py": 7.0,
    "inbox/test_redis.py": 11.0,
    "obs/test_microphone.py": 7.0,
    "platforms/discord/hearing/test_ears.py": 25.0,
    "platforms/discord/test_commands.py": 12.0,
    "platforms/discord/test_connection.py": 9.0,
    "platforms/discord/test_missed.py": 9.0,
    "platforms/discord/test_voice_session.py": 26.0,
    "platforms/discord/test_voice_sink.py": 19.0,
    "platforms/twitch/test_conduits.py": 7.0,
    "platforms/twitch/test_outgoing.py": 8.0,
    "platforms/twitch/test_recovery.py": 22.0,
    "platforms/twitch/test_subscriptions.py": 11.0,
    "soak/test_soak.py": 14.0,
    "stories/test_stories.py": 15.0,
    "test_cli.py": 8.0,
    "voxta/test_recovery.py": 11.0,
    "web/desk/test_accessible.py": 9.0,
    "web/desk/test_deciding.py": 8.0,
    "web/desk/test_feed_in_browser.py": 9.0,
    "web/desk/test_rules.py": 19.0,
    "web/overlay/test_in_browser.py": 26.0,
}
"""Seconds that files took whose tests take long, on two busy cores."""
SECONDS: Final = {
    "application": 0.077,
    "application/desk": 0.19,
    "application/fleet": 0.15,
    "application/processes": 0.076,
    "application/settings": 0.15,
    "avatar": 0.16,
    "benchmarks": 1.1,
    "bus": 0.12,
    "commandline": 0.67,
    "commands": 0.054,
    "companion/brains": 0.099,
    "companion/conversation": 0.19,
    "companion/hearing": 0.37,
    "companion/scenario": 0.26,
    "companion/scripting": 0.21,
    "companion/serving": 0.19,
    "companion/signalr": 0.94,
    "config": 0.12,
    "contracts": 0.38,
    "docs": 0.2,
    "doubles": 0.058,
    "end_to_end": 0.39,
    "forwarding": 0.098,
    "hearing": 0.14,
    "inbox": 0.23,
    "memory": 0.11,
    "moderation": 0.088,
    "obs": 0.17,
    "platforms/discord": 0.27,
    "platforms/twitch": 0.18,
    "replies": 0.074,
    "speech": 0.09,
    "stories": 2.7,
    "system": 0.26,
    "voxta": 0.23,
    "web": 0.058,
    "web/api": 0.39,
    "web/desk": 0.41,
    "web/overlay": 0.2,
    "web/proxy": 0.16,
}
"""The same of other files, for each 1,000 bytes, by their folders, or those above them."""
OTHERS: Final = 0.084
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
