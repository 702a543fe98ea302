"""What is owed to who interrupted."""

from relay.config import FloorSection
from relay.replies.replies import Replies
from relay.speech.making_up import ANSWER_WAIT, UNDERSTOOD_WITHIN, MakingUp
from relay.speech.reports import Reports
from tests.speech.fakes import Clock
from tests.speech.test_voice import Voxta


def test_a_recognition_that_never_ends_is_waited_for_once() -> None:
    voxta = Voxta()
    owed = MakingUp(FloorSection(), voxta, Reports(voxta, Replies(), Clock(), plays=True), failed=lambda: None)
    owed.recognising(0.0, is_under_way=True)
    owed.yielded(0.0, is_answered=False)
    assert owed.due_at == UNDERSTOOD_WITHIN

    owed.ask_if_due(UNDERSTOOD_WITHIN)
    owed.yielded(100.0, is_answered=False)

    assert owed.due_at == 100.0 + ANSWER_WAIT
