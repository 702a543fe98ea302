import gc
import weakref

from relay.system.garbage import LongLived, spare_what_stays


class Circle:
    def __init__(self) -> None:
        self.itself = self


def test_what_comes_later_is_still_collected() -> None:
    before = gc.get_threshold()
    try:
        spare_what_stays()
        gone = weakref.ref(Circle())
        later: list[list[int]] = [[] for _ in range(2 * gc.get_threshold()[0])]

        assert later and gone() is None
        assert gc.get_threshold() > before
        assert gc.get_freeze_count() > 0
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()


def test_what_stays_no_more_is_looked_for_before_anything_else_is_spared() -> None:
    objects = LongLived()
    try:
        objects.came()
        assert gc.get_freeze_count() > 0

        objects.gone()
        objects.came()
        assert gc.get_freeze_count() == 0

        gc.collect()
        objects.came()
        assert gc.get_freeze_count() > 0
    finally:
        gc.unfreeze()
