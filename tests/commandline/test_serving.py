"""What goes on for hours is not halted by looks for garbage, whichever command begins it."""

import gc
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from relay.cli import app
from relay.system import shutdown


@pytest.mark.usefixtures("looks_for_garbage")
@pytest.mark.parametrize(
    "command", [["run"], ["run", "--only", "core"], ["fleet"], ["companion"], ["demo"]], ids=" ".join
)
def test_whatever_goes_on_is_halted_rarely(command: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usual = gc.get_threshold()
    begun: list[tuple[int, int, int]] = []

    def run(work: Coroutine[Any, Any, None]) -> None:
        work.close()
        begun.append(gc.get_threshold())

    monkeypatch.setattr(shutdown, "run", run)
    settings = tmp_path / "relay.toml"
    settings.write_text(f"[relay]\ndata_dir = {tmp_path.as_posix()!r}\n", "utf-8")
    where = [] if command == ["demo"] else ["--config", str(settings)]

    done = CliRunner().invoke(app, [*command, *where], catch_exceptions=False)

    assert done.exit_code == 0
    assert len(begun) == 1 and begun[0] > usual
