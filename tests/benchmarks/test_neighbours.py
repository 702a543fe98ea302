"""What the benchmark of neighbours makes of delays, and the companions it measures beside."""

from pathlib import Path

import pytest

from relay.application.settings import load_fleet
from relay.companion.scenario.files import load
from tests.benchmarks.fleet import settings_of
from tests.benchmarks.neighbours import KINDS, OTHER, NeighbourFigures, figures, own_settings


def test_the_slowest_of_a_hundred_is_what_neighbours_are_judged_by() -> None:
    delays = [0.001 * number for number in range(1, 1_000)]

    assert figures(delays, 2, 5, 20.0) == NeighbourFigures(5, 20.0, p50_ms=500.0, p99_ms=990.0, lost=2)


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_of_companion_can_be_had(tmp_path: Path, kind: str) -> None:
    path = settings_of(tmp_path, "fleet", "redis://localhost", "http://localhost:5384", ["c0", OTHER])
    path.write_text(path.read_text() + own_settings(kind, tmp_path))

    found = load_fleet(path).companions[OTHER]

    assert (found.voxta.mode == "embedded") == (kind == "endless script")
    if found.companion.scenario is not None:
        assert "for (;;)" in load(found.companion.scenario).scripts["scripts/index.js"]
