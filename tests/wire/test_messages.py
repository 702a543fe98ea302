import pytest

from relay.wire import client, server
from relay.wire.messages import InvalidMessage, UnknownMessage


def test_the_type_is_the_first_key_on_the_wire() -> None:
    wire = client.Send(session_id="s", text="hello", do_reply=False).to_wire()

    assert next(iter(wire)) == "$type"
    assert wire["sessionId"] == "s"
    assert wire["doReply"] is False


def test_an_unknown_type_is_kept_as_it_came() -> None:
    message = server.parse_server({"$type": "holograms", "name": "x", "fields": [1]})

    assert isinstance(message, UnknownMessage)
    assert message.to_wire() == {"$type": "holograms", "name": "x", "fields": [1]}


def test_unknown_fields_are_tolerated() -> None:
    message = server.parse_server({"$type": "replyChunk", "messageId": "m", "text": "Hi.", "sparkle": True})

    assert isinstance(message, server.ReplyChunk)
    assert message.text == "Hi."


def test_of_what_is_thought_nothing_is_kept() -> None:
    message = server.parse_server({"$type": "replyThink", "messageId": "m", "text": "They want a poem."})

    assert isinstance(message, server.ReplyThink)
    assert message.to_wire() == {"$type": "replyThink", "messageId": "m", "text": ""}


def test_a_wrong_field_is_named() -> None:
    with pytest.raises(InvalidMessage, match=r"send: sessionId: Field required; text: Input should be"):
        client.parse_client({"$type": "send", "text": 4})


def test_characters_are_found_in_either_place() -> None:
    apex = {"id": "1", "name": "Apex"}
    in_context = server.parse_server(
        {"$type": "chatStarted", "sessionId": "s", "chatId": "c", "context": {"characters": [apex]}}
    )
    beside = server.parse_server({"$type": "chatStarted", "sessionId": "s", "chatId": "c", "characters": [apex]})

    assert isinstance(in_context, server.ChatStarted)
    assert isinstance(beside, server.ChatStarted)
    assert [p.name for p in in_context.people] == [p.name for p in beside.people] == ["Apex"]


def test_a_context_may_call_its_text_content() -> None:
    message = client.parse_client(
        {"$type": "updateContext", "sessionId": "s", "contextKey": "k", "contexts": [{"content": "Rain."}]}
    )

    assert message.to_wire()["contexts"] == [{"text": "Rain."}]
