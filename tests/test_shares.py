"""Every test is run by one worker, whatever pytest is asked for."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import pytest

from tests import shares
from tests.conftest import pytest_runtest_protocol
from tests.shares import LONG, ROOT, SECONDS, Share, seconds_of, worth_telling

FILES = sorted(ROOT.rglob("test_*.py"))


def collected(asked: Sequence[Path], workers: int) -> Counter[Path]:
    """By how many workers each file is collected, of those that were asked for."""
    shares = [Share(asked, worker, workers) for worker in range(workers)]
    wanted = [file for file in FILES if any(map(file.is_relative_to, asked))]
    found = Counter(dict.fromkeys(wanted, 0))
    found.update(file for share in shares for file in wanted if not share.is_others(file))
    return found


@pytest.mark.parametrize("workers", [1, 8])
@pytest.mark.parametrize("asked", [[ROOT], [ROOT.parent], [ROOT / "bus", ROOT / "web"], [ROOT, ROOT / "test_cli.py"]])
def test_each_file_of_a_folder_is_collected_by_one_worker(asked: Sequence[Path], workers: int) -> None:
    assert set(collected(asked, workers).values()) == {1}


def test_there_may_be_more_workers_than_files() -> None:
    assert set(collected([ROOT / "bus"], 30).values()) == {1}


def test_a_file_that_is_asked_for_by_name_is_collected_by_all_who_share_its_tests() -> None:
    assert collected([ROOT / "test_cli.py"], 3) == {ROOT / "test_cli.py": 3}


@pytest.mark.parametrize("workers", [2, 8, 12])
def test_all_workers_take_about_as_long(workers: int) -> None:
    shares = [Share([ROOT], worker, workers) for worker in range(workers)]
    took = [sum(seconds_of(file) for file in FILES if not share.is_others(file)) for share in shares]

    assert max(took) < 1.15 * sum(took) / workers


def test_files_and_folders_named_here_are_there() -> None:
    assert [path for path in [*LONG, *SECONDS] if not (ROOT / path).exists()] == []


@pytest.mark.parametrize(
    ("path", "seconds"), [("docs/test_links.py", 10.0), ("bus/test_address.py", 1.0), ("test_wheel.py", 0.1)]
)
def test_a_file_takes_as_long_as_others_of_the_nearest_folder_that_is_known(
    path: str, seconds: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shares, "ROOT", ROOT.parent)
    monkeypatch.setattr(shares, "SECONDS", {"tests": 1.0, "tests/docs": 10.0})
    monkeypatch.setattr(shares, "LONG", {"tests/test_wheel.py": 0.1})
    size = 1.0 if path == "test_wheel.py" else (ROOT / path).stat().st_size / 1_000

    assert seconds_of(ROOT / path) == pytest.approx(seconds * size)


def test_files_elsewhere_are_nobodys() -> None:
    assert not Share([Path(ROOT.anchor) / "nowhere", Path(__file__).parent], 0, 2).is_others(
        Path("/elsewhere/test_x.py")
    )


@pytest.mark.parametrize(
    ("around", "seconds", "told"),
    [
        ("passed", 0.01, ["call"]),
        ("passed", 3.0, ["setup", "call", "teardown"]),
        ("failed", 0.01, ["setup", "call", "teardown"]),
        ("skipped", 0.01, ["setup", "call", "teardown"]),
    ],
)
def test_of_a_test_that_passed_only_that_is_told_and_what_took_long(
    around: Literal["passed", "failed", "skipped"], seconds: float, told: list[str]
) -> None:
    def report(when: Literal["setup", "call", "teardown"]) -> pytest.TestReport:
        outcome: Literal["passed", "failed", "skipped"] = "passed" if when == "call" else around
        return pytest.TestReport("a", ("a", 1, "a"), {}, outcome, None, when, duration=seconds)

    reports = [report("setup"), report("call"), report("teardown")]

    assert [each.when for each in worth_telling(reports)] == told


@pytest.mark.parametrize("option", ["maxfail", "xmlpath"])
def test_who_ends_at_a_failure_or_writes_a_report_is_told_all_by_pytest_itself(
    option: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as during:
        during.setattr(request.config, "workerinput", {}, raising=False)
        during.setattr(request.config.option, option, 1)
        assert pytest_runtest_protocol(request.node, None) is None
