"""What looks at hostile text takes time in proportion to its length, whatever the text repeats."""

from functools import partial

import pytest

from tests.benchmarks.filters import SHAPES, looks_at
from tests.support import cpu_time

LOOKS = looks_at()


def is_slow(short: float, long: float) -> bool:
    return long > 24 * short + 0.001


@pytest.mark.parametrize("name", LOOKS)
def test_eight_times_the_text_takes_about_eight_times_as_long(name: str) -> None:
    """Of what grows with the square it would be 64 times."""
    length, look = LOOKS[name]
    slow = {}
    for shape in SHAPES:
        flood = shape * (length // len(shape))
        sizes = (length // 8, length)
        short, long = (partial(look, f"{flood[: size - 1]}!") for size in sizes)
        if is_slow(cpu_time(short, 1), cpu_time(long, 1)) and is_slow(took := cpu_time(short), takes := cpu_time(long)):
            slow[shape] = (took, takes)

    assert not slow
