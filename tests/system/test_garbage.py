import gc
import weakref

import pytest

from relay.system.garbage import LongLived, spare_what_stays

pytestmark = pytest.mark.usefixtures("looks_for_garbage", "nothing_spared")


class Circle:
    def __init__(self) -> None:
        self.itself = self


@pytest.fixture
def nothing_spared() -> None:
    """As in a process that has just begun."""
    gc.unfreeze()


def test_what_comes_later_is_still_collected() -> None:
    before = gc.get_threshold()

    spare_what_stays()
    gone = weakref.ref(Circle())
    later: list[list[int]] = [[] for _ in range(2 * gc.get_threshold()[0])]

    assert later and gone() is None
    assert gc.get_threshold() > before
    assert gc.get_freeze_count() > 0


def test_what_stays_no_more_is_looked_for_before_anything_else_is_spared() -> None:
    objects = LongLived()
    objects.came()
    assert gc.get_freeze_count() > 0

    objects.gone()
    objects.came()
    assert gc.get_freeze_count() == 0

    gc.collect()
    objects.came()
    assert gc.get_freeze_count() > 0
