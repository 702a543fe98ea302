from relay.system.clock import WallClock, passing


def test_it_begins_with_the_machines_clock_and_passes_on_whatever_becomes_of_that() -> None:
    wall, steady = [1_000.0], [5.0]
    clock = WallClock(lambda: wall[0], lambda: steady[0])

    began = clock()
    wall[0] += 86_400.0
    steady[0] += 2.0

    assert (began, clock()) == (1_000.0, 1_002.0)


def test_what_passes_never_goes_back() -> None:
    times = [passing() for _ in range(1_000)]

    assert times == sorted(times)
