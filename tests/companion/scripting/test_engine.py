"""What scripts run on is compiled once, not by each process."""

import sys
from pathlib import Path

import pytest
import wasmtime

from relay.companion.scripting.engine import engine_settings

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="caches are elsewhere")


def test_what_was_compiled_is_kept_for_the_next_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))

    wasmtime.Module(wasmtime.Engine(engine_settings()), "(module)")

    assert any(path.is_file() for path in tmp_path.rglob("*"))


def test_scripts_run_where_nothing_can_be_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))

    wasmtime.Module(wasmtime.Engine(engine_settings()), "(module)")
