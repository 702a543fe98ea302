"""What the benchmark of forwarding makes of what came to the hub."""

from tests.benchmarks.forwarding import WARM_UP, Handed, Way, measured

STEADY = [Handed(number, number / 400) for number in range(WARM_UP + 100)]
BURST = [Handed(number, 0.0) for number in range(WARM_UP + 100, WARM_UP + 200)]
ALL = [*STEADY, *BURST]
HANDED = {each.number: each.number / 400 for each in STEADY} | {each.number: 9.0 for each in BURST}


def came(each: Handed) -> tuple[str, float]:
    """2 ms after it was handed over; of the burst one each millisecond."""
    late = (each.number - BURST[0].number + 1) / 1_000 if each in BURST else 0.002
    return f'/noreply {each.author} (Twitch): "{each.text}"', HANDED[each.number] + late


def test_delays_are_of_the_steady_ones_and_the_rate_is_the_bursts() -> None:
    there = [came(each) for each in ALL]

    assert measured(STEADY, BURST, HANDED, there) == Way(2.0, 2.0, 1_000, lost=0, doubled=0, in_order=True)


def test_what_is_missing_double_or_in_another_order_is_told() -> None:
    there = [came(each) for each in ALL[1:]]
    there[-1], there[-2] = there[-2], there[-1]

    way = measured(STEADY, BURST, HANDED, [*there, there[0]])

    assert (way.lost, way.doubled, way.in_order) == (1, 1, False)
