from tests.benchmarks.companion import run


def test_every_figure_of_a_big_scenario_is_measured() -> None:
    figures = run(30)

    assert figures.events_per_second > 0
    assert 0 < figures.script_delay_ms_p50 <= figures.script_delay_ms_p99
    assert 1 < figures.message_with_events < figures.message_with_script
