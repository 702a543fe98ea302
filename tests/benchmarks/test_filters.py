from tests.benchmarks.filters import LENGTH, looks_at, run


def test_every_look_at_text_is_measured_with_its_slowest_shape() -> None:
    worst = run(1, shapes=("a", "b.a.d."))

    assert len(worst) == len(looks_at())
    assert all(each.ms > 0 and each.shape for each in worst.values())
    assert f"links ({LENGTH:,})" in worst
