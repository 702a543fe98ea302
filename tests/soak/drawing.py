"""The figures of a run as a table, and each of them as a line with what is thought of it."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from tests.soak.figures import BOUNDS, COUNTED
from tests.soak.run import JUDGED, Result
from tests.soak.verdict import WARM_UP

_COLUMNS: Final = (*BOUNDS, *COUNTED)
WIDTH: Final = 60
"""Columns of a figure that is drawn."""
_BARS: Final = "\u2581\u2582\u2583\u2584\u2585\u2586\u2587\u2588"
HEADER: Final = f"{'s':>6}{'messages':>9}" + "".join(f"{name:>{len(name) + 2}}" for name in _COLUMNS)


def row(seconds: float, messages: int, figures: Mapping[str, float]) -> str:
    """One sample."""
    shown = (f"{_short(figures[name]):>{len(name) + 2}}" for name in _COLUMNS)
    return f"{seconds:>6.0f}{messages:>9}" + "".join(shown)


def verdicts(result: Result) -> Iterator[str]:
    """What is thought of a run, a line for each figure."""
    trends, growing = result.trends(), result.growing()
    yield f"{'figure':<12}{'over time':<{WIDTH + 2}}{'first':>9}{'last':>9}{'grew':>9}{'then':>9}{'allowed':>9}"
    for name in BOUNDS:
        values = [figures[name] for _, figures in result.samples]
        ends = f"{_short(values[0]):>9}{_short(values[-1]):>9}"
        trend = trends.get(name)
        if trend is None:
            yield f"{name:<12}{drawn(values):<{WIDTH + 2}}{ends}  too few samples to judge"
        else:
            grew = f"{_short(trend.before):>9}{_short(trend.growth):>9}{_short(trend.allowed):>9}"
            yield f"{name:<12}{drawn(values):<{WIDTH + 2}}{ends}{grew}{'  <-- grows' * (name in growing)}"
    if result.received < JUDGED:
        yield f"what grows is judged from {JUDGED} messages on"
    yield f"grew: in the first half after {WARM_UP:.0%} of warm-up; then: in the last half, by the Theil-Sen slope"
    yield ""
    received = f"received {result.received} of {result.plan.messages}"
    yield f"{received}, lost {result.lost}, doubled {result.doubled}, stuck {result.stuck}"
    yield "more at the end than at half-time: " + ", ".join(f"{name} +{count}" for name, count in result.grown)
    yield "well" if result.is_well else "NOT WELL"


def drawn(values: Sequence[float]) -> str:
    """A line of at most `WIDTH` bars from the lowest value to the highest."""
    step = max(1.0, len(values) / WIDTH)
    values = [values[int(place * step)] for place in range(int(len(values) / step))]
    low, high = min(values, default=0.0), max(values, default=0.0)
    return "".join(_BARS[round((value - low) / (high - low or 1.0) * (len(_BARS) - 1))] for value in values)


def _short(value: float) -> str:
    return f"{value:.0f}" if abs(value) >= 100 or value == int(value) else f"{value:.1f}"
