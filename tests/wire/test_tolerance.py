"""What a server says is understood as far as it can be."""

from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.wire import server
from relay.wire.messages import InvalidMessage
from tests.voxta.said import SAID, of_type, spoiled


@pytest.mark.parametrize("said", SAID, ids=lambda said: said["$type"])
def test_everything_servers_are_known_to_say_is_understood_whole(said: dict[str, Any]) -> None:
    assert server.parse_server(said).left_out == ()


def test_a_field_that_does_not_fit_costs_that_field() -> None:
    message = server.parse_server(of_type("replyChunk") | {"startIndex": "three", "audioUrl": ["a"]})

    assert isinstance(message, server.ReplyChunk)
    assert (message.text, message.start_index, message.audio_url) == ("Hi there.", 0, None)
    assert message.left_out == ("startIndex", "audioUrl")


def test_an_item_without_what_it_cannot_do_without_costs_that_item() -> None:
    history = of_type("chatStarted")["messages"]
    message = server.parse_server(
        of_type("chatStarted") | {"messages": [{"text": "Who?"}, history[0], {"messageId": [1]}, None, "?"]}
    )

    assert isinstance(message, server.ChatStarted)
    assert [told.text for told in message.messages or ()] == ["Hello there."]
    assert message.left_out == ("messages[].messageId", "messages[]")


@pytest.mark.parametrize("without", ["sessionId", "chatId"])
@pytest.mark.parametrize("spoil", [lambda message, key: message.pop(key), lambda m, key: m.update({key: None})])
def test_a_message_without_what_it_cannot_do_without_is_lost_alone(without: str, spoil: Any) -> None:
    said = of_type("chatStarted")
    spoil(said, without)

    with pytest.raises(InvalidMessage, match=f"^chatStarted without {without}$"):
        server.parse_server(said)


def test_null_is_nothing_to_tell_of() -> None:
    update = server.parse_server(of_type("update") | {"text": None, "role": None})
    trigger = server.parse_server(of_type("appTrigger") | {"arguments": None})

    assert isinstance(update, server.MessageUpdate)
    assert isinstance(trigger, server.AppTrigger)
    assert (update.text, update.role, update.left_out) == ("", "", ())
    assert (trigger.arguments, trigger.left_out) == ([], ())


@pytest.mark.parametrize(("role", "name"), [("User", "User"), (3, "User"), (2, "Assistant"), (10, "Tool"), (11, "")])
def test_roles_come_as_names_or_numbers(role: Any, name: str) -> None:
    message = server.parse_server(of_type("update") | {"role": role})

    assert isinstance(message, server.MessageUpdate)
    assert message.role == name


def test_flags_come_as_objects_or_names() -> None:
    started = server.parse_server(of_type("chatStarted") | {"context": {"flags": ["live", {"name": "mood.calm"}, {}]}})
    updated = server.parse_server(of_type("contextUpdated") | {"flags": [{"name": "live", "expireIndex": 3}, 4]})

    assert isinstance(started, server.ChatStarted)
    assert started.context is not None
    assert isinstance(updated, server.ContextUpdated)
    assert [flag.name for flag in started.context.flags] == ["live", "mood.calm"]
    assert [flag.name for flag in updated.flags] == ["live"]


def test_nothing_lasts_so_long_that_it_would_hold_the_floor_for_ever() -> None:
    message = server.parse_server(of_type("speechPlaybackStart") | {"duration": 1e9})

    assert isinstance(message, server.SpeechPlaybackStarted)
    assert message.duration == 300


def test_what_does_not_fit_is_named_without_what_stood_there() -> None:
    with pytest.raises(InvalidMessage) as lost:
        server.parse_server({"$type": "action", "value": {"secret": "hunter2"}})
    read = server.parse_server(of_type("update") | {"text": {"hunter2": "hunter2"}})

    assert "hunter2" not in str(lost.value) + " ".join(read.left_out)


def test_many_odd_items_are_left_out_at_once() -> None:
    message = server.parse_server(of_type("contextUpdated") | {"flags": [0, "live"] * 5_000})

    assert isinstance(message, server.ContextUpdated)
    assert len(message.flags) == 5_000
    assert message.left_out == ("flags[]",)


@given(st.randoms(use_true_random=False))
def test_whatever_is_spoiled_is_read_or_lost_and_can_be_told_on(random: Random) -> None:
    said = spoiled(random)

    try:
        message = server.parse_server(said)
    except InvalidMessage as lost:
        assert str(lost).startswith(said["$type"])
    else:
        assert message.to_wire()["$type"] == said["$type"]
