"""A call is taken when something shows it, refused when an error says so, in doubt when nobody can tell any more."""

import asyncio

import pytest

from relay.errors import VoxtaError, VoxtaForbidden, VoxtaUnavailable
from relay.voxta.calls import TRUST, Calls
from relay.wire import server
from relay.wire.messages import WireMessage
from tests.support import PATIENCE

HELLO = server.MessageUpdate(message_id="m", text="hello")


async def answered() -> None:
    """Voxta has queued it."""


def is_hello(message: WireMessage) -> bool:
    return isinstance(message, server.MessageUpdate) and message.text == "hello"


async def after_the_answer(*heard: WireMessage) -> None:
    """Make a call, and hear these once it was answered."""
    calls = Calls()
    with pytest.MonkeyPatch.context() as patience:
        patience.setattr("relay.voxta.calls.PATIENCE", 3600.0)
        making = asyncio.create_task(calls.make("send", answered, is_hello))
        await asyncio.sleep(0.01)
        assert not making.done(), "it waits for what becomes of it"
        for message in heard:
            calls.on_message(message)
        async with asyncio.timeout(PATIENCE):
            await making


async def test_what_shows_a_call_ends_the_waiting() -> None:
    await after_the_answer(server.MessageUpdate(message_id="n", text="hi"), HELLO)


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (server.ErrorMessage(message="No such thing."), VoxtaError),
        (server.ChatSessionError(message="Forbidden: 'send' needs the scope role:user."), VoxtaForbidden),
        (server.ChatSessionError(message="Nope.", code=403), VoxtaForbidden),
        (server.ErrorMessage(message="You do not have permission."), VoxtaForbidden),
    ],
)
async def test_an_error_after_the_answer_refuses_a_call(error: WireMessage, kind: type[VoxtaError]) -> None:
    with pytest.raises(VoxtaError) as refused:
        await after_the_answer(error)

    assert type(refused.value) is kind


async def test_an_error_after_what_shows_a_call_does_not_concern_it() -> None:
    await after_the_answer(HELLO, server.ErrorMessage(message="Too late."))


async def test_a_cut_before_anything_shows_leaves_a_call_in_doubt() -> None:
    calls = Calls()
    making = asyncio.create_task(calls.make("send", answered, is_hello))
    await asyncio.sleep(0.01)
    calls.cut_off()

    with pytest.raises(VoxtaUnavailable):
        await making


async def test_where_nothing_comes_a_call_was_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("relay.voxta.calls.PATIENCE", 0.01)

    await Calls().make("send", answered, is_hello)


async def test_an_error_between_two_calls_refuses_neither() -> None:
    calls = Calls()
    await calls.make("send", answered)
    calls.on_message(server.ErrorMessage(message="Whose is it?"))

    await calls.make("send", answered)


async def test_what_was_taken_again_and_again_is_not_waited_for_until_it_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    calls = Calls()
    for _ in range(TRUST):
        await calls.make("script event", answered)
    monkeypatch.setattr("relay.voxta.calls.SHORT_PATIENCE", 3600.0)

    async with asyncio.timeout(PATIENCE):
        await calls.make("script event", answered)

    async def refused() -> None:
        calls.on_message(server.ErrorMessage(message="No such thing."))

    with pytest.raises(VoxtaError):
        await calls.make("script event", refused)
    waiting = asyncio.create_task(calls.make("script event", answered))
    await asyncio.sleep(0.01)
    assert not waiting.done(), "a refusal may come late again"
    waiting.cancel()
