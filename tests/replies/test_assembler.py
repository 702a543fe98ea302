from relay.model import Origin, Reply
from relay.replies.assembler import Assembler
from relay.wire import server
from relay.wire.messages import WireMessage

ANN = Origin(platform="twitch", channel="1", reply_to="m1")


def chunk(text: str, start: int, message_id: str = "r1") -> server.ReplyChunk:
    return server.ReplyChunk(message_id=message_id, text=text, start_index=start, end_index=start + len(text))


def fed(assembler: Assembler, *messages: WireMessage) -> list[Reply]:
    replies = [assembler.feed(message, "Vox") for message in messages]
    return [reply for reply in replies if reply is not None]


def test_incremental_chunks_make_one_reply_for_the_one_who_asked() -> None:
    assembler = Assembler()
    assembler.expect((ANN,))

    replies = fed(
        assembler,
        server.ReplyGenerating(message_id="r1"),
        server.ReplyStart(message_id="r1"),
        chunk("Hello Ann.", 0),
        chunk(" How are you?", 10),
        server.ReplyEnd(message_id="r1"),
    )

    assert replies == [Reply(message_id="r1", character="Vox", text="Hello Ann. How are you?", origins=(ANN,))]


def test_cumulative_chunks_replace_each_other() -> None:
    replies = fed(
        Assembler(),
        chunk("Hello", 0),
        chunk("Hello Ann.", 0),
        chunk("Hello Ann. Bye.", 0),
        server.ReplyEnd(message_id="r1"),
    )

    assert [reply.text for reply in replies] == ["Hello Ann. Bye."]


def test_a_gap_that_the_server_leaves_between_sentences_becomes_a_space() -> None:
    replies = fed(Assembler(), chunk("One.", 0), chunk("Two.", 5), server.ReplyEnd(message_id="r1"))

    assert [reply.text for reply in replies] == ["One. Two."]


def test_a_cancelled_reply_is_never_given_even_when_its_message_follows() -> None:
    replies = fed(
        Assembler(),
        chunk("Hello", 0),
        server.ReplyCancelled(message_id="r1"),
        server.MessageEvent(message_id="r1", role="Assistant", text="Hello"),
    )

    assert replies == []


def test_the_final_message_does_not_repeat_a_reply() -> None:
    replies = fed(
        Assembler(),
        chunk("Hello.", 0),
        server.ReplyEnd(message_id="r1"),
        server.MessageEvent(message_id="r1", role="Assistant", text="Hello."),
    )

    assert len(replies) == 1


def test_a_reply_without_chunks_is_taken_from_its_message() -> None:
    assembler = Assembler()
    assembler.expect((ANN,))

    replies = fed(
        assembler,
        server.ReplyStart(message_id="r1"),
        server.ReplyEnd(message_id="r1"),
        server.MessageEvent(message_id="r1", role="Assistant", text="Hi Ann!"),
    )

    assert [(reply.text, reply.origins) for reply in replies] == [("Hi Ann!", (ANN,))]


def test_what_nobody_in_the_audience_asked_for_has_no_origin() -> None:
    assembler = Assembler()
    assembler.expect((ANN,))
    answered = [chunk("For Ann.", 0, "r1"), server.ReplyEnd(message_id="r1")]
    unasked = [chunk("By the way.", 0, "r2"), server.ReplyEnd(message_id="r2")]

    replies = fed(assembler, *answered, *unasked)

    assert [reply.origins for reply in replies] == [(ANN,), ()]


def test_messages_of_people_are_no_replies() -> None:
    assert fed(Assembler(), server.MessageUpdate(message_id="u", role="User", text="Hi")) == []
