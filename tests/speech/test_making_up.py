"""What is owed to who interrupted."""

from relay.config import FloorSection
from relay.speech.making_up import ANSWER_WAIT, UNDERSTOOD_WITHIN, MakingUp


def test_a_recognition_that_never_ends_is_waited_for_once() -> None:
    owed = MakingUp(FloorSection())
    owed.recognising(0.0, is_under_way=True)
    owed.yielded(0.0, is_answered=False)
    assert owed.due_at == UNDERSTOOD_WITHIN
    owed.take()

    owed.yielded(100.0, is_answered=False)

    assert owed.due_at == 100.0 + ANSWER_WAIT
