import pytest

from relay.model import Forward, Origin, Retraction, SendAs
from relay.replies.replies import OPEN, Replies
from relay.wire.server import ReplyCancelled, ReplyChunk, ReplyEnd, ReplyStart

FORWARD = Forward(
    id="f1",
    keys=("twitch:m1", "twitch:m2"),
    send_as=SendAs.USER,
    body="Ann (Twitch): hello",
    origins=(Origin(platform="twitch", channel="lobby"),),
    authors=("twitch:ann", "twitch:bob"),
    chat_id="c",
    after_index=0,
)

TAKEN_BACK = [
    Retraction(platform="twitch", reason="deleted", id="m2"),
    Retraction(platform="twitch", reason="banned", author_id="bob"),
    Retraction(platform="twitch", reason="timed out", author_id="bob", channel="lobby"),
    Retraction(platform="twitch", reason="chat cleared", channel="lobby"),
]
OTHERS = [
    Retraction(platform="discord", reason="deleted", id="m2"),
    Retraction(platform="twitch", reason="deleted", id="m3"),
    Retraction(platform="twitch", reason="banned", author_id="eve"),
    Retraction(platform="twitch", reason="timed out", author_id="bob", channel="other"),
    Retraction(platform="twitch", reason="timed out", author_id="eve", channel="lobby"),
    Retraction(platform="twitch", reason="chat cleared", channel="other"),
]


def retracted(replies: Replies, retraction: Retraction) -> list[str]:
    """The ids of the replies that answer what was taken back."""
    return [reply.id for reply in replies.retracted(retraction)]


@pytest.mark.parametrize("retraction", TAKEN_BACK)
def test_what_is_taken_back_leads_to_the_reply_that_answers_it(retraction: Retraction) -> None:
    replies = Replies()
    replies.asked(FORWARD)
    replies.apply(ReplyStart(message_id="r1"))
    replies.apply(ReplyStart(message_id="r2"))

    assert retracted(replies, retraction) == ["r1"], "r2 was not asked for"


@pytest.mark.parametrize("retraction", TAKEN_BACK)
def test_what_was_asked_and_has_no_reply_yet_is_found_too_and_only_once(retraction: Retraction) -> None:
    replies = Replies()
    replies.asked(FORWARD)

    assert retracted(replies, retraction) == []
    assert replies.retracted_asked(retraction) == FORWARD
    assert replies.retracted_asked(retraction) is None


@pytest.mark.parametrize("retraction", OTHERS)
def test_what_concerns_others_is_left_alone(retraction: Retraction) -> None:
    replies = Replies()
    replies.asked(FORWARD)
    replies.apply(ReplyStart(message_id="r1"))
    replies.asked(FORWARD)

    assert retracted(replies, retraction) == []
    assert replies.retracted_asked(retraction) is None


def test_a_reply_that_is_over_is_not_stopped_any_more() -> None:
    replies = Replies()
    replies.asked(FORWARD)
    replies.apply(ReplyStart(message_id="r1"))

    replies.apply(ReplyCancelled(message_id="r1"))

    assert retracted(replies, TAKEN_BACK[0]) == []


def test_replies_that_never_end_are_forgotten() -> None:
    replies = Replies()
    for number in range(OPEN + 1):
        replies.asked(FORWARD)
        replies.apply(ReplyStart(message_id=f"r{number}"))

    assert len(retracted(replies, TAKEN_BACK[0])) == OPEN


@pytest.mark.parametrize("retraction", [TAKEN_BACK[0], OTHERS[0]])
def test_of_what_answers_what_was_taken_back_nothing_is_posted(retraction: Retraction) -> None:
    replies = Replies()
    replies.asked(FORWARD)
    replies.apply(ReplyChunk(message_id="r1", text="Hello."))
    replies.retracted(retraction)

    step = replies.apply(ReplyEnd(message_id="r1"))

    assert step is not None
    assert (step.public is None) is (retraction in TAKEN_BACK)


def test_what_comes_after_a_question_that_was_taken_back_is_no_answer_to_it() -> None:
    replies = Replies()
    replies.asked(FORWARD)
    replies.retracted_asked(TAKEN_BACK[0])

    step = replies.apply(ReplyStart(message_id="r1"))

    assert step is not None
    assert step.reply.forward is None
