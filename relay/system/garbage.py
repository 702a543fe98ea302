"""How often Python looks for garbage: rarely enough that it halts nobody, and never through what stays."""

import gc
from typing import Final

YOUNG: Final = 10_000
"""New objects after which they are looked through; in a burst nearly all of Python's default of 700 still live then."""
GENERATIONS: Final = (20, 20)
"""How many such looks until the survivors are looked through, and of those until all is."""


def spare_what_stays() -> None:
    """Call it when all is loaded: to look through that would halt everything for 0.1 s now and then."""
    gc.freeze()
    gc.set_threshold(YOUNG, *GENERATIONS)


class LongLived:
    """What comes later and stays, such as each of many companions: to look through a hundred takes 0.3 s."""

    def __init__(self) -> None:
        self._looks_when_gone = -1

    def came(self) -> None:
        """Look through none of what there is now, unless some of it is gone and nobody has looked since."""
        if _looks_through_all() > self._looks_when_gone:
            gc.freeze()

    def gone(self) -> None:
        """Some of it stays no more: look through all when it is time to."""
        self._looks_when_gone = _looks_through_all()
        gc.unfreeze()


def _looks_through_all() -> int:
    return int(gc.get_stats()[-1]["collections"])
