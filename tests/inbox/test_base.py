"""What people are told of a message."""

import pytest

from relay.inbox.base import Record
from relay.model import DESK, Outcome, Settlement
from tests.contracts.samples import NOON, message

SPAM = Settlement(key=message(1).key, outcome=Outcome.REJECTED, reason="spam", at=NOON)


@pytest.mark.parametrize(("platform", "begins"), [(DESK, "pretended, "), ("twitch", "")])
def test_a_record_says_in_a_few_words_what_happened(platform: str, begins: str) -> None:
    said = message(1, platform=platform)

    assert Record(message=said).story == f"{begins}still waiting"
    assert Record(message=said, forward_id="f1").story == f"{begins}being sent"
    assert Record(message=said, settlement=SPAM).story == f"{begins}rejected (spam)"
