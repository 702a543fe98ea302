"""The silence between two forwards, on a clock of its own."""

import pytest

from relay.config import SelectionSection
from relay.forwarding.gap import ForwardGap


@pytest.mark.parametrize(("is_loud", "ends_at"), [(True, 108.0), (False, 100.0)])
def test_only_a_loud_room_has_one(is_loud: bool, ends_at: float) -> None:
    gap = ForwardGap(SelectionSection(gap=8))

    gap.asked(100.0, is_loud=is_loud)

    assert gap.ends_at == ends_at


def test_it_can_begin_anew_with_the_end_of_the_answer_and_does_so_once() -> None:
    gap = ForwardGap(SelectionSection(gap=8, gap_from="speech"))
    gap.asked(100.0, is_loud=True)

    gap.answered(130.0, is_loud=True)
    gap.answered(137.0, is_loud=True)

    assert gap.ends_at == 138.0


def test_it_counts_from_the_question_unless_it_is_told_otherwise() -> None:
    gap = ForwardGap(SelectionSection(gap=8, gap_from="forward"))
    gap.asked(100.0, is_loud=True)

    gap.answered(130.0, is_loud=True)

    assert gap.ends_at == 108.0


def test_there_is_none_before_the_first_question() -> None:
    gap = ForwardGap(SelectionSection(gap=8, gap_from="speech"))

    gap.answered(100.0, is_loud=True)

    assert gap.ends_at == 0.0
