import pytest

from relay.model import Forward, Origin, ReplyText, SendAs
from relay.replies.replies import Replies
from relay.replies.reply import Phase
from relay.wire import server
from relay.wire.messages import WireMessage

ANN = Origin(platform="twitch", channel="1", reply_to="m1")
FROM_ANN = Forward(
    id="f1",
    keys=("twitch:m1",),
    send_as=SendAs.USER,
    body="Ann (Twitch): hello",
    origins=(ANN,),
    chat_id="c",
    after_index=0,
)


def chunk(text: str, start: int, message_id: str = "r1") -> server.ReplyChunk:
    return server.ReplyChunk(message_id=message_id, text=text, start_index=start, end_index=start + len(text))


def fed(replies: Replies, *messages: WireMessage) -> list[ReplyText]:
    """What is posted."""
    steps = [replies.apply(message, "Vox") for message in messages]
    return [step.public for step in steps if step is not None and step.public is not None]


def test_incremental_chunks_make_one_reply_for_the_one_who_asked() -> None:
    following = Replies()
    following.asked(FROM_ANN)

    replies = fed(
        following,
        server.ReplyGenerating(message_id="r1"),
        server.ReplyStart(message_id="r1"),
        chunk("Hello Ann.", 0),
        chunk(" How are you?", 10),
        server.ReplyEnd(message_id="r1"),
    )

    assert replies == [
        ReplyText(message_id="r1", character="Vox", text="Hello Ann. How are you?", origins=(ANN,), keys=FROM_ANN.keys)
    ]


def test_cumulative_chunks_replace_each_other() -> None:
    replies = fed(
        Replies(),
        chunk("Hello", 0),
        chunk("Hello Ann.", 0),
        chunk("Hello Ann. Bye.", 0),
        server.ReplyEnd(message_id="r1"),
    )

    assert [reply.text for reply in replies] == ["Hello Ann. Bye."]


def test_a_gap_that_the_server_leaves_between_sentences_becomes_a_space() -> None:
    replies = fed(Replies(), chunk("One.", 0), chunk("Two.", 5), server.ReplyEnd(message_id="r1"))

    assert [reply.text for reply in replies] == ["One. Two."]


def test_a_cancelled_reply_is_never_given_even_when_its_message_follows() -> None:
    replies = fed(
        Replies(),
        chunk("Hello", 0),
        server.ReplyCancelled(message_id="r1"),
        server.MessageEvent(message_id="r1", role="Assistant", text="Hello"),
    )

    assert replies == []


def test_the_final_message_does_not_repeat_a_reply() -> None:
    replies = fed(
        Replies(),
        chunk("Hello.", 0),
        server.ReplyEnd(message_id="r1"),
        server.MessageEvent(message_id="r1", role="Assistant", text="Hello."),
    )

    assert len(replies) == 1


def test_a_reply_without_chunks_is_taken_from_its_message() -> None:
    following = Replies()
    following.asked(FROM_ANN)

    replies = fed(
        following,
        server.ReplyStart(message_id="r1"),
        server.ReplyEnd(message_id="r1"),
        server.MessageEvent(message_id="r1", role="Assistant", text="Hi Ann!"),
    )

    assert [(reply.text, reply.origins) for reply in replies] == [("Hi Ann!", (ANN,))]


def test_a_reply_that_had_begun_before_anybody_listened_is_taken_from_its_message() -> None:
    following = Replies()
    following.asked(FROM_ANN)
    late = [chunk("How are you?", 11), server.ReplyEnd(message_id="r1")]

    assert fed(following, *late) == []
    told = server.MessageUpdate(message_id="r1", role="Assistant", text="Hello Ann. How are you?")
    assert [(reply.text, reply.origins) for reply in fed(following, told)] == [("Hello Ann. How are you?", (ANN,))]


def test_what_nobody_in_the_audience_asked_for_has_no_origin() -> None:
    following = Replies()
    following.asked(FROM_ANN)
    answered = [chunk("For Ann.", 0, "r1"), server.ReplyEnd(message_id="r1")]
    unasked = [chunk("By the way.", 0, "r2"), server.ReplyEnd(message_id="r2")]

    replies = fed(following, *answered, *unasked)

    assert [reply.origins for reply in replies] == [(ANN,), ()]


def test_what_begins_after_a_question_that_is_never_answered_answers_nobody() -> None:
    following = Replies()
    following.asked(FROM_ANN)

    following.unasked(FROM_ANN)

    assert [reply.origins for reply in fed(following, chunk("Hi.", 0), server.ReplyEnd(message_id="r1"))] == [()]


def test_a_question_waits_for_its_answer_although_an_earlier_one_never_gets_one() -> None:
    following = Replies()
    following.asked(FROM_ANN.model_copy(update={"id": "f0", "origins": ()}))
    following.asked(FROM_ANN)

    following.unasked(FROM_ANN.model_copy(update={"id": "f0", "origins": ()}))

    assert [reply.origins for reply in fed(following, chunk("Hi.", 0), server.ReplyEnd(message_id="r1"))] == [(ANN,)]


def test_messages_of_people_are_no_replies() -> None:
    assert fed(Replies(), server.MessageUpdate(message_id="u", role="User", text="Hi")) == []


@pytest.mark.parametrize(
    ("happens", "phase"),
    [("", Phase.SPEAKING), ("finish", Phase.DONE), ("cut", Phase.CUT)],
)
def test_a_text_that_is_complete_opens_no_reply_again(happens: str, phase: Phase) -> None:
    step = Replies().apply(chunk("One two three.", 0), "Vox")
    assert step is not None
    step.reply.is_voiced = True
    if happens:
        getattr(step.reply, happens)()

    assert not step.reply.complete()

    assert step.reply.phase is phase


def test_a_reply_nobody_hears_is_over_when_its_text_is_complete() -> None:
    step = Replies().apply(chunk("One two three.", 0), "Vox")
    assert step is not None

    assert step.reply.complete()
    assert step.reply.phase is Phase.DONE
    assert not step.reply.complete()


def test_when_the_chat_goes_what_was_heard_is_posted_and_the_rest_may_come_again() -> None:
    following = Replies()
    for name in ("heard", "unheard"):
        step = following.apply(chunk("One two three.", 0, name), "Vox")
        assert step is not None
        step.reply.is_voiced = True
        step.reply.say(step.added).share = 0.5 if name == "heard" else 0.0

    posted = following.forget()

    assert [(reply.message_id, reply.text) for reply in posted] == [("heard", "One two —")]
    again = [chunk("One two three.", 0, name) for name in ("heard", "unheard")]
    ends = [server.ReplyEnd(message_id=name) for name in ("heard", "unheard")]
    assert [reply.message_id for reply in fed(following, *again, *ends)] == ["unheard"]
