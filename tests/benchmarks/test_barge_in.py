import pytest

from tests.benchmarks.barge_in import run
from tests.support import PATIENCE


async def test_every_figure_of_falling_silent_is_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("relay.speech.playback.GRACE", PATIENCE)  # else a clip that plays late counts as over
    figures = await run(runs=2, seconds=0.2)

    assert figures.runs == 2
    assert figures.packets_after_max >= 0
    assert 0 <= figures.stop_ms_p50 <= figures.stop_ms_p99
    assert figures.first_packet_ms_p50 > 0
    assert figures.cpu_speaking > 0
    assert figures.cpu_listening_8 > 0
    assert figures.gap_frames_max >= 0
    assert figures.onset_to_silence_ms_p95 >= 0
