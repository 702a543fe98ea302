"""What scripts run on is compiled once, not by each process, and how it counts the time of a call."""

import itertools
import sys
from pathlib import Path

import pytest
import wasmtime

from relay.companion.scripting.engine import Allowance, engine_settings

only_linux = pytest.mark.skipif(sys.platform != "linux", reason="caches are elsewhere")


@pytest.mark.parametrize(
    ("passed", "is_spent"),
    [
        ([10, 10], [False, False]),
        ([10, 10, 5], [False, False, True]),
        ([1_000], [False]),
        ([1_000, 1], [False, False]),
        ([12, 1_000], [False, False]),
        ([13, 1_000, 0], [False, True, True]),
        ([1_000, 1_000], [False, True]),
    ],
)
def test_a_machine_that_stands_still_once_does_not_cost_a_call_its_time(
    passed: list[int], is_spent: list[bool]
) -> None:
    now = itertools.accumulate(passed, initial=7)
    allowance = Allowance(25, lambda: next(now))

    assert [allowance.is_spent() for _ in passed] == is_spent


@only_linux
def test_what_was_compiled_is_kept_for_the_next_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))

    wasmtime.Module(wasmtime.Engine(engine_settings()), "(module)")

    assert any(path.is_file() for path in tmp_path.rglob("*"))


@only_linux
def test_scripts_run_where_nothing_can_be_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))

    wasmtime.Module(wasmtime.Engine(engine_settings()), "(module)")
